// SPDX-License-Identifier: Apache-2.0
// Small files as PyTorch 2.13 writes them, packed, so that the readers are held against the real writer everywhere.

import Foundation
import Testing

@testable import FunesConvert

/// A file that PyTorch wrote.
///
/// The states were made by
///
///     m = torch.arange(12, dtype=torch.float32).reshape(3, 4)
///     torch.save({'t': m.t(), 'row': m[1], 'half': torch.tensor([1.5, -2.], dtype=torch.float16),
///       'brain': torch.tensor([1.5], dtype=torch.bfloat16), 'u16': torch.tensor([65535], dtype=torch.uint16),
///       'flag': torch.tensor([True, False]), 'scalar': torch.tensor(-3), 'empty': torch.zeros(0, 2),
///       'expanded': torch.tensor([[5.]]).expand(2, 3), 'np': np.asfortranarray(np.arange(4.).reshape(2, 2)),
///       'step': np.float64(0.25), 'n': np.int32(9), 'list': [torch.ones(1), {'x': 2}], 3: torch.zeros(1),
///       'name': 'é', 'param': torch.nn.Parameter(torch.ones(1)), 'size': torch.Size([2, 3]),
///       'device': torch.device('cpu'), 'dtype': torch.float32}, file, …)
///
/// and the modules by saving whole a class with `fc = torch.nn.Linear(2, 1)`, weights 1 and 2, and a buffer `k` of 7.
struct TorchSample: Sendable, CustomTestStringConvertible {
  var name: String
  /// The size of the file before it was packed.
  var byteCount: Int
  /// The file, deflated, in base64.
  var packed: String

  var testDescription: String { name }

  var file: [UInt8] {
    guard let data = Data(base64Encoded: packed),
      case .complete(let file) = Inflate.unpack(Array(data), limit: byteCount)
    else { return [] }
    return file
  }
}

