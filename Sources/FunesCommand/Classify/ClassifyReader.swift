// SPDX-License-Identifier: Apache-2.0
// Files to rows: pictures prepared as the model wants them, arrays and texts as they are.

import Funes
import FunesConvert

/// Reads what `funes classify` is given.
struct ClassifyReader {
  let input: PortInfo
  /// How pictures are prepared; nil where files are sequences.
  let image: ImagePreparation?
  let isResizing: Bool
  /// Whether arrays and texts hold samples of 0...255.
  let arePixels: Bool
  let background: RasterImage.Background

  /// Most bytes of a file.
  static let byteLimit = 1 << 28

  /// The rows of a file, each of the input's width. Throws `ClassifyError.Reason`, or that the file cannot be opened.
  func rows(of file: String) throws -> [[Float]] {
    let bytes = try contents(of: file)
    let name = file == "-" ? "stdin" : file
    let rows: [[Float]]
    do {
      if let image, let picture = try RasterImage(bytes, background: background) {
        return [try image.row(of: picture, isResizing: isResizing)]
      }
      if bytes.starts(with: NumberArray.signature) {
        rows = try arrayRows(try NumberArray(bytes, name: name))
      } else {
        rows = try lines(bytes, name)
      }
    } catch let error as ImageError {
      throw ClassifyError.Reason.picture(error)
    } catch let error as CheckpointError {
      throw ClassifyError.Reason.array("\(error)")
    } catch let error as StreamError {
      throw ClassifyError.Reason.line(error)
    }
    if rows.isEmpty { throw ClassifyError.Reason.empty }
    return rows
  }

  private func contents(of file: String) throws -> [UInt8] {
    let input = file == "-" ? nil : try InputFile(path: file)
    let reader = input?.reader() ?? ByteReader(descriptor: 0, name: "stdin")
    let bytes = try reader.takeAll(upTo: Self.byteLimit + 1)
    guard bytes.count <= Self.byteLimit else { throw ClassifyError.Reason.tooLong(limit: Self.byteLimit) }
    return bytes
  }

  // MARK: Arrays

  /// Shapes of one picture or row, and with an axis before them of many.
  private func arrayRows(_ array: NumberArray) throws -> [[Float]] {
    let width = input.width
    var shapes = [[width]]
    if let image {
      let size = [image.height, image.width]
      shapes.append(image.isInterleaved ? size + [image.channels] : [image.channels] + size)
      if image.channels == 1 { shapes.append(size) }
    } else if input.shape.count > 1 {
      shapes.append(input.shape)
    }
    let isFit = shapes.contains {
      array.shape == $0 || (array.shape.count == $0.count + 1 && array.shape.dropFirst() == $0[...])
    }
    guard isFit else {
      let words = shapes.flatMap { shape in
        let text = shape.map(String.init).joined(separator: ", ")
        return ["(\(text))", "(rows, \(text))"]
      }
      throw ClassifyError.Reason.shape(found: array.shape, expected: words)
    }
    let values = array.values
    let rows = stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
    return try prepared(rows, areBytes: array.areBytes)
  }

  // MARK: Text

  private func lines(_ bytes: [UInt8], _ name: String) throws -> [[Float]] {
    var offset = 0
    let source = ByteReader(name: name) { (space: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int in
      let count = min(space.count, bytes.count - offset)
      space.copyBytes(from: bytes[offset..<offset + count])
      offset += count
      return count
    }
    var reader = RowReader(layout: RowLayout([StreamPort(input)]), format: .csv, reader: source)
    let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: input.width)
    defer { words.deallocate() }
    var rows: [[Float]] = []
    while try reader.next(into: words) == .row { rows.append(words.map { Float(bitPattern: $0) }) }
    return try prepared(rows, areBytes: false)
  }

  /// Samples made what the model sees.
  private func prepared(_ rows: [[Float]], areBytes: Bool) throws -> [[Float]] {
    guard let image, areBytes || arePixels else { return rows }
    for (index, row) in rows.enumerated() {
      if let sample = row.first(where: { !($0 >= 0 && $0 <= 255) }) {
        throw ClassifyError.Reason.sample(row: index, found: sample)
      }
    }
    return rows.map { image.row(ofBytes: $0) }
  }
}
