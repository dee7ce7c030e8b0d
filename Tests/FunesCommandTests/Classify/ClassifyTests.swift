// SPDX-License-Identifier: Apache-2.0
// `funes classify` as a shell sees it: pictures, arrays, texts and sequences in, classes out.

import Foundation
import FunesConvert
import FunesTestSupport
import Testing

/// Models whose classes can be worked out by hand.
private final class Models: Sendable {
  let folder = try! Folder()
  /// A picture of 2 × 3: brighter above, brighter below, or dark.
  let picture: String
  /// Rows of 2: a running mean, left or right larger; probabilities.
  let sequence: String
  static let shared = Models()

  private init() {
    func write(_ graph: Graph, _ name: String, _ folder: Folder) -> String {
      let path = folder.path(name)
      try! Data(try! Converter().convert(graph).bytes).write(to: URL(fileURLWithPath: path))
      return path
    }
    var b = TestGraphBuilder(name: "picture")
    let x = b.value("x", [2, 3])
    let flat = b.add("flat", .copy, [x], shape: [6])
    let weight = b.constant(
      "w", .matrix(rows: 3, cols: 6, groups: 1),
      [8, 8, 8, -8, -8, -8, -8, -8, -8, 8, 8, 8] + [Float](repeating: -1, count: 6))
    let bias = b.constant("b", .grouped(groups: 1), [0, 0, 4])
    let y = b.add("y", .linear(weight: weight, bias: bias), [flat], shape: [3])
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: y, text: 0)], runs: [b.run()], resets: [])
    ]
    graph.texts = [Graph.TextTable(kind: .labels, symbols: ["above", "below", "dark"])]
    graph.metadata = ImagePreparation(height: 2, width: 3, channels: 1).metadata
    picture = write(graph, "picture.funes", folder)

    b = TestGraphBuilder(name: "sequence")
    let row = b.value("row", [2])
    let mean = b.state("mean", .mean, width: 2)
    let seen = b.state("seen", .counter, limit: 1 << 24 + 1)
    let average = b.add("average", .mean(mean: mean, counter: seen), [row], shape: [2])
    let soft = b.add("soft", .softmax(lanes: 1), [average], shape: [2])
    let shown = b.add("shown", .copy, [soft], shape: [2])
    graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "row", value: row)],
        outputs: [Graph.Port(name: "shown", value: shown)], runs: [b.run()], resets: [])
    ]
    sequence = write(graph, "sequence.funes", folder)
  }
}

@Suite struct ClassifyTests {
  private let models = Models.shared

  private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = models.folder.path("\(UUID().uuidString)-\(name)")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func classify(_ arguments: [String], input: [UInt8] = []) throws -> Shell.Result {
    try Shell.funes(["classify"] + arguments, input: input)
  }

  /// A `.npy` file.
  private func array(_ descr: String, _ shape: String, _ bytes: [UInt8]) -> [UInt8] {
    let text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(shape), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + bytes
  }

  @Test func picturesOfEverySortAreClassified() throws {
    let above = Array("P2 3 2 9 9 9 9 0 0 0\n".utf8)
    let files = try [
      file("a.pgm", above), file("b.png", Array("P5 3 2 255 ".utf8) + [0, 0, 0, 255, 255, 255]),
      file("c.csv", Array("0 0 0,0 0 0\n1,1,1,0,0,0\n".utf8)),
      file("d.npy", array("|u1", "(2, 3)", [255, 255, 255, 0, 0, 0])),
      file("e.npy", array("|u1", "(2, 1, 2, 3)", [UInt8](repeating: 0, count: 12))),
    ]
    let found = try classify([models.picture] + files)
    #expect(found.code == 0, "\(found.talk)")
    let words = found.text.split(separator: "\n").map { line in line.split(separator: "\t").map(String.init) }
    #expect(words.map { $0[1] } == ["above", "below", "dark", "above", "above", "dark", "dark"])
    #expect(words[2][0] == "\(files[2]):0" && words[0][0] == files[0] && words[0][2] == "1.0000")
    let piped = try classify([models.picture, "-"], input: above)
    #expect(piped.text == "stdin\tabove\t1.0000\n")
    #expect(try classify([models.picture], input: above).text == piped.text)
  }