extension TorchSample {
  static let state = [
    TorchSample(
      name: "zip, protocol 2", byteCount: 4802,
      packed: """
        pVjbcxNVGN+k6YUFSovVCiJS8JIqhNyTQqElQkQWS1kEYxXDZrNtFjabfJuT0qLVKiZtFRUR78pFfXHGB998cxj5C3DE4UFHZ3zRJ198cRyn\
        nksadjctlebMnN1sc36Xc853vm/TQaHBxXEtLVxNa+NWc5IhZ9RRZWtaQpInf0KLx1q5IUubdE4A5044MACBQ0Y5jPAki0jVCnzSUFJFVUsn\
        kaIXckZy1M+D0+1ONOPBBTxSGlGggUH4uJaT0CH2Rx5clNALjYkGfJfzRWgSViBoPihwgktoKEOL4BBcZVg2I8s5TVNkpOb0An/ASCuGkt6t\
        yogHvluE5QhWiLCSshi5k9CawfqZhowr05ihjKsOYj5XCdoERwnaZzIEtBrBHSJ0JPC6cBlJG4Y7GaridC/+U9XoXdSoDzoxnRPB3cSgswRr\
        CN1aRncPgnUi3JtoxANThqTqsN7CF6NT94WrnPdRTj9swJwOBF2EE9NtJJdNjPN+BA+I8CCdV9EXhocWWfgAD+6bkp7K4vOHdTSeV9JV5W6q\
        HICH2WweqShvJpctTNlTcV1UdeyZh60IvCL46GINa9II+K2Ty+W0Kn2A0gchyOhDlcUKE/oIo48i6BFhW6KJhIgsaZIB2y2E+3P6SJWwlxKG\
        YAdbqZ2YsLubEfUh6BdhF111JZtH4xCb23sKCsOjGIRjdjdxgX2UYY/gFBxliDOCxxDsFeHxBDkZylhe0tNKGvZZOCIgMOH9dCYkLp8gZGUY\
        YBwHEAyKcDDhxIP1PIiyXszmxz1JOWconmxRQ6pkGNI42S8Zxy8yiiRwD7FhvJ5m38KTAleCwzKGpRW5wCs6+cDDEWoiBU/R1dIkpOo+SJTh\
        aRGGpuAZEZ5141PiJFM7WqFMk/3m4TnqaDgKyZnpKTgmguQWGihbL6QGBgb2zeJGL2SF5NR05kiiqzZD9LPb1a/72IeWfkhnsAFFhGEEIyka\
        FAWk5CGz0MzZHvOgZiSssaxKffVsHxwnXCdE0MqQFUGn/nTIZdQM868GIU/8gwgG9p+pdV5IYVJighADInxFEUbLcFKEMfqFphYQjB+FU27L\
        zkbhebazL1SOwAS5vMh29SUEkyK8PAGv0LFjcFpwFhRswMzQA68yhlKFoUwuU4xhGsGMCK9RB7qUVeB1OqGrX8IZGrB5yZCy8MYCh5p+qyAF\
        L9ubVU2C93nhLSZ6tiL6NrmcY6LvIDgvwrvT9OG9KXhfhA/YDqmnFPiwcr4O4QcePmLR/HEJPhHhUxpfaWVUlRW4UBnHHnm4WM3Ql0pwWYTP\
        6ARonMHnlbHDJMEFcPL/ougZFJpb/pr5+YYXc5I+uGD96eSWV+uPZzhnZCWUHFWMAs708VjzXBnyEcJv/vzpNFl00hcmXMtFbhJWUmBS0tQR\
        PavoKB4L2Erb/2rhIDHQdxL+IDvgvKWBdq6vaiA1jpQcKVfx2Pal6M41TUVIU4iH0o7f1pCNarqlh1Zup6Wqb/XGY9vqMMBYJ/tYOujHfRL3\
        S7hfwf1XkiJ24XcJ3Dfg7t1FnI5NDO/0kvq+iNMOq1NfPNZW4xRP5wrhDF+/fp4Es2sRzn4rpz8e661n+Yeu9BH1M7/v6V18/1u5mFU9EI/t\
        rEt9aGh2luhz3OzsEvSD9es7OKL/7abvEkvQD9Wv/+8sa8SFdEOSiWxL1QU3r4teq4twPBZdsovbiN/IvPGLzwrxrmy8+PcS4jdab/ySs0v0\
        jx+//NUS9Hvq1+doBK37ZXfX4vqrTBmU5QRvnfnz9uZv1q/Worr0AzxRv3Zh5PDi52c9579ZwOj0C4qh4gp2SiK/f5JqOh7z3KYZX6QnHA36\
        Q9GoPxj2BkLBnoDf6/WFQr5IJOwPBqI+X8QbiQaIy3RX5z9u7MNNXTqc9J2v4tNc09tqnNt/R9rR5gLeaUFONnELvQXYScxFeK2F5JqZpKby\
        23nMhbTdwiM2c7UF3A43V7dWC/zHZs5We+1YcxWzYidbbFifHWuuQVbsD3as34411w8rVlxmwwbsWHPut2K/t2ODdqw5Y9t0eRs2NIedP6eb\
        2w07NmzXNWdbK7Z/uQ0bsWPNmcKKPW/HRu1Yc5azYjtW2LA9t9JdZdW1Y301gWVOMFZwx0rOntLsYPO5X28BnzOB589Ig0JT0+a5/NWwxfQu\
        bL27XewerSwLxpF/E3HHVrNn9mrf2MQw7XQ8G/sf
        """),
    TorchSample(
      name: "zip, protocol 5", byteCount: 4482,
      packed: """
        pVhNbBtFFJ5drx3nh/yBqKhQFeDiSNT179ouIU63xUIYhZBSCUVC1sZeZ7dde816nSaVIkWCpI20F8hQceLniMQNpHJAKIIDV5BaiQMSSFzg\
        BDfggMybXf/MjhNbiUcaz9o73/u+efPmvUlW8j4BoWAQ9bRpNItks6hqm8qlkmzJ4dotPSdNojVP2/V/8LXgAnZwyOYsbE9YBsDChYal6XVs\
        zxZMZb2h6aWCpVTrhlnYjOFDHArZI3WYKG8o2PY7CEDmdEO2rrd+PsQ2F8G2r1hr4PyEhV/Po7yQ9+3jPJcX9vGBPV40dF0pWppRBZ7x18yS\
        Yiqla1rRAuz8KrbwKsBN4zZWhVBI9atBdVQdc00JeWEPDO3hA3W6PVVQZb3cnhuwx1+Gr7SYKAY07wrhe9D+dVPWql34lOSsJirSJmLEBOea\
        4HpM+BpREav8MS6LOy5T/fZjrnM7rpu8UbW2a0qJJolTOj0kHUcHGloVlMFsd+FlXd6gFi4Zhk4bTPRdeKBelHXZpPCvGtUNGp/srnp+nnaZ\
        UqlZ253dsTmRTEQuEVDBVvN5bp8mCypbNblaUkoUKkU5lXcCBNAeFF+tYfvxaqNS2w4XioaphOFZMbUihE2hbBqV9Ua5rJjEyffn0LFtyR3+\
        yrpjcAnkOwZhLJEtICvly2l8cO8uUIbyPptbwMvLy680oTkfZGXroBDWZXO5luvrlgLanqS1VRq6pcmmKW93nXuI1VtXW6f0hyzeJ1gOoq2h\
        qjavJbqsqt7LeVUYBZgLEnStbuG3cKjrv3S/oNwBni3Yh7oCtjuQTN84FqpyBWKT/+4zcE5NNuWKN6qdnxTLcXjHJh+N9DN6z3m66/pMu6Ng\
        CDThOnk4xO6u7znBWFI2taLztv142MohzvvWXqmX7ZEyOZ5xkowa4ZX8SPAL6Uv/95DLSF85MS2eQ4lOWgyXDbMiW4VNxaxDEspJESY7Dm5R\
        wvzgz5/f4cA26Sczn0epLnMrARRkXduoVpSqlZPipyaHJiaIgOztt//ggYLvK2AGZTsC1rctxSAJNye9cBbedtM1y9IVomHvxd+eCgBLoK+G\
        SbToqUqXIjnp8hACXKu7WfeEL0Hfhf4J9CPov5JTfwVqIfQ56JErROnWTnkxAi8iA5Q+4VUazUnTPUphOUfEpvjoESZ1VBhgc8lrM5aTFoZx\
        /9pRlrDbv7+0MHj/J5HkZY/npMWh2NfWmk3Cj1CzeQb+xPD8HCL83zz37Ztn4E8Oz/9f021EhfyTXCS0wY4KdKyKBa8KMSelz6ziFPGbOjZ+\
        4awQ7cqzH/97hvhNDxu/5OwS/ps3P/38DPyZ4fmRE0FP/3LtmcH8U1QGdXNCZMj8ebr10/ydojUUf3yMsP/40caNwefnAop1C5iz/DrcwaCC\
        3ZHJHb6glXJS+JRioqmMmE7Ekul0LCFG4slEJh6LislELCPGRTGWiSXSqXQqkyIqL7771d8h0BFyVHK8c49r6aSL/3SPcvbvIBZNF/Bz3uuC\
        H510XWCN0EX4vMfIe7SRnsrP2qEL6YzHzmwA9RZwFk5Xt0kP/H4AMbWXxdJVzItdGmGwURZL1yAvFrPYGIul64cXOxtksHEWS+d+L/Z9Fptg\
        sXTGZnhHGWyyjT0+p9PtQxYrsrx0tvVi0RiDTbFYOlN4sW+w2DSLpbOcF/uQxWb68U55ecfZ2OgJLDrBeMEPKfAJB4s+9xc84NUJNCAjreQD\
        gefb+ct3kboLe8dQ658g/0y4I+BGyDjXmuBe7f0BFzPjzHfn/g8=
        """),
    TorchSample(
      name: "before zip, protocol 2", byteCount: 2303,
      packed: """
        hZVpc9tEGMdt2WkS9aDclLPldDhMZDuOA6VJSimlatN2S6k4ipHlTaSiSP7L67QpBMJhJylXua8C5ZqBd3yEzvSL8JaPwAxM2ENxk1YZ5Nm1\
        tFr9nv+zz7PPzmtndf+f83v/3n7yt8Pb8vPawb8yvJ9DKmdtTaVSjShkoRP61RkaNb0wQJpPsDbzN77HmE+rNKh7dgBt0dL5IJtt0GrTO0Ob\
        yMwhm7N6+GDTDSOGHlOzMvzJCxg2mFkrKxhhMIVeM9tqrdhMCwjSDgsjx81XW8zzm3o1orWW59erjAbNMKrOFHRouZzVK+B8pj1FkVGf6Hv9\
        0GZH1aCOrLWFzxkpGSOFocrwsFEwSiX0SB1Oo8V1bJpg6D1ipsysmemgz0yb2Q76lxzusk8dxj1u6oeiOo1ofY/nMB36AMFGhk0EmyUmCk9h\
        i8vVuBk30do1rrKy9Qi3kW3jWjPdxnVLrgBdz3ADwY1yLVzbn8RNihT7so8PdV25eRV80DBKI0PlCm7hcI3DtwkXtDZuFfDbFPx2hjsI7pQh\
        qEW2F+CuNfTdcqmMctfC9rXyC8XBSgU7uIU0t3C3sMDh94juXmXhPob7CR6Q69Ayysj9T9iKOgYuC8jHodOPBSJt6l0dD16pg//wUOzpw7GO\
        R0SXVzoejT1q8dwyyjoGGQyCglzWSd+eQnGt42Hod42VrjBWKgyVMRQbK8fLOiyMVZSxEYbHCB63Nojkc2zfjrBzDf4AT+ou/om1+KIhfNkV\
        r+koxw8MKOwYwzjBbhktOt1gs3gyOasKpSIP/B6OSHHEU0Ih19jBXlMz0x08rXD7GJ4h2G/1Cdzphh3UaR1mMrEofT4QizoofRa7YUKgOzik\
        iIcZjhAQS+OfBg0cdYLWdGM2X3XCiOanWz7z7CiyZ0XUHb5rWNQS2+VZNU0P6uotjpmpNp5z+Gd16jR1GogbHcflzq/Bkuvq28wLDDzfwQsE\
        Ly7gJYITOb43NeHoyzGyLrJGR1UqmqzglaXFBdgEtZyZkbSdcCYmJvYv80t2Jq8s9dqie9zakbrqGlN/l/4YVTd9Y6AuFzBJMMXg1mQyNRlt\
        wFvPc5UNOk66NW6jv4u+dG4UrwqWTzDdQUAQSn0BGu5JV+n3SoDQHxE0uX73auVMQIUIAUZL8GYITnVwmmBWVVOvyXDmBF7LrRPn4XK5hNfj\
        OM/FG+kN0b2pYjzP8BbB23N4Rwo8jXdNrUm5nGRexTAKaMe8TsxbEN2i4i0xnCV4T6oL7GmK96Wzl37HBzLRG3ZkT+PDdcqGfEsZ5Uv60ToK\
        RniRxblYwcexgk9E96lS8BnD5wRfLMqHLxfwFcHXKpT8kMI38ZY9yh90fKvS/nwb3xF8LxOxTmc8h+KHeJ561HGhe4L82MZPBD9Lb2RC4pd4\
        7qSorkV+Uv0qDrcT4nBLKODppCNDSyrEmaSqmE2qXj1JBWNDUiHqTSoEfUlZ058Uej0pGhtpXlvJ/F2pi5vW7LL5UbXVxnib5+0Cbxd5+1Ns\
        v/FUaitv23kbHE/HX1wcXaEtL6/cpbu8lbt/l9V1+c2FsfQqq+lVGlaP/wc=
        """),
    TorchSample(
      name: "before zip, protocol 4", byteCount: 1901,
      packed: """
        hVTLbtNAFI0dpy19UbFAYtdluonqJE1TgegLVQhDgVZIbFDk2JPayLGt8bg0SJWySZqi2eV2x6JL+ItK/ACfwJYdWyRQuX61CTbF0cTjmbnn\
        3MeZ25XO5nLR82Ha+vVx5+fi208v7pW60pkUrz/7ng8+X8efx1DkCy51mKM5VuOQUM90bMBDfM4yGbNIg9i6qdow4NOs45KGZ74nHgRmBc9w\
        KANF5HnTxrfEJcuxD3Di+wGFVrimEBjwWeZQzSg1fGZaHvA7DUqavmnpDUZsz6GNwzIMoVjkkx4eVA8I8EJogZY7lqOy/Xh5CHx+rSqvlVfq\
        q6tyWa5Wgec11wdldpfBSyWnSEq+D4qgSH045TMYmEU0hnEh68xzqhNK9EemxhBpaQ8Y7KE9dd6BIRWLRsGYSsEb0zG0pEg9BO7BqbGQmEqG\
        arUS2wk+8xg/064uy3J1baVWD7DE2E0xhVVoUtW0r8Fub4WRy7XM2MuV5XoIKMSAQgow78s1MMSMZFfCZBsFPheV5Srp86/soND6PyjxNxrD\
        GOVVwSZ8VAQyD+MUtSz1YCRFW45jZcNXyyu1m1M04WmqpdIRtKcouky0ihw7G+dnaWk01aTtsk5WzcvVSlSnXOwEuoFyEhWhP+rIFDlyVVsn\
        ehZGJQkkKY0YShKxxjBE2wV+1/bbbqfU0BxKSm3fYqZKqdpB2WPRNFQto34oVl4ITwKftPXoyBAhe7AtNOEE4YooeTHw1Wjxgh4UMTASW3U4\
        HUT7eS48gN3d3SeX+IR/So5Bc7C9mBt/NqLXj/XoPbWB/ja55DHigqFdFWEIBt2eis58XYd+EJOA+u0YDhfN6jWv4aVZt6VbaBYZSZbpMXgD\
        xaxcrtZq1RtlfoysR1ghjyBTBkBdlss33xPJVtuoffHLZ8yyq1K1PX5rwiXCSBhyBsPa6n8YBuHsJOQKWiigcqX9YDKESBy9UN06OTS1cDeZ\
        DuPuFu7HZTXu88lW0BkqQc8Mu+1FXDnMYarnpPvl300kdcVTlzJ1QVIXLSX/VA1TNUmlkJTERIIPcxezY5rsrkfC3MDRxXGO4wLHt0Csm7nc\
        Ao5FHMubQmxxsZ6gXV4mM+EKL5n9voye653zDWGEVRjxYXT9Dw==
        """),
  ]

