// SPDX-License-Identifier: Apache-2.0
// SHA-256, for the fingerprint of a model: made by the converter over what it writes, made again where a file's
// origin matters. Allocates nothing.

/// A running SHA-256 (FIPS 180-4, section 6.2): `update` as often as there is data, then `finish`.
///
/// Not a secret-keeping tool: it takes no care to hide what it hashes.
public struct SHA256: Sendable {
  /// 32 bytes, the most significant first.
  public typealias Digest = InlineArray<32, UInt8>

  /// H(i): the working hash.
  private var hash: InlineArray<8, UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// The block that is being filled.
  private var block = InlineArray<64, UInt8>(repeating: 0)
  private var filled = 0
  /// Bytes so far, in two halves: widening to 64 bits calls generic code that allocates on 32-bit Embedded targets.
  private var (lowCount, highCount): (UInt32, UInt32) = (0, 0)

  public init() {}

  /// The digest of `bytes`.
  public static func digest(of bytes: Span<UInt8>) -> Digest {
    var sha = SHA256()
    sha.update(bytes)
    return sha.finish()
  }

  /// Takes more data; where it is cut makes no difference.
  public mutating func update(_ bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { update(unsafe: $0) }
  }

  private mutating func update(unsafe bytes: UnsafeBufferPointer<UInt8>) {
    let (sum, isCarried) = lowCount.addingReportingOverflow(UInt32(truncatingIfNeeded: bytes.count))
    lowCount = sum
    highCount &+= UInt32(truncatingIfNeeded: bytes.count >> 32) &+ (isCarried ? 1 : 0)
    var index = 0
    while index < bytes.count {
      if filled == 0, bytes.count - index >= 64 {
        compress { bytes[index &+ $0] }
        index += 64
      } else {
        block[filled] = bytes[index]
        filled += 1
        index += 1
        if filled == 64 { compressBlock() }
      }
    }
  }

  /// Ends the message and returns its digest; the value must not be used afterwards.
  public mutating func finish() -> Digest {
    // Padding: one bit, zeros, the message's length in bits as a big-endian 64-bit number.
    let bits = (high: highCount &<< 3 | lowCount &>> 29, low: lowCount &<< 3)
    block[filled] = 0x80
    filled += 1
    if filled > 56 {
      while filled < 64 { appendZero() }
      compressBlock()
    }
    while filled < 56 { appendZero() }
    for byte in 0..<4 {
      let shift = UInt32(24 - 8 * byte)
      block[56 + byte] = UInt8(truncatingIfNeeded: bits.high &>> shift)
      block[60 + byte] = UInt8(truncatingIfNeeded: bits.low &>> shift)
    }
    compressBlock()
    var digest = Digest(repeating: 0)
    for byte in 0..<32 { digest[byte] = UInt8(truncatingIfNeeded: hash[byte / 4] >> UInt32(24 - 8 * (byte % 4))) }
    return digest
  }

  private mutating func appendZero() {
    block[filled] = 0
    filled += 1
  }

  private mutating func compressBlock() {
    let bytes = block
    filled = 0
    compress { bytes[$0] }
  }

  /// One block of 64 bytes; `byte` gives each. The message schedule W keeps its last 16 words only.
  @inline(__always)
  private mutating func compress(_ byte: (Int) -> UInt8) {
    var schedule = InlineArray<16, UInt32>(repeating: 0)
    for word in 0..<16 {
      let first = word &* 4
      schedule[word] =
        UInt32(byte(first)) << 24 | UInt32(byte(first &+ 1)) << 16 | UInt32(byte(first &+ 2)) << 8
        | UInt32(byte(first &+ 3))
    }
    var (a, b, c, d) = (hash[0], hash[1], hash[2], hash[3])
    var (e, f, g, h) = (hash[4], hash[5], hash[6], hash[7])
    for round in 0..<64 {
      if round >= 16 {
        let w15 = schedule[(round &+ 1) & 15]
        let w2 = schedule[(round &+ 14) & 15]
        let sigma0 = rotate(w15, 7) ^ rotate(w15, 18) ^ w15 &>> 3
        let sigma1 = rotate(w2, 17) ^ rotate(w2, 19) ^ w2 &>> 10
        schedule[round & 15] = schedule[round & 15] &+ sigma0 &+ schedule[(round &+ 9) & 15] &+ sigma1
      }
      let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let choice = e & f ^ ~e & g
      let t1 = h &+ sum1 &+ choice &+ SHA256.constants[round] &+ schedule[round & 15]
      let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let majority = a & b ^ a & c ^ b & c
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ (sum0 &+ majority))
    }
    hash[0] &+= a
    hash[1] &+= b
    hash[2] &+= c
    hash[3] &+= d
    hash[4] &+= e
    hash[5] &+= f
    hash[6] &+= g
    hash[7] &+= h
  }

  @inline(__always)
  private func rotate(_ x: UInt32, _ count: UInt32) -> UInt32 { x &>> count | x &<< (32 &- count) }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: InlineArray<64, UInt32> = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
