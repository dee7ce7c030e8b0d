// SPDX-License-Identifier: Apache-2.0
// Every verb once with what is right, and each exit code with what is wrong.

import Foundation
import FunesConvert
import Testing

@Suite struct CommandTests {
  private let models = TestModels.shared

  @Test(arguments: ["convert", "inspect", "run", "generate", "embed", "compare", "report", "eval", "verify", "bench"])
  func helpTeachesWithAnExample(verb: String) throws {
    let help = try Shell.funes([verb, "--help"])
    #expect(help.code == 0 && help.text.contains("funes \(verb) "))
  }

  /// A verb is parsed by itself, but what it does not know is the whole command's.
  @Test func theVersionIsThatOfEveryVerb() throws {
    let version = try Shell.funes(["--version"])
    for verb in ["run", "bench"] {
      let found = try Shell.funes([verb, "--version"])
      #expect(found.code == 0 && found.bytes == version.bytes)
    }
  }

  @Test func theExitCodesAreThoseThatHelpNames() throws {
    let folder = try Folder()
    try Data("no model at all, but long enough to be looked at: ".utf8 + [UInt8](repeating: 0, count: 200))
      .write(to: URL(fileURLWithPath: folder.path("broken")))
    try Data().write(to: URL(fileURLWithPath: folder.path("empty")))
    try Data("a".utf8).write(to: URL(fileURLWithPath: folder.path("letter")))
    try Data([0x61, 0xFC]).write(to: URL(fileURLWithPath: folder.path("latin")))
    let cases: [(code: Int32, arguments: [String], says: String)] = [
      (64, ["run"], "Missing expected argument"),
      (64, ["run"], "Usage: funes run [<options>] <model>"),
      (64, ["run", "model.funes", "--bogus"], "Unknown option '--bogus'"),
      (64, ["bench", "--bogus"], "Usage: funes bench [<options>]"),
      (64, ["run", models.floats, "--chunk", "0"], "--chunk"),
      (64, ["run", models.floats, "--input", "text"], "found an input of floats"),
      (64, ["run", models.floats, "--output", "label"], "--output ids"),
      (64, ["run", models.floats, "--program", "walk"], "found \"walk\", expected \"step\""),
      (64, ["run", models.floats, "--output-name", "z"], "expected \"y\""),
      (64, ["generate", models.floats], "language model"),
      (64, ["generate", models.language, "--top-p", "0"], "--top-p"),
      (64, ["compare", models.floats], "--golden or --against"),
      (64, ["convert"], "checkpoints: found none"),
      (65, ["inspect", folder.path("broken")], "first eight bytes"),
      (65, ["verify", folder.path("broken")], "first eight bytes"),
      (65, ["convert", folder.path("broken")], folder.path("broken")),
      (65, ["generate", models.language, "axb"], "found \"x\" (U+0078)"),
      (66, ["run", folder.path("none")], folder.path("none")),
      (66, ["run", folder.path("")], "found a folder"),
      (66, ["convert", folder.path("none")], folder.path("none")),
      (66, ["eval", models.language, "--text", folder.path("none")], folder.path("none")),
      (66, ["run", models.floats, "--state-in", folder.path("none")], folder.path("none")),
      (73, ["run", models.floats, "--state-out", folder.path("no/such")], "\(folder.path("no"))\" does not exist"),
      (73, ["convert", folder.path("broken"), "-o", folder.path("no/x")], "\(folder.path("no"))\" does not exist"),
      (64, ["generate", models.language, "--max-tokens", "-1"], "found -1, expected 0 to 16777216"),
      (64, ["generate", models.language, "--beams", "9"], "found 9, expected 1 to 8"),
      (64, ["generate", models.language, "--beams", "2", "--temperature", "1"], "expected a search or a draw"),
      (64, ["generate", models.language, "--beams", "2", "--state-out", "s"], "expected one text"),
      (64, ["generate", models.language, "--n-best", "2"], "expected 1 to the number of --beams, 1"),
      (64, ["generate", models.language, "--repetition-penalty", "0"], "--repetition-penalty"),
      (64, ["generate", models.language, "--length-penalty", "-1"], "found -1.0, expected 0 to 10"),
      (64, ["generate", models.language, "--stop", ""], "found an empty string"),
      (64, ["generate", models.language, "a", "--prompt-file", "b"], "expected one of them"),
      (66, ["generate", models.language, "--prompt-file", folder.path("none")], folder.path("none")),
      (65, ["generate", models.language, "--prompt-file", folder.path("latin")], "found bytes that are not utf-8"),
      (64, ["compare", models.floats, "--golden", folder.path("broken"), "--map", "frames"], "port=tensor"),
      (
        64, ["compare", models.floats, "--golden", "g", "--map", "input=x,output=y", "--input", "r"],
        "--input: found --golden"
      ),
      (64, ["compare", models.floats, "--against", "w", "--map", "input=x"], "--map: found no --golden"),
      (
        64, ["compare", models.floats, "--golden", "g", "--map", "input=x", "--recipe", "r"],
        "--recipe: found no --against"
      ),
      (65, ["convert", folder.path("empty")], "is empty"),
      (65, ["run", folder.path("empty")], "is empty"),
      (65, ["inspect", folder.path("empty")], "is empty"),
      (65, ["eval", models.language, "--text", folder.path("empty")], "found 0 symbols"),
      (65, ["eval", models.language, "--text", folder.path("letter")], "found 1 symbol,"),
    ]
    for (code, arguments, says) in cases {
      let found = try Shell.funes(arguments)
      #expect(found.code == code, "\(arguments): \(found.talk)")
      #expect(found.talk.contains(says), "\(arguments): \(found.talk)")
      #expect(found.bytes.isEmpty, "\(arguments): \(found.text)")
    }
  }

