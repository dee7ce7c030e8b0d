// SPDX-License-Identifier: Apache-2.0
// What a tokenizer does, as plain values: what readers of tokenizer files make, the file's TEXT records hold, and
// `Tokenizer` is built from. Codes are those of FORMAT.md, TEXT; nothing here is a program or a pattern.

#if !hasFeature(Embedded)
  /// A tokenizer: symbols in the order of their ids, and how texts become ids and ids become texts.
  ///
  /// A text is cut at its added tokens; each part is normalised, cut into words, and each word into symbols. FORMAT.md,
  /// TEXT, has the steps; they are those of Hugging Face's `tokenizers`, whose ids these are.
  public struct TokenizerRules: Sendable, Equatable {
    /// How a word becomes symbols.
    public enum Method: UInt32, Sendable, CaseIterable {
      /// Byte-pair encoding: the pair of the earliest merge first.
      case merges = 5
      /// WordPiece: the longest symbol that fits, from the left.
      case words = 6
      /// The most probable cut, by scores.
      case unigram = 7
    }

    /// Two symbols side by side that become one.
    public struct Merge: Sendable, Equatable {
      public var left: Int32
      public var right: Int32

      public init(left: Int32, right: Int32) {
        self.left = left
        self.right = right
      }
    }

    /// What a text of the normaliser's map becomes.
    public struct Replacement: Sendable, Equatable {
      public var from: String
      public var to: String

      public init(from: String, to: String) {
        self.from = from
        self.to = to
      }
    }

    /// A symbol that is found in a text before it is cut into words.
    public struct AddedToken: Sendable, Equatable {
      public var id: Int
      /// Is nothing on output.
      public var isSpecial: Bool
      /// Is looked for in the normalised text.
      public var isNormalized: Bool
      /// Takes the white space before it, and after it.
      public var stripsLeft: Bool
      public var stripsRight: Bool
      /// Stands beside no part of a word.
      public var isSingleWord: Bool

      public init(
        id: Int, isSpecial: Bool = false, isNormalized: Bool = false, stripsLeft: Bool = false,
        stripsRight: Bool = false, isSingleWord: Bool = false
      ) {
        self.id = id
        self.isSpecial = isSpecial
        self.isNormalized = isNormalized
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isSingleWord = isSingleWord
      }
    }

    public var method: Method
    public var symbols: [String]
    /// The id of what has no symbol; nil to leave it out (merges), or to refuse it (unigram).
    public var unknown: Int?
    /// Each line of text is one sequence.
    public var isLineSequence = false
    /// Symbols are spelt in characters that stand for bytes, as GPT-2's are.
    public var hasByteSymbols = false
    /// What has no symbol becomes its bytes' symbols `<0xXX>`.
    public var fallsBackToBytes = false
    /// Unknowns side by side are one.
    public var fusesUnknown = false
    /// A word that is a symbol is that symbol, whatever the merges say.
    public var prefersWholeWords = false
    /// Each part gets a blank at its front, unless one is there.
    public var addsPrefixSpace = false
    /// Words only: a word of more characters is the unknown.
    public var longestWord = 100
    /// At most eight, in order.
    public var normalization: [NormalizingStep] = []
    /// At most four, in order.
    public var splitting: [SplittingStep] = []
    public var decoding = DecodingStyle.joined
    /// Merges only: the earlier, the better.
    public var merges: [Merge] = []
    /// Unigram only: one a symbol, logarithms of probabilities; `noPart` for a symbol that no word is cut into.
    public var scores: [Double] = []
    /// What `NormalizingStep.map` replaces.
    public var map: [Replacement] = []
    public var added: [AddedToken] = []
    /// Ids put before and after each text.
    public var before: [Int] = []
    public var after: [Int] = []

    /// The score of a symbol that no word is cut into.
    public static let noPart = -0x1p50

    public init(method: Method, symbols: [String], unknown: Int? = nil) {
      self.method = method
      self.symbols = symbols
      self.unknown = unknown
    }
  }

  /// One step of making texts alike. Sources: Unicode Standard Annex 15; Devlin et al. 2018, arXiv:1810.04805 (BERT's
  /// steps); Kudo and Richardson 2018, arXiv:1808.06226 (the map and the blanks of SentencePiece).
  public enum NormalizingStep: UInt8, Sendable, CaseIterable {
    /// Canonical composition.
    case nfc = 1
    /// Canonical decomposition.
    case nfd = 2
    case lowercase = 3
    /// Canonical decomposition, then without the marks that take no room.
    case stripAccents = 4
    /// Controls go, white space becomes blanks.
    case clean = 5
    /// A blank on both sides of each Chinese character.
    case spaceChinese = 6
    /// White space at the front goes, and at the end.
    case stripLeft = 7
    case stripRight = 8
    /// The map's replacements.
    case map = 9
    /// Each blank becomes U+2581.
    case markBlanks = 10
    /// Two blanks or more become one U+2581.
    case markManyBlanks = 11
    /// Two blanks or more become one.
    case joinBlanks = 12
    /// U+2581 is put at the front.
    case prefixMark = 13
  }

  /// One step of cutting a text into words.
  public enum SplittingStep: UInt8, Sendable, CaseIterable {
    /// The patterns of GPT-2, Llama 3 and Qwen2.
    case gpt2 = 1
    case llama3 = 2
    case qwen2 = 3
    /// At white space, which goes, and around each mark of punctuation.
    case bert = 4
    /// At white space, which goes.
    case whiteSpace = 5
    /// Each digit alone.
    case digits = 6
    /// Blanks become U+2581; with `split` each begins a word. One is put at the front of no part, of the part that the
    /// text begins with, or of each part, unless it is there.
    case metaspaceNever = 16
    case metaspaceNeverSplit = 17
    case metaspaceFirst = 18
    case metaspaceFirstSplit = 19
    case metaspaceAlways = 20
    case metaspaceAlwaysSplit = 21
  }

  /// How symbols become a text.
  public enum DecodingStyle: UInt8, Sendable, CaseIterable {
    /// Side by side.
    case joined = 0
    /// With blanks between.
    case spaced = 1
    /// The bytes that byte symbols stand for.
    case bytes = 2
    /// WordPiece: `##` goes on a word, else a blank comes before.
    case words = 3
    /// The same, without the blanks that English has not before marks and short forms.
    case cleanWords = 4
    /// U+2581 is a blank, and nothing in the first symbol.
    case metaspace = 5
    /// U+2581 is a blank.
    case blanks = 6
    /// U+2581 is a blank, `<0xXX>` a byte.
    case blanksAndBytes = 7
    /// The same, without one blank at the front of the text.
    case strippedBlanksAndBytes = 8
  }
#endif
