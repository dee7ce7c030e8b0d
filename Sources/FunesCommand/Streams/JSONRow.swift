// SPDX-License-Identifier: Apache-2.0
// A row as a line of JSON, inputs by name: {"x":[0.5,1],"id":3}.

import FunesConvert

/// Reads the JSON object of one line.
struct JSONRow {
  let layout: RowLayout
  let line: Int

  func read(_ bytes: UnsafeRawBufferPointer, into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) {
    let object: JSONValue
    do throws(JSONError) {
      object = try JSONValue(parsing: [UInt8](bytes))
    } catch {
      throw .json(line: line, reason: "\(error)")
    }
    guard let members = object.members else {
      throw .json(line: line, reason: "found \(object.kind), expected an object of the model's inputs")
    }
    for member in members where !layout.ports.contains(where: { $0.name == member.key }) {
      throw .jsonMember(line: line, missing: nil, unexpected: member.key)
    }
    for (port, offset) in zip(layout.ports, layout.offsets) {
      guard let value = object[port.name] else { throw .jsonMember(line: line, missing: port.name, unexpected: nil) }
      var next = offset
      try read(value, port, into: words, next: &next, end: offset + port.width)
      guard next == offset + port.width else {
        throw .jsonCount(line: line, input: port.name, found: next - offset, expected: port.width)
      }
    }
  }

  /// One number, or numbers in arrays however nested.
  private func read(
    _ value: JSONValue, _ port: StreamPort, into words: UnsafeMutableBufferPointer<UInt32>, next: inout Int, end: Int
  ) throws(StreamError) {
    if let elements = value.elements {
      for element in elements { try read(element, port, into: words, next: &next, end: end) }
      return
    }
    let word: UInt32
    if port.isIDs {
      guard let id = value.intValue.flatMap({ Int32(exactly: $0) }) else {
        throw .jsonKind(line: line, input: port.name, found: value.kind, expected: "whole numbers")
      }
      word = UInt32(bitPattern: id)
    } else {
      guard let number = value.doubleValue else {
        throw .jsonKind(line: line, input: port.name, found: value.kind, expected: "numbers")
      }
      word = Float(number).bitPattern
    }
    if next < end { words[next] = word }
    next += 1
  }
}
