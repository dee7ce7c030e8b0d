// SPDX-License-Identifier: Apache-2.0
// The page of a report: well-formed, whole, with the numbers of `compare`; its JSON; what is refused.

import Foundation
import Funes
import FunesConvert
import Testing

@testable import FunesCommand

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Elements of a document and its text; nil where it is not well-formed.
private final class Markup: NSObject, XMLParserDelegate {
  var elements: [String] = []
  var attributes: [String] = []
  var text = ""

  init?(_ document: String) {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes found: [String: String] = [:]
  ) {
    elements.append(name)
    attributes += found.map { "\($0.key)=\($0.value)" }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite struct ReportCommandTests {
  private static func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// Two LSTM layers or a GRU of 3 inputs, 8 units and 5 outputs, as PyTorch names them.
  private static func checkpoint(_ kind: String) -> [UInt8] {
    let gates = kind == "lstm" ? 4 : 3
    var shapes: [(String, [Int])] = []
    for layer in 0..<(kind == "lstm" ? 2 : 1) {
      shapes += [
        ("rnn.weight_ih_l\(layer)", [8 * gates, layer == 0 ? 3 : 8]), ("rnn.weight_hh_l\(layer)", [8 * gates, 8]),
        ("rnn.bias_ih_l\(layer)", [8 * gates]), ("rnn.bias_hh_l\(layer)", [8 * gates]),
      ]
    }
    return tensors(shapes + [("out.weight", [5, 8]), ("out.bias", [5])])
  }

  /// Tensors of numbers of no pattern in −½…½, as safetensors.
  private static func tensors(_ shapes: [(String, [Int])]) -> [UInt8] {
    var header: [String] = []
    var data: [UInt8] = []
    for (index, (name, shape)) in shapes.enumerated() {
      let count = shape.reduce(1, *)
      let values = (0..<count).map { Float(($0 * 7919 + index * 104_729) % 1009) / 1009 - 0.5 }
      header.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(data.count),\(data.count + 4 * count)]}")
      data += littleEndian(values)
    }
    var text = Array("{\(header.joined(separator: ","))}".utf8)
    while text.count % 8 != 0 { text.append(0x20) }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
  }

  /// Every path of members in a document, elements of arrays as one.
  private static func keys(_ value: Any, _ path: String = "") -> Set<String> {
    if let object = value as? [String: Any] {
      return object.reduce(into: []) { $0.formUnion(keys($1.value, path.isEmpty ? $1.key : "\(path).\($1.key)")) }
    }
    if let array = value as? [Any], !array.isEmpty {
      return array.reduce(into: []) { $0.formUnion(keys($1, path + "[]")) }
    }
    return [path]
  }

  private struct Made {
    var folder: Folder
    var arguments: [String]
  }

  private static func make(_ kind: String) throws -> Made {
    let folder = try Folder()
    let (weights, model) = (folder.path("\(kind).safetensors"), folder.path("\(kind).funes"))
    try write(checkpoint(kind), weights)
    let converted = try Shell.funes(["convert", weights, "-o", model, "--name", "a <\(kind)> & | more"])
    #expect(converted.code == 0, "\(converted.talk)")
    let file = try ModelFile(path: model)
    let input = withExtendedLifetime(file) { file.model.programs[0].inputs[0].name }
    try write(tensors([(input, [90, 3])]), folder.path("rows"))
    return Made(
      folder: folder,
      arguments: ["report", model, "--against", weights, "--input", folder.path("rows"), "--steps", "300"])
  }

