// SPDX-License-Identifier: Apache-2.0
// Text to ids through a tokenizer, as it comes: stretches end where no later character can change their ids.

#if !hasFeature(Embedded)
  /// Turns characters into ids; FORMAT.md, TEXT, has the rule.
  public struct TokenEncoder: Sendable {
    private let tokenizer: Tokenizer
    /// Characters since the last place where the text was cut.
    private var stretch: [Unicode.Scalar] = []
    /// Nothing of the text has come yet.
    private var isAtBegin: Bool
    /// No stretch has been cut off yet.
    private var isFirst: Bool
    /// The stretch goes on from a part of the one before, with no token between.
    private var isContinued: Bool

    /// Most characters of a stretch, so that memory is bounded: a text without a place to cut is cut there.
    public static let stretchLimit = 1 << 20

    /// With `isContinued` the first text goes on from an earlier one: nothing is put before it.
    public init(_ tokenizer: Tokenizer, isContinued: Bool = false) {
      self.tokenizer = tokenizer
      isAtBegin = !isContinued
      isFirst = !isContinued
      self.isContinued = isContinued
    }

    /// Takes a character and appends the ids that are now certain. Returns false where a character of the stretch
    /// before has neither a symbol nor an id for the unknown.
    public mutating func push(_ scalar: Unicode.Scalar, into ids: inout [Int32]) -> Bool {
      begin(into: &ids)
      var isKnown = true
      if let last = stretch.last, stretch.count == Self.stretchLimit || isCut(last, scalar) {
        isKnown = cut(into: &ids)
      }
      stretch.append(scalar)
      return isKnown
    }

    /// Ends the text and appends what is left of its ids; the next character begins another.
    public mutating func finish(into ids: inout [Int32]) -> Bool {
      begin(into: &ids)
      let isKnown = cut(into: &ids)
      ids += tokenizer.rules.after.map { Int32($0) }
      (isAtBegin, isFirst, isContinued) = (true, true, false)
      return isKnown
    }

    private mutating func begin(into ids: inout [Int32]) {
      if isAtBegin { ids += tokenizer.rules.before.map { Int32($0) } }
      isAtBegin = false
    }

    /// Between a visible character and a blank: no word, symbol or token reaches over that.
    private func isCut(_ last: Unicode.Scalar, _ next: Unicode.Scalar) -> Bool {
      guard next == " ", tokenizer.isCutAtBlanks else { return false }
      return (0x21...0x7E).contains(last.value)
        || !ScalarTables.classes(last).isDisjoint(with: [.letter, .number])
    }

    private mutating func cut(into ids: inout [Int32]) -> Bool {
      let isKnown = tokenizer.append(stretch, isFirst: isFirst, isContinued: &isContinued, to: &ids)
      stretch.removeAll(keepingCapacity: true)
      isFirst = false
      return isKnown
    }
  }
#endif
