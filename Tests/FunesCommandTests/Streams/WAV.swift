// SPDX-License-Identifier: Apache-2.0
// WAV files to read.

enum WAV {
  /// A chunk of an odd length, the format with what it says more, and the samples; `length` is what the header says of them
  /// in bytes.
  static func bytes(
    _ samples: [Int16], rate: UInt32 = 16_000, channels: UInt16 = 1, bits: UInt16 = 16, format: UInt16 = 1,
    more: [UInt8] = [], length: UInt32? = nil
  ) -> [UInt8] {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let data = samples.flatMap { little($0) }
    let chunk = little(format) + little(channels) + little(rate) + little(2 * rate) + little(UInt16(2)) + little(bits)
    let pad = [UInt8](repeating: 0, count: more.count % 2)
    let body =
      Array("WAVE".utf8) + Array("LIST".utf8) + little(UInt32(3)) + [1, 2, 3, 0] + Array("fmt ".utf8)
      + little(UInt32(16 + more.count)) + chunk + more + pad + Array("data".utf8) + little(length ?? UInt32(data.count))
      + data
    return Array("RIFF".utf8) + little(UInt32(body.count)) + body
  }
}