  @Test(arguments: ["lstm", "gru"]) func thePageIsWholeAndItsNumbersAreThoseOfCompare(kind: String) throws {
    let made = try Self.make(kind)
    let path = made.folder.path("page.html")
    let found = try Shell.funes(made.arguments + ["-o", path])
    #expect(found.code == 0 && found.talk.isEmpty, "\(found.talk)")
    #expect(found.text.contains(" dB, largest error") && found.text.contains("wrote   \(path)"))
    let html = try String(contentsOfFile: path, encoding: .utf8)
    let markdown = try String(contentsOfFile: made.folder.path("page.md"), encoding: .utf8)
    let page = try #require(Markup(html))
    #expect(html.hasPrefix("<!DOCTYPE html>") && page.text.contains("a <\(kind)> & | more: int8 beside float"))
    #expect(markdown.hasPrefix("# a &lt;\(kind)> &amp; \\| more: int8 beside float\n"))
    // Nothing comes from elsewhere, nothing runs.
    for element in ["script", "link", "img", "iframe"] { #expect(!page.elements.contains(element)) }
    #expect(!html.contains("url(") && !html.contains("@import"))
    let links = page.attributes.filter { $0.hasPrefix("href=") || $0.hasPrefix("src=") }
    #expect(links.count == 5 && links.allSatisfy { $0.hasPrefix("href=#") })
    #expect(page.elements.count { $0 == "svg" } == 4)
    #expect(html.contains("prefers-color-scheme: dark"))
    for axis in ["SNR, dB", "steps since the reset", "share, %", "largest over median"] {
      #expect(page.text.contains(axis), "\(axis)")
    }

    let compared = try Shell.funes(
      ["compare"] + made.arguments[1..<6] + ["--json"])
    let layers = try #require(try JSONSerialization.jsonObject(with: Data(compared.bytes)) as? [[String: Any]])
    #expect(layers.count { $0["gate"] as? String != nil } == (kind == "lstm" ? 10 : 3))
    let json = try Shell.funes(made.arguments + ["--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    let told = try #require(object["layers"] as? [[String: Any]])
    #expect(told.count == layers.count)
    for (layer, expected) in zip(told, layers) {
      #expect(layer["difference"] as? NSDictionary == expected["difference"] as? NSDictionary)
      #expect(layer["gate"] as? String == expected["gate"] as? String)
      let name = try #require(layer["layer"] as? String)
      let snr = try #require((layer["difference"] as? [String: Any])?["snr"] as? Double)
      let gate = (layer["gate"] as? String).map { $0 == "c" ? "state c" : "gate \($0)" }
      #expect(page.text.contains(gate.map { "\(name), \($0)" } ?? name))
      let row = "| \(name) | "
      let lines = markdown.split(separator: "\n").filter {
        $0.contains(row) && $0.contains("| \(gate ?? "") |") && $0.contains("| \(Decimal.fixed(snr, digits: 1)) |")
      }
      #expect(!lines.isEmpty, "\(name) \(gate ?? "")")
    }
  }

  @Test func theJSONHasItsKeys() throws {
    let made = try Self.make("lstm")
    let before = try FileManager.default.contentsOfDirectory(atPath: made.folder.url.path)
    let found = try Shell.funes(made.arguments + ["--json"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: made.folder.url.path) == before)
    let object = try JSONSerialization.jsonObject(with: Data(found.bytes))
    let figures = ["agreement", "isExact", "lowestCosine", "maxAbs", "rows", "snr"]
    func all(_ path: String, _ names: [String]) -> [String] { names.map { "\(path).\($0)" } }
    let columns = ["largest", "median", "ratio", "worst[].column", "worst[].largest"]
    let expected =
      all(
        "model",
        [
          "bytesPerWeight", "checkpoints[]", "file", "fileBytes", "fingerprint", "name", "precisions[].matrices",
          "precisions[].name", "precisions[].weights", "rows", "sessionBytes", "stateBytes", "weightBytes", "weights",
          "metadata.activations", "metadata.checkpoint.weights.sha256", "metadata.converter",
        ]) + all("inputs[]", ["isRandom", "program", "rows", "sequences"])
      + all("outputs[]", ["decisions", "largestMagnitude", "lastDecisions", "name", "program", "width"])
      + all("outputs[].difference", figures) + ["language", "search"]
      + all("errorOverTime", ["program", "repetitions", "steps[]"])
      + all("errorOverTime.signals[]", ["isState", "name"]) + all("errorOverTime.signals[].parts[]", figures)
      + all("errorOverTime.signals[].whole", figures)
      + all("layers[]", ["gate", "layer", "output", "program", "value"]) + all("layers[].difference", figures)
      + all("matrices[]", ["bytes", "cols", "layer", "name", "program", "rows"])
      + all("matrices[].weights", columns) + all("matrices[].activations", columns)
      + all("costs[]", ["bytes", "kind", "layer", "multiplications", "nanoseconds", "program"])
      + all(
        "times[]",
        ["calls", "clockNanoseconds", "isa", "nanoseconds", "processor", "program", "rows", "threads"])
    #expect(Self.keys(object) == Set(expected), "\(Self.keys(object).symmetricDifference(expected).sorted())")
  }

  @Test func aSearchIsShownAsItWasFound() throws {
    let made = try Self.make("lstm")
    let (model, weights) = (made.folder.path("wide.funes"), made.arguments[3])
    let rows = try #require(made.arguments.firstIndex(of: "--input")).advanced(by: 1)
    let converted = try Shell.funes([
      "convert", weights, "-o", model, "--calibrate", made.arguments[rows], "--target", "max-abs 0.0005", "--json",
    ])
    try #require(converted.code == 0, "\(converted.talk)")
    let plan = try #require(
      (try JSONSerialization.jsonObject(with: Data(converted.bytes)) as? [String: Any])?["search"] as? [String: Any])
    let path = made.folder.path("page.html")
    let arguments = ["report", model] + made.arguments[2...]
    #expect(try Shell.funes(arguments + ["-o", path]).code == 0)
    let page = try #require(Markup(try String(contentsOfFile: path, encoding: .utf8)))
    #expect(page.elements.count { $0 == "svg" } == 5)
    for words in ["Goal max-abs 0.0005, reached", "chosen", "bytes a weight, with scales", "What each matrix buys"] {
      #expect(page.text.contains(words), "\(words)")
    }
    #expect(!page.text.contains(made.folder.url.path), "the page names folders of this machine")
    let json = try Shell.funes(arguments + ["--json"])
    let told = try #require(
      (try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])?["search"] as? [String: Any])
    #expect(told["chosen"] as? Int == plan["chosen"] as? Int && told["goal"] as? String == plan["goal"] as? String)
    let points = try #require(told["points"] as? [[String: Any]])
    let found = try #require(plan["points"] as? [[String: Any]])
    #expect(points.map { $0["matrix"] as? String } == found.map { $0["matrix"] as? String } && points.count > 2)
    for (point, found) in zip(points, found) {
      let (told, expected) = (point["snr"] as? Double ?? .nan, found["snr"] as? Double ?? .nan)
      #expect(abs(told - expected) < 1e-5)
    }
  }