  static let modules = [
    TorchSample(
      name: "zip", byteCount: 2977,
      packed: """
        pVZtb9tUFHbSNk3drW+jK+tGeR2ksKVJmibp3lLCyACXrs1eMINxcRIn16pr59jXrYZUaQh1a38BXxDfED+B3zGEEEh8QUggPvEJiY/clyS1\
        3bXV2is5ju85zznPvfc5x15WenolKR6X9owRaUzSnBo21vWZuka0ZGvVLJeGpHuB8TBaQ2hNMyyE5CWdyCBNfwmRTYgmVBaTONRkWE3o2VYH\
        6TNqaY62phPdcaF3E/q4E6p6jQabiW1CvxqhM6sQrxGbJk8ijximKyNHr3qGWUdEt1zbQesZGQYSCbWfOrvUU2vqIAuIvGhbzVtiToZBHi8F\
        J9Qeeq+1PDipRAgMrSiSEtmCYfYzslOr2aap14hhW65806nrjl6/btTockanKzBG4FQFnnPVs4ysZVuoRdkaLuVCOtyRqxMYp3vBaBK+HS7b\
        jtP3YWILnq/AGfUUX6pWW93QnDpqOTrCtr3qwiRmSc6qwwG7sJ3jthfU08xmuKjhmWbQB6aW1CFmbdiOD/giB76kTu4xoQ2DYMQCNF14mbu9\
        op7b66aZG9oDF9U0ujN1eJU7vqaO+R1313Cem19Xp55qDqR8g7sm1FHm6hKN6KhOt7odaJpb31THQ9bdVG9xjwtiZaat1Z/udpG7JcWZ7XGz\
        3U7CGe6XEkJcs+ueqbuQ3oSMGqUzjRrMtpVoWcm2OWkalq458qK4QZZKfm4Tcgncs42pqvMJNUaxG7rRxAQK+yi5WwkyzGOqZdzRb5myJV0B\
        X+ICTsNlfFKJErjChatEH8FVJapEHsG1Hb6AIoGFCry9zR9Kj+GdClxXaWVLVUNz4V3cToFFuAyUMa+DG+06eI/9vC9CfUBAqcCiCPXhY1iq\
        wE0P09pcxuOY6nllCyoVuIWFbm9jodE7eGoJC9XdxUJWH2GhGhULeXyMxdnfw+KUP8HiLD/F4rDuY3EYn2G6/4j3C1pIDV0jnkMP5XMlqp6g\
        c7ZHdic1JeJVXa+aXFb647dH/jy/QxfNruV9G9uElOk2tiTV6ppG0DoraNsql5Kh/nbYSLO8P/zz21dsW9m1f95JKb+bt920aJUZTWuNNpJy\
        afYZU/ORyzICxQ34m8k1eiCBUanYJVB9QHSbNbpy6fJR8naGaRBi6ozD1tU/zjDZxw7kMCRdC7xVZlLl0qVjEOhvx2UMWj//ZbOU8UMYXAky\
        SJdLhSMzkKSHRRp0geVf/66YPEL+zPHyL/DcO09+/56Ve++BuYd9CuhK/ljnPyuz7E++bd45XH9T/sLjS3d1x6AV8IXG3rzIqD97/aUK2fls\
        oVDI5udzc6lsIT87l0rncvn5QiaXzWcLmRT9k5vlZfrv1/I3CcojwVlGGNkuT3/rGNnDPPwdFEb7G8BEAPlrr7RfswkH8RfxZCDISp90QOcI\
        x/EX4mggzo++ON0GEIb7q2goAL8bk0K1G8b6KyCI/SWMTYexfgUHsewrL1gxYaxff8MB7E8+7D777pfFVABciUuHCHZZicUudOTdc7GLHAjd\
        b0TF/b94p13FeOcqDopn8eboiwnMAPcXvv8D
        """),
    TorchSample(
      name: "before zip", byteCount: 5245,
      packed: """
        lVhbd9vGEZboa5E4iZMmrZ002TJtDToQeJEtyYyl2ImjxqUt2bTTopUVEAQXAioQwGIXklUdnuM+OHH6G/oD+tf60vee04fO7IIkIFI+LR9A\
        YGf2m9m57ey+qPxNC//z981/kz//49EV80Xl4T/PwHPEFnTrnYWFhSSNRezGoX1AUx7EEVsEBusSUMJAiJDaNBoETsQqrywNBsVRQm0e/IVy\
        dmbEzurWORjkfpwKdq5Tsc7AVxAJdr5z1jqLGHG0xy50zmYZyNSt8zA0jAdZSNmCa9tDJ4hsW9uiQmOL1ltArIthUvee1/doZCZHrGL9Cwbd\
        0OGcAJcu4tT1zSgyH0qQWlsj8BtQj9h2EAXCtnWeD+KPZwlN9Zo5IdY+J9z03PUJzoMgok6qt4ymJKV0L+CCpnY/8zyYem3/mqF4BY14nOo7\
        q7u12gT/MBA+ybFiey91BnqtLSWYhzTY84XpxsmRrZchdpqm0TJ3AUhpY/YDB/6DMLT15ZrGzgh29nHtr+zciJ3XrYto9BQMFaAlX1lvwLed\
        OKkzpKAoZxdH7CeSKdeZM23E3rAWYWSfvekq0XYmgpBrdkr7WRAObKWKfdDS2CVdty6gD4HT2aPsLTVFewCee6LGNPa2dM6tG81brZtrq2uN\
        1o2VG+wd6W03ydjlzuKWYO8+7ix0Fl+y9/Dx0x9dCKqQugJiimvb6YCmdHAvcMHV79e67APBftZlP+fWh6h6FEd2gvEHxo/EeCU2p4JdgThB\
        pYUMFY6hcnWXffiSfdRlv7Dekwt33P1DJx3YSUptP473OfvYRyGfWG+X6IpGJO2X1gdIC7jtZWD5Eg+rbskF216cFiZ+Kif+yro6Q7IxEmwE\
        2OPs15LtN9ZHs2xOeOgccdt1wDIDdk0y6ta7RcbpGmqSfN36eC65JPIzyWpYl5GVC0dQewCmzoGWJNW03j9BnYqqS46GWlkYO4P5bE3J1lI+\
        m2GL+VjgsuS7ocJS5TtnN0dsxarAiOeyVd1fcCdJmHOYoUxGTeWkxtasL7EiHMbpfv2ARgf1MOjXkyPhx9Gy2WzWeSDoUgJ+gxDldYlWj6J6\
        jlZXaFhFblk7l8ZVJE/4Uv1Iq9Xq3SQJA8qJExHH84CJqPkEci/iYP2hg5EM2U6ET0kQufEQMpIMHOG0SRuofrt3RNbJ87vfPSWfkX7P1CT4\
        Uz/gROmE9SiBSslJO6Veu/dUZuEmGFIst24Lb7llQx44Q8gEujGevx0Rl6YCCgDpbn81hGJ3ELiUG+TQpxHJOCrhIURzBbRKMkAXBZGHUFaA\
        i+YiBwFmFuQYAa+6ARb8217SXEHBw6DVaGz0CCyWjNMhV+IuBNm0rEImetQRWUo5VDvYC0jsEeq4vlKAcFhCSCfscSZO4wfSnAlYD9vkvkcg\
        29Hgvd6mE3La6xnS9qFzRFO1sCgWJAQvRdJvg0EgggMq55sTNPzdo56ThaINUE/TDJDUsp74TkKn61oi91H/iTv16wb5xn4m6HNxHESjWg9t\
        ntIx+XqPDCkEB8g+IlE27INWsVeQOwiG4GGsfxgvYTZAX0GpozBjMEYpCIDoGb8/m1hs1DMLCm5Lg83VEGw5VREKDOmDZZW9uJjqUtDPAUZk\
        APPDA21BHJ6HN7pljpYoZKImfJT1VLEiRBqAbFqIGLUbtpU66C+nj7EpRzlGAxLyiIUvqUvJgeP1zhNszLNarWdC6lFy4IQZpnVaxsN+IHBC\
        iMUB8dJ4OBbwDP+gPB9/O9KXnnGWiuN9FJC/1XqGMvA85fbRMF7quMfN0fEclUa9ExFOTtgDR08xxmsNUOuVox1/kD1tBzzR7iFqj0BFGMe+\
        yqKpYWaMMQP2vxpnjm3+P/vIqV8/l+WAt9vaBGpjY4MMYX6hZWsYZLlRK3GosF3PWzIo3INIb7bWDNI6wZjXnXUy1OWcMjVJoYXVFY+J9Uov\
        9HwK+wmO7kjs5cauosIuohS2bRdyXjiR4LYNQnaqhYpZNUi1WBGru9pMTQXx2mzlHI+Ok0ltH9psCzztf2noGfPLNoAZp1ToEklFaj+OQ1gI\
        xs+UpHai9S0oaIVBPCAUxmpkaYPg57QYeA5u/Ud57wKwx1UFVW3nmGAiiYMD+D96TUdfWqxZWCMAF77KbMUFA1/xs8yobA0sj8Ydt14KbxUN\
        dJiII10vwhhF4TWDXL9eXvZU7+lb4ClzlyRINWRlKCpRlFsWOyNoik9hE50DPjn0TE4VehUFQqSi405YGIRQUTiAgAcmEThDwxlzIgAzZfze\
        xTmcTCdB78GhEGGv5dMgnVYn1YBlSIRmqNcbx0CvUP6KyJ+SJ1QI3HOddSxR+s0aTtx3Auzc7CwKsK3DyjjZBB0+FYcTsccu4OVT9CVoPhGw\
        7OI5gzWTbEI3NaDQv4XgHE5pAc4XIuHten0PpGR9OCsOsb2Vfez4P+AcqnT95mqzcUsrbl7miWXYeiFeDVgx1lwzX3YpxKYBBSvHBqrsG5Wh\
        EdjWILbMIRCGJxY3C7HXVzQbaqt8heArSq6VcPpxBi3EOmmSOpnqoxBqqIt6JRukIYOTNGY2abO8PtTbIEsS2FD4hfjLD0mS1VC7wbhMyihU\
        r6fEYRapQMhBICI5nx9YKQXvRmQzP7CoLcQgJQdMtC2oBzte6sAZPEmnicHFafooIaiRnEdwHuRKJFQelPqE1+rpFbef9eOTdRJ28GIFyRmK\
        Q8CBK8kpJ0NnVNVYW7DP8cri9oit6/6FV/7FEdtQ1z3KIOyLU24iJnmvsTv+JV33x/cP8lg0uYC4W7qAWF1ZWbu1wr70L3cqW4J9JS8eOpXv\
        2b1OpbP4Pfv6R3kA3RTst132zSv5cf8H9rsu68hbKVwCe+DnAv0T4KuNxlqDPfTVrcZWfquxjY9HCvixYN0ue6KAn/7Avu2y32e+NmJ/8K/4\
        V3eZ9ZL9scv+5KtbiB1f3Tg886tbvrpD2PXVJcF3vroDsH112O/56iTv+OrM3vfVydz11dF74KujNfXhNO3Ju6CCJ9lep2K9CWNF5zG/s5j1\
        OdSXF5VdvPSbY8jFeQaozLvzOUNNPMKr34sv4HFncfJ9Z/J+If//Lw==
        """),
  ]
}
