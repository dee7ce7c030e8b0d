// SPDX-License-Identifier: Apache-2.0
// Small random models of each family, made by tools/make_families.py with transformers, and broken copies of them.

import Foundation
import Funes
import Testing

@testable import FunesConvert

/// A fixture: a folder with a model and its golden.
struct FamilyFixture: Sendable, CustomStringConvertible {
  var name: String
  /// The program that the golden's ports are of unless they say so.
  var program: String
  var ports: String
  /// Largest error of the float side: 1e-4 of the range of the original's numbers.
  var limit: Double
  var context: Int?

  var description: String { name }
  var path: String { FamilyFixture.root.appendingPathComponent(name).path }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

  static let all: [FamilyFixture] = {
    let text = (try? String(contentsOf: root.appendingPathComponent("cases.tsv"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return FamilyFixture(
        name: fields[0], program: fields[1], ports: fields[2], limit: Double(fields[3]) ?? 0, context: Int(fields[4]))
    }
  }()

  func graph() throws -> Graph {
    try Importer.graph(checkpoints: ["weights": path], recipePath: nil, context: context).graph
  }
}

/// A copy of a fixture's folder that a test may break; removed at the end.
final class FolderCopy {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)").path

  init(of fixture: String) throws {
    try FileManager.default.copyItem(
      atPath: FamilyFixture.root.appendingPathComponent(fixture).path, toPath: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ file: String, _ text: String) throws {
    try text.write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
  }

  func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }

  func move(_ file: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: "\(path)/\(file)", toPath: "\(path)/\(other)")
  }

  /// Replaces the text of config.json once.
  func change(_ from: String, _ to: String) throws {
    let config = try String(contentsOfFile: "\(path)/config.json", encoding: .utf8)
    guard let range = config.range(of: from) else { throw MissingText(text: from) }
    try write("config.json", config.replacingCharacters(in: range, with: to))
  }

  /// Adds a tensor of one zero, 32 bits wide, to model.safetensors.
  func addTensor(_ name: String) throws {
    let url = URL(fileURLWithPath: "\(path)/model.safetensors")
    let file = try Data(contentsOf: url)
    let length = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let data = file.dropFirst(8 + length)
    let entry = #"{"\#(name)": {"dtype": "F32", "shape": [1], "data_offsets": [\#(data.count), \#(data.count + 4)]}, "#
    let header = Data(entry.utf8) + file.dropFirst(8).prefix(length).drop { $0 == UInt8(ascii: "{") }
    let lengthBytes = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try (Data(lengthBytes) + header + data + Data(count: 4)).write(to: url)
  }

  struct MissingText: Error { var text: String }

  /// What converting the folder says; its path is written as "F".
  func refusal(context: Int? = nil) -> String? {
    do {
      _ = try Importer.graph(checkpoints: ["weights": path], recipePath: nil, context: context)
      return nil
    } catch {
      if !(error is ContextError) { expectBadDataExit(of: error) }
      return "\(error)".replacingOccurrences(of: path, with: "F")
    }
  }
}