  @Test func randomRowsAreCalledSo() throws {
    let made = try Self.make("gru")
    let path = made.folder.path("page.html")
    let arguments = Array(made.arguments[..<4]) + ["--steps", "200", "-o", path]
    #expect(try Shell.funes(arguments).text.contains("on 256 random rows"))
    let html = try String(contentsOfFile: path, encoding: .utf8)
    #expect(html.contains("256 random rows in 1 sequence") && html.contains("Random rows are harder than real ones"))
    let few = try Shell.funes(arguments + ["--rows", "30"])
    #expect(few.text.contains("on 30 random rows"))
  }

  @Test func aTextIsReadThroughTheVocabularyAndScored() throws {
    let folder = try Folder()
    // Four characters, embedded, through a GRU to scores of the next.
    let (weights, recipe) = (folder.path("w.safetensors"), folder.path("r.json"))
    try Self.write(
      Self.tensors([
        ("e", [4, 6]), ("x", [24, 6]), ("h", [24, 8]), ("bx", [24]), ("bh", [24]), ("o", [4, 8]), ("ob", [4]),
      ]), weights)
    let text = """
      {"funes_recipe": 1, "name": "letters", "checkpoints": {"weights": "w.safetensors"},
       "texts": [{"name": "letters", "kind": "characters", "symbols": ["a", "b", "c", "\\n"]}],
       "programs": [{"name": "step",
        "inputs": [{"name": "letter", "classes": 4, "text": "letters"}],
        "ops": [
         {"op": "embedding", "input": "letter", "output": "e", "weight": "e"},
         {"op": "gru", "input": "e", "output": "h", "weight_x": "x", "weight_h": "h", "bias_x": "bx", "bias_h": "bh"},
         {"op": "linear", "input": "h", "output": "scores", "weight": "o", "bias": "ob"}],
        "outputs": [{"name": "scores", "text": "letters"}]}]}
      """
    try Self.write(Array(text.utf8), recipe)
    let model = folder.path("m.funes")
    let converted = try Shell.funes(["convert", weights, "--recipe", recipe, "-o", model])
    try #require(converted.code == 0, "\(converted.talk)")
    let letters = String(repeating: "abcab\ncba", count: 20)
    try Self.write(Array(letters.utf8), folder.path("text"))
    let arguments = ["report", model, "--against", weights, "--recipe", recipe, "--steps", "200"]
    let found = try Shell.funes(arguments + ["--input", folder.path("text"), "--json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(found.bytes)) as? [String: Any], "\(found.talk)")
    let language = try #require(object["language"] as? [String: Any])
    let scored = try Shell.funes(
      ["eval", model, "--against", weights, "--recipe", recipe, "--text", folder.path("text"), "--json"])
    let expected = try #require(try JSONSerialization.jsonObject(with: Data(scored.bytes)) as? [String: Any])
    #expect(language["symbols"] as? Int == expected["symbols"] as? Int)
    for side in ["int8", "float"] {
      let nats = (language[side] as? [String: Any])?["nats"] as? Double
      #expect(nats != nil && nats == (expected[side] as? [String: Any])?["nats"] as? Double)
    }
    #expect(language["agreement"] as? Double == expected["agreement"] as? Double)
    let decisions = (object["outputs"] as? [[String: Any]])?.first?["decisions"] as? [String: Any]
    #expect(decisions?["rows"] as? Int == 180)
    // A comparison of layers sees the same text.
    let compared = try Shell.funes(
      ["compare", model, "--against", weights, "--recipe", recipe, "--input", folder.path("text"), "--json"])
    let layers = try JSONSerialization.jsonObject(with: Data(compared.bytes)) as? [[String: Any]]
    let difference = (object["outputs"] as? [[String: Any]])?.first?["difference"] as? NSDictionary
    #expect(difference != nil && layers?.last?["difference"] as? NSDictionary == difference, "\(compared.talk)")
    // Two files are two sequences, in a report as in a comparison.
    try Self.write(Array("cab\n".utf8), folder.path("more"))
    let both = ["--input", folder.path("text"), "--input", folder.path("more"), "--json"]
    let twice = try Shell.funes(arguments + both)
    let whole = try #require(try JSONSerialization.jsonObject(with: Data(twice.bytes)) as? [String: Any])
    let decided = (whole["outputs"] as? [[String: Any]])?.first?["decisions"] as? [String: Any]
    #expect(decided?["rows"] as? Int == 184, "\(twice.talk)")
    let twiceCompared = try Shell.funes(["compare", model, "--against", weights, "--recipe", recipe] + both)
    let last = (try JSONSerialization.jsonObject(with: Data(twiceCompared.bytes)) as? [[String: Any]])?.last
    let measured = (whole["outputs"] as? [[String: Any]])?.first?["difference"] as? NSDictionary
    #expect(measured != nil && last?["difference"] as? NSDictionary == measured, "\(twiceCompared.talk)")
    try Self.write(Array("abx".utf8), folder.path("bad"))
    let refused = try Shell.funes(arguments + ["--input", folder.path("bad"), "--json"])
    #expect(refused.code == 65 && refused.talk.contains("found \"x\"") && refused.bytes.isEmpty, "\(refused.talk)")
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let made = try Self.make("gru")
    let (folder, model, weights) = (made.folder, made.arguments[1], made.arguments[3])
    try Self.write(Array("some text".utf8), folder.path("text"))
    try Self.write([], folder.path("empty"))
    try Self.write(Self.tensors([("other", [4, 3])]), folder.path("other"))
    try Self.write(Self.checkpoint("lstm"), folder.path("lstm"))
    let start = ["report", model, "--against", weights]
    let cases: [(code: Int32, arguments: [String], says: String)] = [
      (64, ["report", model], "expected --against"),
      (64, start + ["--rows", "0"], "--rows: found 0"),
      (64, start + ["--steps", "99"], "--steps: found 99"),
      (64, start + ["-o", folder.path("page.txt")], "ends in .html"),
      (64, start + ["--program", "walk"], "found \"walk\""),
      (65, start + ["--input", folder.path("text"), "-o", folder.path("p.html")], "found \"some\", expected a number"),
      (65, start + ["--input", folder.path("empty"), "-o", folder.path("p.html")], "found no rows"),
      (65, start + ["--input", folder.path("other"), "-o", folder.path("p.html")], "found no rows for input"),
      (65, ["report", model, "--against", folder.path("lstm"), "-o", folder.path("p.html")], "sha256"),
      (66, start + ["--input", folder.path("none"), "-o", folder.path("p.html")], folder.path("none")),
      (73, start + ["-o", folder.path("no/p.html")], "does not exist"),
    ]
    for (code, arguments, says) in cases {
      let found = try Shell.funes(arguments)
      #expect(found.code == code && found.talk.contains(says), "\(arguments): \(found.code) \(found.talk)")
      #expect(found.bytes.isEmpty && !FileManager.default.fileExists(atPath: folder.path("p.html")))
    }
  }

  @Test func namesCannotBreakOutOfThePage() throws {
    let name = "<script>&\"'\u{0}\u{1B}|*_`[x](y)\n# no"
    var page = Page(title: name, lead: name)
    var section = PageSection(id: "a", title: name, lead: name)
    var table = PageTable(name, [name, "#\(name)"])
    table.rows = [[name, "1"]]
    section.parts = [
      .text(name), .verdict(name), .facts([(name, name)]), .table(table),
      .lines(
        LinePlot(
          caption: name, x: PlotAxis(title: name, isLogarithmic: true), y: PlotAxis(title: name),
          series: [.init(name: name, points: [(100, 3), (200, .infinity), (300, .nan)])], marks: [(200, 4, name)])),
      .bars(
        BarPlot(
          caption: name, axis: PlotAxis(title: name), series: [name, name],
          bars: [.init(name: name, values: [3, nil], labels: [name, name])])),
    ]
    page.sections = [section]
    let markup = try #require(Markup(page.html))
    #expect(!markup.elements.contains("script") && !page.html.contains("nan") && !page.html.contains("inf\""))
    #expect(!page.markdown.contains("<script") && !page.markdown.contains("\n# no"))
    let rows = page.markdown.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count == 3)
  }

  @Test func axesHaveRoundNumbers() {
    func ticks(_ values: [Double], _ axis: PlotAxis, fromZero: Bool = false) -> [Double] {
      PlotScale(axis, holding: values, fromZero: fromZero, begin: 0, end: 100).ticks
    }
    #expect(ticks([3, 47], PlotAxis(title: ""), fromZero: true) == [0, 10, 20, 30, 40, 50])
    #expect(ticks([40.6, 41.6], PlotAxis(title: "", leastSpan: 20)) == [30, 35, 40, 45, 50, 55])
    #expect(ticks([100, 3000], PlotAxis(title: "", isLogarithmic: true)) == [100, 200, 500, 1000, 2000, 5000])
    #expect(ticks([100, 100_000], PlotAxis(title: "", isLogarithmic: true)) == [100, 1000, 10_000, 100_000])
    for values in [[], [0], [5, 5], [-1e-300, 0], [Double.nan, .infinity]] {
      let scale = PlotScale(PlotAxis(title: ""), holding: values, begin: 0, end: 100)
      #expect((0...100).contains(scale.place(values.first ?? 1).isNaN ? 0 : scale.place(values.first ?? 1)))
    }
    #expect([100, 1500, 20_000, 1e6, 0.25, -3].map(PlotScale.label) == ["100", "1500", "20k", "1M", "0.25", "-3"])
  }
}
