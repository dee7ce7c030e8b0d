// SPDX-License-Identifier: Apache-2.0
// What `funes inspect` prints of a checkpoint: the names that a recipe calls its tensors by.

import Funes
import FunesConvert

/// A checkpoint, described.
struct CheckpointInspection {
  let checkpoint: Checkpoint

  /// The checkpoint at a path that the runtime has refused as a model; nil where the file is of no format known here.
  init?(path: String, after error: ModelFileError) throws(CheckpointError) {
    switch error {
    case .refused(_, .notAFunesFile), .refused(_, .tooShort): break
    default: return nil
    }
    do throws(CheckpointError) {
      checkpoint = try Checkpoint.read(path: path)
    } catch .unknownFormat(_, let found) where !found.isEmpty {
      return nil
    }
  }

  /// A line a tensor, then the metadata by name.
  var text: String {
    var table = TextTable(columns: [.left("tensor"), .left("type"), .left("shape"), .right("bytes")])
    for tensor in checkpoint.tensors {
      table.append([
        CheckpointInspection.line(tensor.name), "\(tensor.dtype)",
        "(" + tensor.shape.map(String.init).joined(separator: ", ") + ")", "\(tensor.byteCount)",
      ])
    }
    var lines = table.lines
    lines += ["", counted(checkpoint.tensors.count, "tensor") + ", " + counted(elementCount, "element")]
    if !checkpoint.metadata.isEmpty { lines.append("") }
    for (key, value) in metadata { lines.append(CheckpointInspection.line("\(key): \(value)")) }
    return lines.joined(separator: "\n") + "\n"
  }

  var json: String {
    JSONValue.members([
      "tensors": .array(
        checkpoint.tensors.map {
          .members([
            "name": .string($0.name), "type": .string("\($0.dtype)"), "shape": .array($0.shape.map { .integer($0) }),
            "bytes": .integer($0.byteCount),
          ])
        }),
      "metadata": .members(list: metadata.map { (key: $0.key, value: .string($0.value)) }),
    ]).text
  }

  private var elementCount: Int {
    checkpoint.tensors.reduce(0) { $0.addingReportingOverflow($1.elementCount).partialValue }
  }

  private var metadata: [(key: String, value: String)] { checkpoint.metadata.sorted { $0.key < $1.key } }

  /// What a file says about itself, kept to one line.
  private static func line(_ text: String) -> String {
    text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? JSONText.quoted(text) : text
  }
}
