// SPDX-License-Identifier: Apache-2.0
// A model at conversion time: operators with float weights, in execution order. Importers make it, passes and the
// quantizer read it, the float reference runs it. Its indices and meaning are those of FORMAT.md.

import Funes

/// A trained model as operators with float weights.
public struct Graph: Sendable {
  public var name: String
  public var constants: [Constant] = []
  public var values: [Value] = []
  public var states: [State] = []
  public var programs: [Program] = []
  public var texts: [TextTable] = []
  public var generation: Generation?
  /// What the file says about itself: source, licence, checkpoint hashes.
  public var metadata: [String: String] = [:]

  public init(name: String) { self.name = name }

  /// A weight: a matrix, quantised to int8, or a vector, kept in float.
  public struct Constant: Sendable {
    public enum Layout: Sendable, Equatable {
      /// (rows, cols), rows stacked gate after gate: row gate · units + unit.
      case matrix(rows: Int, cols: Int, groups: Int)
      /// As it is.
      case vector
      /// A bias of a matrix with that many gates: values gate after gate, written in the matrix's padded row order.
      case grouped(groups: Int)
      /// That many rows, each padded to a multiple of 16 (peepholes, initial states).
      case lanes(Int)
    }
    public var name: String
    public var layout: Layout
    /// Logical values, row-major, without any padding.
    public var values: [Float]

    public init(name: String, layout: Layout, values: [Float]) {
      self.name = name
      self.layout = layout
      self.values = values
    }
  }

  /// What one operator passes to others.
  public struct Value: Sendable {
    public enum Element: Sendable { case float, id }
    public var name: String
    public var element: Element
    /// Inner shape, without rows.
    public var shape: [Int]
    /// Row rule: 0 one row, 1 the rows of the call, above: made by a `subsample`.
    public var domain: Int
    public var width: Int { shape.reduce(1, *) }

    public init(name: String, element: Element = .float, shape: [Int], domain: Int = 1) {
      self.name = name
      self.element = element
      self.shape = shape
      self.domain = domain
    }
  }

  /// What a session keeps between calls.
  public struct State: Sendable {
    public enum Kind: UInt8, Sendable { case hidden = 1, cell, ring, counter, value, mean, cache }
    public var name: String
    public var kind: Kind
    public var lanes: Int
    public var width: Int
    /// A constant with `lanes` layout; nil for zeros.
    public var initial: Int?
    /// Counters only: the value stays below it; `noLimit` where it may be any.
    public var limit: Int
    /// Caches of bytes only: parts of a row that each have a scale; 0 for halves.
    public var heads = 0

    /// NONE in the file.
    public static let noLimit = 0xFFFF_FFFF

    public init(name: String, kind: Kind, lanes: Int = 1, width: Int, initial: Int? = nil, limit: Int = 0) {
      self.name = name
      self.kind = kind
      self.lanes = lanes
      self.width = width
      self.initial = initial
      self.limit = limit
    }
  }

  /// A stretch of operators: each over all rows, or row by row around a feedback.
  public struct Run: Sendable {
    public var isSequential: Bool
    public var operators: [Operator]

    public init(isSequential: Bool, operators: [Operator]) {
      self.isSequential = isSequential
      self.operators = operators
    }
  }

  /// `step`, `encode`, …: an ordered list of runs over shared weights and states.
  public struct Program: Sendable {
    public var name: String
    /// Sees all its rows at once; not a stream.
    public var isBlock: Bool
    public var inputs: [Port]
    public var outputs: [Port]
    public var runs: [Run]
    /// States reset on entry.
    public var resets: [Int]

    public init(name: String, isBlock: Bool, inputs: [Port], outputs: [Port], runs: [Run], resets: [Int]) {
      self.name = name
      self.isBlock = isBlock
      self.inputs = inputs
      self.outputs = outputs
      self.runs = runs
      self.resets = resets
    }
  }

  /// An input or output of a program.
  public struct Port: Sendable {
    public enum Policy: UInt8, Sendable { case refuse = 0, replace = 1 }
    public var name: String
    public var value: Int
    public var policy: Policy = .refuse
    /// Ids are in 0 ..< classes; 0 for floats.
    public var classes: Int
    /// What `replace` clamps to.
    public var range: ClosedRange<Float> = -1...1
    public var text: Int?

    public init(name: String, value: Int, classes: Int = 0, text: Int? = nil) {
      self.name = name
      self.value = value
      self.classes = classes
      self.text = text
    }
  }

  /// Labels of an output or the vocabulary of an input or output.
  public struct TextTable: Sendable {
    public enum Kind: UInt32, Sendable {
      case labels = 1, characters = 2, bytes = 3, pieces = 4, merges = 5, words = 6, unigram = 7
    }
    public var kind: Kind
    public var symbols: [String]
    public var unknown: Int?
    public var isLowerCased = false
    public var isLineSequence = false
    public var separator = ""
    /// Pieces and unigram only: a vector constant with a score for each symbol.
    public var scores: Int?
    /// Pieces only: the id put before each text.
    public var begin: Int?
    /// Of a tokenizer, all that it does; `Graph.addText` makes such a table.
    public internal(set) var tokenizer: TokenizerRules?

    public init(kind: Kind, symbols: [String], unknown: Int? = nil) {
      self.kind = kind
      self.symbols = symbols
      self.unknown = unknown
    }
  }

  /// How an encoder-decoder model turns a source into a target.
  public struct Generation: Sendable {
    public var encodeProgram: Int?
    public var stepProgram: Int
    public var appendedID: Int?
    public var startID: Int
    /// Any of them ends a target; ascending, at most `stopLimit`.
    public var stopIDs: [Int]
    public var longest: Int
    /// Index among the step program's outputs, and among its inputs.
    public var output: Int
    public var input: Int
    /// Every source is filled up to so many rows with an id, and has no more; nil where sources are as long as they come.
    public var padding: Padding?

    public static let stopLimit = 4

    public struct Padding: Sendable, Equatable {
      public var id: Int
      public var rows: Int

      public init(id: Int, rows: Int) {
        self.id = id
        self.rows = rows
      }
    }

    public init(
      encodeProgram: Int?, stepProgram: Int, appendedID: Int?, startID: Int, stopIDs: [Int], longest: Int, output: Int,
      input: Int, padding: Padding? = nil
    ) {
      self.encodeProgram = encodeProgram
      self.stepProgram = stepProgram
      self.appendedID = appendedID
      self.startID = startID
      self.stopIDs = Set(stopIDs).sorted()
      self.longest = longest
      self.output = output
      self.input = input
      self.padding = padding
    }
  }
}
