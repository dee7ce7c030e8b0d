// SPDX-License-Identifier: Apache-2.0
// Random inputs of several calls, made before anything is timed and copied in call by call.

import Funes

struct PreparedRows: ~Copyable {
  /// The words of one call for each input, input after input, then those of the next call.
  private let words: UnsafeMutablePointer<Int32>
  /// Of one call, by input.
  private let wordCounts: [Int]
  private let wordsOfCall: Int
  private let callCount: Int
  private var next = 0

  /// Several calls, but no more than 64 KB where there are many: inputs are not to push weights out of the caches.
  init(_ load: BenchLoad) {
    wordCounts = load.program.inputs.map { $0.width * load.rows }
    wordsOfCall = wordCounts.reduce(0, +)
    callCount = min(max(16384 / max(wordsOfCall, 1), 2), 64)
    words = .allocate(capacity: max(wordsOfCall * callCount, 1))
    var numbers = SplitMix64(seed: 2)
    var word = words
    for _ in 0..<callCount {
      for port in load.program.inputs {
        for _ in 0..<port.width * load.rows {
          let number = numbers.next() >> 40
          let value = Float(number) * 0x1p-23 - 1
          word.initialize(to: port.isIDs ? Int32(number % UInt64(port.classes)) : Int32(bitPattern: value.bitPattern))
          word += 1
        }
      }
    }
  }

  deinit { words.deallocate() }

  /// Writes the inputs of the next call.
  mutating func write(to session: inout Session, _ program: Int) {
    var source = UnsafePointer(words + next * wordsOfCall)
    for index in 0..<wordCounts.count {
      let target = session.unsafeInputIDs(index, of: program)
      target.baseAddress!.update(from: source, count: wordCounts[index])
      source += wordCounts[index]
    }
    next = next + 1 == callCount ? 0 : next + 1
  }
}