  @Test func aGoodModelVerifiesInSilenceAndADamagedOneDoesNot() throws {
    for model in [models.floats, models.language, models.names, models.translator, models.every] {
      let found = try Shell.funes(["verify", model])
      #expect(found.code == 0 && found.talk.isEmpty && found.bytes.isEmpty)
    }
    let folder = try Folder()
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: models.floats)))
    bytes[bytes.count - 70] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path("damaged")))
    let found = try Shell.funes(["verify", folder.path("damaged")])
    #expect(found.code == 65 && found.talk.contains("the stored checksum is 0x"), "\(found.talk)")
    try Data(bytes.dropLast(64)).write(to: URL(fileURLWithPath: folder.path("damaged")))
    let cut = try Shell.funes(["verify", folder.path("damaged")])
    #expect(
      cut.code == 65 && cut.talk.contains("says \(bytes.count) bytes, the file has \(bytes.count - 64);"),
      "\(cut.talk)")
  }

  @Test func noOutputOverwritesAnInput() throws {
    let folder = try Folder()
    let (weights, recipe) = (folder.path("gru.safetensors"), folder.path("r.json"))
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
    #expect(try Shell.funes(["convert", weights, "-o", folder.path("gru.funes"), "--recipe-out", recipe]).code == 0)
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: weights)
    let model = folder.path("gru.funes")
    let cases = [
      ["convert", weights, "-o", weights], ["convert", weights, "-o", folder.path("link")],
      ["convert", weights, "-o", folder.path("./gru.safetensors")],
      ["convert", weights, "-o", folder.path("new"), "--recipe-out", weights],
      ["convert", weights, "-o", folder.path("new"), "--recipe-out", folder.path("./new")],
      ["convert", weights, "--recipe", recipe, "-o", recipe],
      ["convert", weights, "--input", recipe, "-o", recipe],
      ["run", model, "--state-out", model], ["generate", model, "--state-out", model],
    ]
    let names = ["gru.safetensors", "r.json", "gru.funes"]
    let before = try names.map { try Data(contentsOf: URL(fileURLWithPath: folder.path($0))) }
    for arguments in cases {
      let found = try Shell.funes(arguments)
      #expect(found.code == 64 && found.talk.contains("expected a file of its own"), "\(arguments): \(found.talk)")
    }
    #expect(try names.map { try Data(contentsOf: URL(fileURLWithPath: folder.path($0))) } == before)
    #expect(!FileManager.default.fileExists(atPath: folder.path("new")))
  }

  @Test func aLossThatLeavesLittleIsWarnedOf() throws {
    let folder = try Folder()
    let weights = folder.path("gru.safetensors")
    // Weights so large that the state is chaotic.
    try Data(CommandTests.stateDictionary(seed: 1, scale: 80)).write(to: URL(fileURLWithPath: weights))
    let found = try Shell.funes(
      ["convert", weights, "-o", folder.path("m"), "--activations", "8", "--rows", "100"])
    #expect(found.code == 0 && found.talk.contains("dB on 100 random rows, expected 10 dB or more"), "\(found.text)")
  }

  @Test func aFileSaysWhatItWasToldToSay() throws {
    let folder = try Folder()
    let (weights, model) = (folder.path("gru.safetensors"), folder.path("m.funes"))
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
    let told = ["--name", "hourly", "--licence", "MIT", "--source", "a weather station"]
    #expect(try Shell.funes(["convert", weights, "-o", model] + told).code == 0)
    let about = try Shell.funes(["inspect", model, "--json"]).text
    for word in [#""name": "hourly""#, #""licence": "MIT""#, #""source": "a weather station""#] {
      #expect(about.contains(word) || about.contains(word.replacing(": ", with: ":")), "\(about)")
    }
    let long = String(repeating: "x", count: 4097)
    let refused = try Shell.funes(["convert", weights, "-o", folder.path("n.funes"), "--name", long])
    #expect(refused.code != 0 && refused.talk.contains("4,096") || refused.talk.contains("4096"), "\(refused.talk)")
  }

  @Test func aCheckpointIsInspectedByItsTensors() throws {
    let folder = try Folder()
    let weights = folder.path("gru.safetensors")
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
    let text = try Shell.funes(["inspect", weights])
    #expect(text.code == 0 && text.text.contains("rnn.weight_ih_l0  f32   (24, 3)"), "\(text.text)\(text.talk)")
    #expect(text.text.contains("4 tensors, 312 elements"))
    let json = try Shell.funes(["inspect", weights, "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    let tensors = try #require(object["tensors"] as? [[String: Any]])
    #expect(tensors.first?["name"] as? String == "rnn.weight_ih_l0" && tensors.first?["shape"] as? [Int] == [24, 3])
  }

  @Test func aMapMustNameAnOutputOnce() throws {
    let folder = try Folder()
    let golden = folder.path("g.safetensors")
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: golden))
    let cases: [(code: Int32, map: String, says: String)] = [
      (64, "x=rnn.weight_ih_l0", "found no output, expected one or more of step.y"),
      (64, "x=rnn.weight_ih_l0,z=a", "step.y"),
      (64, "x=rnn.weight_ih_l0,input=rnn.weight_ih_l0", "twice"),
      (65, "x=rnn.weight_ih_l0,y=none", "the file has rnn.weight_ih_l0, "),
    ]
    for (code, map, says) in cases {
      let found = try Shell.funes(["compare", models.floats, "--golden", golden, "--map", map, "--limit", "snr 1"])
      #expect(found.code == code && found.talk.contains(says), "\(map): \(found.talk)")
    }
  }

  @Test func inspectionNamesEverything() throws {
    let text = try Shell.funes(["inspect", models.every, "--tensors"])
    #expect(text.code == 0)
    for word in ["fingerprint", "program step", "program encode", "lstm.p", "feedback", "generation", "window.ring"] {
      #expect(text.text.contains(word), "\(word)")
    }
    let json = try Shell.funes(["inspect", models.every, "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    #expect((object["programs"] as? [Any])?.count == 2)
    #expect((object["constants"] as? [Any])?.isEmpty == false)
  }

  @Test func noNameSteersTheTerminal() throws {
    let folder = try Folder()
    var graph = TestModels.floatGraph()
    let steering = "\u{1B}]0;title\u{7}\u{9B}2J"
    graph.metadata["source"] = steering
    graph.programs[0].name = steering
    try Data(try Converter().convert(graph).bytes).write(to: URL(fileURLWithPath: folder.path("m")))
    let inspected = try Shell.funes(["inspect", folder.path("m"), "--tensors"])
    let refused = try Shell.funes(["run", folder.path("m"), "--program", "none"])
    #expect(inspected.code == 0 && refused.code == 64 && refused.talk.contains("title"))
    for text in [inspected.text, refused.talk] {
      #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !(0...0x1F ~= $0.value || 0x7F...0x9F ~= $0.value) })
    }
  }

  @Test func aCheckpointIsConvertedComparedAndRefusedForAnother() throws {
    let folder = try Folder()
    let (weights, model) = (folder.path("gru.safetensors"), folder.path("gru.funes"))
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
    let converted = try Shell.funes(["convert", weights, "-o", model, "--recipe-out", folder.path("r.json")])
    #expect(converted.code == 0, "\(converted.talk)")
    #expect(converted.text.contains("rnn") && converted.text.contains("wrote   \(model)"))
    #expect(try Shell.funes(["verify", model]).code == 0)
    #expect(try Shell.funes(["run", model], input: "0.1,0.2,0.3\n").code == 0)
    #expect(converted.text.contains("on 64 random rows; --input gives real ones"))

    let compared = try Shell.funes(["compare", model, "--against", weights, "--limit", "snr 30"])
    #expect(compared.code == 0, "\(compared.talk)")
    for gate in ["r", "z", "n"] { #expect(compared.text.contains("  \(gate)  ")) }
    let exceeded = try Shell.funes(["compare", model, "--against", weights, "--limit", "snr 300"])
    #expect(
      exceeded.code == 1 && exceeded.talk.contains("expected at least 300.0 dB") && exceeded.text == compared.text)

    let other = folder.path("other.safetensors")
    try Data(CommandTests.stateDictionary(seed: 2)).write(to: URL(fileURLWithPath: other))
    let refused = try Shell.funes(["compare", model, "--against", other])
    #expect(refused.code == 65 && refused.talk.contains("checkpoint.weights.sha256"))
    let again = try Shell.funes(["convert", weights, "-o", folder.path("no/such/x"), "--json"])
    #expect(again.code == 73 && again.bytes.isEmpty)
    let json = try Shell.funes(["convert", weights, "-o", model, "--json", "--activations", "8"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    #expect(object["isStreamingProven"] as? Bool == true)
  }

  @Test func aLongStreamIsHeldAgainstItsCheckpoint() throws {
    let folder = try Folder()
    let (weights, model) = (folder.path("gru.safetensors"), folder.path("gru.funes"))
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
    #expect(try Shell.funes(["convert", weights, "-o", model]).code == 0)
    let arguments = ["compare", model, "--against", weights, "--stream", "--steps", "500"]
    let found = try Shell.funes(arguments + ["--limit", "state-snr 20", "--limit", "cosine 0.9"])
    #expect(found.code == 0 && found.text.contains("500 steps of each case"), "\(found.talk)")
    for stream in ["silence", "full scale", "white noise", "saturating steps", "decay after an impulse"] {
      #expect(found.text.contains("\n\(stream)  "), "\(stream)")
    }
    let exceeded = try Shell.funes(arguments + ["--limit", "state-snr 300", "--limit", "snr 1"])
    #expect(exceeded.code == 1 && exceeded.text == found.text)
    #expect(exceeded.talk.contains("white noise, state \"") && !exceeded.talk.contains("output \""))
    let json = try Shell.funes(arguments + ["--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    let cases = try #require(object["cases"] as? [[String: Any]])
    #expect(object["steps"] as? Int == 500 && cases.count == 5)
    let signal = try #require((cases[2]["signals"] as? [[String: Any]])?.first)
    #expect(
      signal.keys.sorted() == ["difference", "growth", "isFinite", "isGrowing", "isState", "name", "tenths"])
    #expect((signal["tenths"] as? [Any])?.count == 10)
    for (options, says) in [
      (["--steps", "99"], "found 99, expected 100 to"), (["--golden", "g"], "found --golden"),
    ] {
      let refused = try Shell.funes(arguments + options)
      #expect(refused.code == 64 && refused.talk.contains(says), "\(refused.talk)")
    }
    let alone = ["compare", model, "--against", weights]
    #expect(try Shell.funes(alone + ["--steps", "500"]).talk.contains("found no --stream"))
    #expect(try Shell.funes(alone + ["--limit", "state-snr 4"]).talk.contains("state-snr without --stream"))
    #expect(try Shell.funes(["compare", model, "--stream"]).talk.contains("found no --against"))
  }

  @Test func evaluationScoresATextTheSameFromIDs() throws {
    let folder = try Folder()
    try Data("abcüab\nabc\n".utf8).write(to: URL(fileURLWithPath: folder.path("t")))
    try Data("0 1 2 3 0 1 4 0 1 2 4".utf8).write(to: URL(fileURLWithPath: folder.path("i")))
    func figures(_ option: String, _ name: String) throws -> [String: Any] {
      let found = try Shell.funes(["eval", models.language, option, folder.path(name), "--json"])
      #expect(found.code == 0, "\(found.talk)")
      return try #require(try JSONSerialization.jsonObject(with: Data(found.bytes)) as? [String: Any])
    }
    let (text, ids) = (try figures("--text", "t"), try figures("--ids", "i"))
    #expect(text["symbols"] as? Int == 10)
    try Data("0".utf8).write(to: URL(fileURLWithPath: folder.path("one")))
    let nothing = try Shell.funes(["eval", models.language, "--ids", folder.path("one")])
    #expect(nothing.code == 65 && nothing.talk.contains("found 1 symbol,") && nothing.bytes.isEmpty, "\(nothing.talk)")
    for id in ["5", "-1"] {
      try Data("0 1 \(id)".utf8).write(to: URL(fileURLWithPath: folder.path("bad")))
      let refused = try Shell.funes(["eval", models.language, "--ids", folder.path("bad")])
      #expect(refused.code == 65 && refused.talk.contains("found \(id), expected an id in 0...4"), "\(refused.talk)")
    }
    let nats = try #require((text["int8"] as? [String: Any])?["nats"] as? Double)
    #expect(nats > 0 && nats == (ids["int8"] as? [String: Any])?["nats"] as? Double)
  }

  @Test func linesAreTextsOfTheirOwn() throws {
    let folder = try Folder()
    func nats(_ option: String, _ content: String, _ more: [String] = []) throws -> Double {
      try Data(content.utf8).write(to: URL(fileURLWithPath: folder.path("t")))
      let found = try Shell.funes(["eval", models.language, option, folder.path("t"), "--json"] + more)
      #expect(found.code == 0, "\(found.talk)")
      let object = try JSONSerialization.jsonObject(with: Data(found.bytes)) as? [String: Any]
      let symbols = try #require(object?["symbols"] as? Int)
      return try #require((object?["int8"] as? [String: Any])?["nats"] as? Double) * Double(symbols)
    }
    let apart = try nats("--ids", "0 1 2 3 0\n") + nats("--ids", "4 1 2\n")
    #expect(try abs(nats("--ids", "0 1,2 3 0\n4 1 2\n", ["--lines"]) - apart) < 1e-9)
    #expect(
      abs(try nats("--text", "abcüa\nbcü\n", ["--lines"]) - nats("--ids", "0 1 2 3 0\n1 2 3", ["--lines"])) < 1e-9)
    try Data("0 1\n2 x\n".utf8).write(to: URL(fileURLWithPath: folder.path("t")))
    let refused = try Shell.funes(["eval", models.language, "--ids", folder.path("t"), "--lines"])
    #expect(refused.code == 65 && refused.talk.contains("line 2, column 3: found \"x\", expected an id"))
  }

  @Test func aTextBeyondThePositionsSaysWhere() throws {
    let folder = try Folder()
    var b = TestGraphBuilder(name: "positions")
    let id = b.value("id", [1], element: .id)
    let row = b.add("row", .embedding(table: b.matrix("table", 5, 8)), [id], shape: [8])
    let position = b.state("position", .counter, limit: 71)
    let placed = b.add("placed", .position(table: b.matrix("places", 70, 8), position: position), [row], shape: [8])
    let scores = b.add("scores", .linear(weight: b.matrix("out", 5, 8), bias: nil), [placed], shape: [5])
    let run = b.run()
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "id", value: id, classes: 5)],
        outputs: [Graph.Port(name: "scores", value: scores)], runs: [run], resets: [])
    ]
    let (model, ids) = (folder.path("m.funes"), folder.path("ids"))
    try Data(try Converter().convert(b.graph).bytes).write(to: URL(fileURLWithPath: model))
    let long = [String](repeating: "1", count: 72).joined(separator: " ")
    let cases: [(content: String, options: [String], says: String)] = [
      (
        long, [],
        "row 70: found more rows in one sequence than the model has positions or memory for, expected at most 70;"
      ),
      (long, [], "--limit scores fewer symbols, --lines begins anew with each line"),
      ("0 1\n" + long, ["--lines"], "sequence 1, row 70: found more rows"),
      (long.prefix(132) + "7 1 1", [], "row 66: found an id out of range"),
    ]
    for (content, options, says) in cases {
      try Data(content.utf8).write(to: URL(fileURLWithPath: ids))
      let found = try Shell.funes(["eval", model, "--ids", ids] + options)
      #expect(found.code == 65 && found.talk.contains(says), "\(found.code) \(found.talk)")
    }
    try Data(long.utf8).write(to: URL(fileURLWithPath: ids))
    #expect(try Shell.funes(["eval", model, "--ids", ids, "--limit", "71"]).code == 0)
  }

  /// A GRU of 3 inputs and 8 units, as PyTorch names it, in safetensors.
  static func stateDictionary(seed: Int, scale: Float = 1) -> [UInt8] {
    let shapes = [
      ("rnn.weight_ih_l0", [24, 3]), ("rnn.weight_hh_l0", [24, 8]), ("rnn.bias_ih_l0", [24]), ("rnn.bias_hh_l0", [24]),
    ]
    var header: [String] = []
    var data: [UInt8] = []
    for (name, shape) in shapes {
      let count = shape.reduce(1, *)
      let values = (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 1009) / 1009 - 0.5 }.map { $0 * scale }
      header.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(data.count),\(data.count + 4 * count)]}")
      data += littleEndian(values)
    }
    var text = Array("{\(header.joined(separator: ","))}".utf8)
    while text.count % 8 != 0 { text.append(0x20) }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
  }
}