  @Test func severalClassesAndJSON() throws {
    let grey = try file("grey.csv", Array("0.1,0.1,0.1,0.1,0.1,0.1\n".utf8))
    let top = try classify([models.picture, grey, "--top", "9"])
    let words = top.text.dropLast().split(separator: "\t").map(String.init)
    #expect(words[1] == "dark" && words.count == 7 && words[3] == "above", "\(top.text)")
    let shares = stride(from: 2, to: words.count, by: 2).map { Double(words[$0])! }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-3)
    let json = try classify([models.picture, grey, "--json", "--top", "2"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    let classes = try #require(object["classes"] as? [[String: Any]])
    #expect(object["file"] as? String == grey && object["row"] as? Int == 0 && classes.count == 2)
    #expect(classes[0]["label"] as? String == "dark" && classes[0]["class"] as? Int == 2)
    #expect((classes[0]["probability"] as? Double ?? 0) > 0.9)
  }

  @Test func sizesAndSamples() throws {
    let wide =
      Array("P2 6 4 1 ".utf8) + Array(String(repeating: "1 ", count: 12).utf8)
      + Array(String(repeating: "0 ", count: 12).utf8)
    let refused = try classify([models.picture, "-"], input: wide)
    #expect(refused.code == 65 && refused.talk.contains("6 × 4 pixels, expected 3 × 2; --resize"), "\(refused.talk)")
    #expect(try classify([models.picture, "--resize"], input: wide).text.contains("above"))
    let csv = Array("255,255,255,0,0,0\n".utf8)
    #expect(try classify([models.picture, "--pixels"], input: csv).text == "stdin\tabove\t1.0000\n")
    let bad = try classify([models.picture, "--pixels"], input: Array("256,0,0,0,0,0\n".utf8))
    #expect(bad.code == 65 && bad.talk.contains("row 0: found 256.0, expected samples of 0 to 255"))
    let clear = array("<f4", "(3, 3)", [UInt8](repeating: 0, count: 36))
    let shape = try classify([models.picture], input: clear)
    #expect(
      shape.code == 65 && shape.talk.contains("array of (3, 3), expected (6) or (rows, 6) or (1, 2, 3)"),
      "\(shape.talk)")
  }

  @Test func sequencesAreReadToTheirEnd() throws {
    let rows = Array("2,0\n0,1\n0,4\n".utf8)
    let last = try classify([models.sequence], input: rows)
    #expect(last.code == 0 && last.text.hasPrefix("stdin\t1\t0.7"), "\(last.text)\(last.talk)")
    let all = try classify([models.sequence, "--every-row"], input: rows)
    #expect(all.text.split(separator: "\n").map { $0.split(separator: "\t")[1] } == ["0", "0", "1"])
    #expect(all.text.hasPrefix("stdin:0\t0\t0.8808\n"), "\(all.text)")
    // Each file begins anew.
    let one = try file("one.csv", Array("0,3\n".utf8)), two = try file("two.csv", Array("3,0\n".utf8))
    let both = try classify([models.sequence, one, two])
    #expect(both.text.split(separator: "\n").map { $0.split(separator: "\t")[2] } == ["0.9526", "0.9526"])
    let array = array("<f4", "(2, 2)", [0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0])
    #expect(try classify([models.sequence], input: array).text == "stdin\t0\t0.7311\n")
  }

  @Test func whatCannotBeClassifiedIsNamed() throws {
    let good = try file("good.csv", Array("0,3\n".utf8)), bad = try file("bad.csv", Array("0,3\n1,x\n".utf8))
    let stopped = try classify([models.sequence, good, bad, good])
    #expect(stopped.code == 65 && stopped.text.split(separator: "\n").count == 1)
    #expect(stopped.talk.contains("\(bad)\": line 2, column 3: found \"x\""), "\(stopped.talk)")
    let skipped = try classify([models.sequence, good, bad, good, "--skip-bad-files"])
    #expect(skipped.code == 0 && skipped.text.split(separator: "\n").count == 2 && skipped.talk.contains(bad))
    #expect(try classify([models.sequence], input: []).talk.contains("no row"))
    #expect(try classify([models.sequence], input: Array("nan,1\n".utf8)).talk.contains("row 0: found a number"))
    #expect(try classify([models.sequence, "/no/such/file"]).code == 66)
    #expect(try classify([models.sequence, "--resize"], input: Array("1,2\n".utf8)).code == 64)
    #expect(try classify([models.sequence, "--output-name", "z"], input: Array("1,2\n".utf8)).code == 64)
    #expect(try classify([TestModels.shared.language], input: Array("1,2\n".utf8)).code == 64)
    #expect(try classify([models.sequence, "-", "-"]).code == 64)
    let broken: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]
    let picture = try classify([models.picture], input: broken)
    #expect(picture.code == 65 && picture.talk.contains("end of the file in a chunk"), "\(picture.talk)")
    let array = try classify([models.picture], input: [0x93] + Array("NUMPY".utf8) + [1, 0, 255, 255])
    #expect(array.code == 65 && !array.talk.isEmpty)
  }

  @Test func helpTeaches() throws {
    let help = try classify(["--help"])
    #expect(help.code == 0 && help.text.contains("--top 3") && help.text.contains("PGM"))
  }
}
