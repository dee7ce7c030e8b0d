// SPDX-License-Identifier: Apache-2.0
// Samples of a WAV file: 16-bit PCM of one channel, and nothing else.

/// Why a file is no WAV that can be read.
enum WAVError: Error, Equatable, CustomStringConvertible {
  /// The file does not begin as a WAV does, or ends too early.
  case notAWAV(file: String)
  /// The samples are of another kind.
  case unsuitable(file: String, what: String, found: Int, expected: Int)

  var description: String {
    switch self {
    case .notAWAV(let file): "\"\(file)\": found no WAV file with samples, expected 16-bit PCM of one channel"
    case .unsuitable(let file, let what, let found, let expected):
      "\"\(file)\": found \(what) \(found), expected \(expected); convert it, as with sox or ffmpeg"
    }
  }
}

/// The samples of a WAV file.
struct WAVFile {
  var sampleRate: Int
  /// Samples as they are, −32,768 to 32,767.
  var samples: [Int16]

  /// Reads RIFF chunks; those that are neither `fmt ` nor `data` are passed over. A length beyond the file's end, as streaming
  /// writers leave it, stands for the end.
  init(_ bytes: [UInt8], name: String) throws(WAVError) {
    func word(_ offset: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    guard bytes.count >= 12, bytes[0..<4].elementsEqual("RIFF".utf8), bytes[8..<12].elementsEqual("WAVE".utf8) else {
      throw .notAWAV(file: name)
    }
    var rate: Int?
    var offset = 12
    while offset + 8 <= bytes.count {
      let body = offset + 8
      let length = min(word(offset + 4, 4), bytes.count - body)
      if bytes[offset..<offset + 4].elementsEqual("fmt ".utf8), length >= 16 {
        // 1 is PCM; 65,534 says that the kind stands further on, at 24.
        var kind = word(body, 2)
        if kind == 0xFFFE, length >= 26 { kind = word(body + 24, 2) }
        guard kind == 1 else { throw .unsuitable(file: name, what: "format", found: kind, expected: 1) }
        let channels = word(body + 2, 2)
        guard channels == 1 else { throw .unsuitable(file: name, what: "channels", found: channels, expected: 1) }
        let bits = word(body + 14, 2)
        guard bits == 16 else { throw .unsuitable(file: name, what: "bits a sample", found: bits, expected: 16) }
        rate = word(body + 4, 4)
      } else if bytes[offset..<offset + 4].elementsEqual("data".utf8), let rate {
        sampleRate = rate
        samples = (0..<length / 2).map { Int16(truncatingIfNeeded: word(body + 2 * $0, 2)) }
        return
      }
      offset = body + length + length % 2
    }
    throw .notAWAV(file: name)
  }
}
