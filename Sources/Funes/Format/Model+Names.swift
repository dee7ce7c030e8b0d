// SPDX-License-Identifier: Apache-2.0
// What a model says about itself without strings or arrays: for firmware and the C interface. Names are read from the
// file, end with NUL and live as long as its bytes.

/// An input or output of a program, by numbers and a borrowed name.
public struct PortShape {
  public var unsafeName: UnsafePointer<CChar>
  /// Inner shape, without rows; 1 beyond `rank`.
  public var shape: InlineArray<3, Int>
  public var rank: Int
  public var width: Int
  /// Above 0 for ids in 0 ..< classes; 0 for floats.
  public var classes: Int
  /// 0: one row a call; 1: a row for each row; above: rows of a subsample.
  public var domain: Int
  /// The text table bound to it.
  public var text: Int?
}

/// A state, by numbers and a borrowed name.
public struct StateShape {
  public var unsafeName: UnsafePointer<CChar>
  /// As in FORMAT.md: 1 hidden, 2 cell, 3 ring, 4 counter, 5 value, 6 mean, 7 cache.
  public var kind: Int
  public var lanes: Int
  public var width: Int
  public var isCounter: Bool
}

extension Model {
  public func unsafeProgramName(_ program: Int) -> UnsafePointer<CChar> {
    precondition(program >= 0 && program < programCount, "Model: no such program")
    return unsafeName(self.program(program).name)
  }

  public func inputCount(of program: Int = 0) -> Int {
    precondition(program >= 0 && program < programCount, "Model: no such program")
    return ranges(of: program).inputCount
  }

  public func outputCount(of program: Int = 0) -> Int {
    precondition(program >= 0 && program < programCount, "Model: no such program")
    let ranges = ranges(of: program)
    return ranges.portCount - ranges.inputCount
  }

  public func inputShape(_ index: Int = 0, of program: Int = 0) -> PortShape {
    precondition(index >= 0 && index < inputCount(of: program), "Model: no such input")
    return portShape(ranges(of: program).port + index)
  }

  public func outputShape(_ index: Int = 0, of program: Int = 0) -> PortShape {
    precondition(index >= 0 && index < outputCount(of: program), "Model: no such output")
    let ranges = ranges(of: program)
    return portShape(ranges.port + ranges.inputCount + index)
  }

  public func stateShape(_ index: Int) -> StateShape {
    precondition(index >= 0 && index < stateCount, "Model: no such state")
    let state = state(index)
    return StateShape(
      unsafeName: unsafeName(state.name), kind: state.kind, lanes: state.lanes, width: state.width,
      isCounter: state.isCounter)
  }

  /// Text tables, and parts of those that are tokenizers, which have no symbols of their own.
  public var textCount: Int { count(.texts) }

  /// Symbols of a text table; 0 for bytes.
  public func symbolCount(of text: Int) -> Int {
    precondition(text >= 0 && text < textCount, "Model: no such text table")
    return isText(UInt32(text)) ? Int(record(.texts, text).u32(4)) : 0
  }

  public func unsafeSymbol(_ id: Int, of text: Int) -> UnsafePointer<CChar> {
    precondition(id >= 0 && id < symbolCount(of: text), "Model: no such symbol")
    var first = 0
    for earlier in 0..<text { first += Int(record(.texts, earlier).u32(4)) }
    return unsafeName(record(.symbols, first + id).u32(0))
  }

  private func unsafeName(_ offset: UInt32) -> UnsafePointer<CChar> {
    (start(.strings) + Int(offset)).assumingMemoryBound(to: CChar.self)
  }

  private func portShape(_ index: Int) -> PortShape {
    let port = port(index)
    let value = value(Int(port.value))
    return PortShape(
      unsafeName: unsafeName(port.name), shape: [value.extent(0), value.extent(1), value.extent(2)], rank: value.rank,
      width: value.width, classes: port.classes, domain: value.domain, text: port.text == none ? nil : Int(port.text))
  }
}
