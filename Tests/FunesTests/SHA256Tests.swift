// SPDX-License-Identifier: Apache-2.0
// SHA-256 against the examples of FIPS 180-4.

import Funes
import Testing

@Suite struct SHA256Tests {
  private func hex(_ bytes: [UInt8], cutAt cut: Int? = nil) -> String {
    var sha = SHA256()
    sha.update(bytes.span.extracting(..<(cut ?? bytes.count)))
    sha.update(bytes.span.extracting((cut ?? bytes.count)...))
    let digest = sha.finish()
    return (0..<32).map { index in
      let digits = String(digest[index], radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func digestsAreThoseOfTheStandard(message: String, digest: String) {
    #expect(hex(Array(message.utf8)) == digest)
  }

  @Test func aMillionLettersGiveTheDigestOfTheStandard() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(hex(bytes) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func whereTheMessageIsCutMakesNoDifference() {
    let bytes = (0..<200).map { UInt8($0) }
    let whole = hex(bytes)
    for cut in 0...200 { #expect(hex(bytes, cutAt: cut) == whole) }
  }
}
