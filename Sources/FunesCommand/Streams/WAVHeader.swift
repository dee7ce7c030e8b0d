// SPDX-License-Identifier: Apache-2.0
// What stands before the samples of a WAV: 16-bit PCM of one channel, and nothing else.

/// The chunks of a WAV up to its samples.
struct WAVHeader {
  /// Bytes of samples that the header claims; the input may end before.
  var byteCount: Int

  /// Reads RIFF chunks up to `data`, whose bytes then come next; those but `fmt ` are passed over.
  ///
  /// - Parameter expected: samples a second, where the model says.
  init(_ reader: ByteReader, sampleRate expected: Int?) throws(StreamError) {
    guard let riff = try reader.take(12), WAVHeader.isBegun(riff) else { throw .notAWAV(file: reader.name) }
    var isChecked = false
    while let chunk = try reader.take(8) {
      let isFormat = chunk[..<4].elementsEqual("fmt ".utf8)
      let isData = chunk[..<4].elementsEqual("data".utf8)
      let length = WAVHeader.word(chunk, 4, 4)
      if isData && isChecked {
        // Writers to a pipe, which do not know, leave nothing or about as much as fits.
        byteCount = length == 0 || length >= 0x7FFF_0000 ? .max : length
        return
      }
      // No kind of format has so much to say as 1 KB; memory stays bounded.
      if isFormat, (16...1024).contains(length) {
        guard let format = try reader.take(length) else { break }
        try WAVHeader.check(format, of: reader.name, sampleRate: expected)
        isChecked = true
      } else {
        for _ in 0..<length {
          guard try reader.takeByte() != nil else { throw .notAWAV(file: reader.name) }
        }
      }
      if length % 2 == 1 { _ = try reader.takeByte() }
    }
    throw .notAWAV(file: reader.name)
  }

  /// Whether bytes begin as a WAV does.
  static func isBegun(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 12 && bytes[..<4].elementsEqual("RIFF".utf8) && bytes[8..<12].elementsEqual("WAVE".utf8)
  }

  private static func check(
    _ format: UnsafeRawBufferPointer, of file: String, sampleRate: Int?
  ) throws(StreamError) {
    // 1 is PCM; 65,534 says that the kind stands further on, at 24.
    var kind = word(format, 0, 2)
    if kind == 0xFFFE, format.count >= 26 { kind = word(format, 24, 2) }
    let rate = word(format, 4, 4)
    let fields = [
      ("format", kind, 1), ("channels", word(format, 2, 2), 1), ("bits a sample", word(format, 14, 2), 16),
      ("samples a second", rate, sampleRate ?? rate),
    ]
    for (what, found, expected) in fields where found != expected {
      throw .unsuitableWAV(file: file, what: what, found: found, expected: expected)
    }
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }
}
