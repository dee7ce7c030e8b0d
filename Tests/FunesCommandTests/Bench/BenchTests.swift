// SPDX-License-Identifier: Apache-2.0
// `funes bench`: what it prints hangs together, and what cannot be timed is said. How fast a machine is, no test asks.

import Foundation
import Funes
import FunesConvert
import FunesTestSupport
import Testing

@testable import FunesCommand

@Suite struct BenchTests {
  private static let quick = ["--warm-up", "0", "--seconds", "0.02", "--json"]

  /// What the command printed, by key.
  private func figures(_ arguments: [String], isa: String? = nil) throws -> [String: Any] {
    let result = try Shell.funes(
      ["bench"] + arguments + BenchTests.quick, environment: isa.map { ["FUNES_ISA": $0] } ?? [:])
    try #require(result.code == 0, "\(arguments): \(result.talk)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.bytes)) as? [String: Any])
  }

  /// Bytes of all matrices of a model's file, as inspect lists them.
  private func matrixBytes(_ path: String) throws -> Int {
    let result = try Shell.funes(["inspect", path, "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(result.bytes)) as? [String: Any])
    let constants = try #require(object["constants"] as? [[String: Any]])
    return constants.filter { $0["isMatrix"] as? Bool == true }.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
  }

  @Test(arguments: ["lstm:8,20,2", "gru:8,20,1", "rnn:1,1,1", "tcn:8,16,3", "tcn:8,16,2,1"])
  func figuresOfShapesHangTogether(shape: String) throws {
    for bits in [8, 16] {
      let found = try figures([shape, "--activations", "\(bits)", "--isa", "scalar"])
      func number(_ key: String) throws -> Double { try #require(found[key] as? Double, "\(key)") }
      #expect(found["shape"] as? String == shape && found["isa"] as? String == "scalar")
      #expect(found["threads"] as? Int == 1 && found["activations"] as? Int == bits)
      #expect(found["version"] as? String == Converter.version)
      let times = try ["min_us", "median_us", "p99_us", "p999_us"].map(number)
      #expect(times == times.sorted() && times[0] > 0)
      #expect(try number("steps") >= 3 && number("steps_per_sample") >= 1 && number("steps_per_second") > 0)
      let rate = try number("weight_bytes") / (times[1] * 1e-6)
      #expect(try abs(number("bytes_per_second") / rate - 1) < 1e-6)
      #expect(try abs(number("bandwidth_share") * number("bandwidth_bytes_per_second") / rate - 1) < 1e-6)
    }
  }

  @Test func weightsOfAFileAreThoseThatInspectLists() throws {
    let floats = TestModels.shared.floats
    let found = try figures([floats, "--threads", "2", "--rows", "3", "--position", "5"])
    #expect(found["shape"] as? String == "floats.funes")
    #expect(found["weight_bytes"] as? Int == (try matrixBytes(floats)))
    #expect(found["rows"] as? Int == 3 && found["position"] as? Int == 5 && found["threads"] as? Int == 2)
  }

  @Test func weightsOfAShapeAreThoseOfItsFile() throws {
    let shape = try #require(try SyntheticShape("gru:5,40,2"))
    let folder = try Folder()
    let bytes = try Converter(precision: .fast).convert(Graph(shape)).bytes
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path("m.funes")))
    let found = try figures(["gru:5,40,2", "--activations", "8"])
    #expect(found["weight_bytes"] as? Int == (try matrixBytes(folder.path("m.funes"))))
    #expect(found["weights"] as? Int == 8)
    try Data(Converter(precision: .high).convert(Graph(shape)).bytes)
      .write(to: URL(fileURLWithPath: folder.path("high.funes")))
    for options in [["--precision", "high"], ["--weights", "16"], ["--precision", "high", "--activations", "16"]] {
      let high = try figures(["gru:5,40,2"] + options)
      #expect(high["weight_bytes"] as? Int == (try matrixBytes(folder.path("high.funes"))))
      #expect(high["weights"] as? Int == 16 && high["activations"] as? Int == 16)
    }
  }

  @Test func shapesGiveTheSameWeightsEachTime() throws {
    for text in ["lstm:3,4,1", "tcn:3,4,2"] {
      let shape = try #require(try SyntheticShape(text))
      #expect(try Converter().convert(Graph(shape)).bytes == Converter().convert(Graph(shape)).bytes)
    }
  }

  /// Positions that end, ids, two inputs, a block program, a cache that a sample overruns.
  @Test func everySortOfModelIsTimed() throws {
    let models = TestModels.shared
    #expect(try figures([models.images, "--program", "count"])["steps"] as? Int ?? 0 > 13)
    for path in [models.language, models.every, models.sentences, models.translator] { _ = try figures([path]) }
    let folder = try Folder()
    try Data(try Converter().convert(.decoder()).bytes).write(to: URL(fileURLWithPath: folder.path("d.funes")))
    for rows in ["1", "4"] { _ = try figures([folder.path("d.funes"), "--position", "7", "--rows", rows]) }
    let together = try figures([folder.path("d.funes"), "--position", "7", "--streams", "3"])
    #expect(together["streams"] as? Int == 3)
    #expect(try figures([models.images, "--program", "count", "--streams", "2"])["steps"] as? Int ?? 0 > 13)
  }

  @Test(arguments: [
    (["lstm:8,20"], "INPUTS,UNITS,LAYERS"), (["lstm:8,20,0"], "INPUTS,UNITS,LAYERS"),
    (["gru:8,20,1,2"], "INPUTS,UNITS,LAYERS"), (["tcn:8,x,1"], "INPUTS,CHANNELS,LAYERS"), (["lstm:"], "lstm:"),
    (["lstm:65536,65536,64"], "at most"), (["lsmt:8,20,1"], "or a shape"),
    (["rnn:2,2,1", "--isa", "mmx"], "found \"mmx\", expected auto or one of those here: scalar"),
    (["rnn:2,2,1", "--activations", "4"], "8 or 16"), (["rnn:2,2,1", "--weights", "32"], "8 or 16"),
    (["rnn:2,2,1", "--precision", "fast", "--weights", "16"], "expected 8, which --precision fast"),
    ([TestModels.shared.floats, "--precision", "high"], "expected a shape"), (["rnn:2,2,1", "--rows", "0"], "--rows"),
    (["rnn:2,2,1", "--threads", "0"], "--threads"), (["rnn:2,2,1", "--streams", "0"], "--streams"),
    (["rnn:2,2,1", "--position", "-1"], "--position"),
    (["rnn:2,2,1", "--seconds", "-1"], "--seconds"), (["rnn:2,2,1", "--program", "walk"], "expected \"step\""),
    ([TestModels.shared.floats, "--activations", "8"], "expected a shape"),
    ([TestModels.shared.images, "--program", "count", "--position", "13"], "positions end"),
  ])
  func whatCannotBeTimedIsSaid(arguments: [String], says: String) throws {
    let result = try Shell.funes(["bench"] + arguments)
    #expect(result.code == 64 && result.bytes.isEmpty)
    #expect(result.talk.contains(says), "\(result.talk)")
  }

  @Test func missingISAsAreNamedAsSuch() throws {
    let missing = try #require(ISA.allCases.first { !$0.isAvailable }).name
    let result = try Shell.funes(["bench", "rnn:2,2,1", "--isa", missing])
    #expect(result.code == 64 && result.talk.contains("which this machine or build does not have"))
  }
}

@Suite struct ISAEnvironmentTests {
  @Test func theEnvironmentForcesAnISA() throws {
    for isa in ISA.allCases where isa.isAvailable {
      let result = try Shell.funes(
        ["bench", "rnn:2,2,1", "--seconds", "0", "--json"], environment: ["FUNES_ISA": isa.name])
      #expect(result.code == 0 && result.text.contains("\"isa\": \"\(isa.name)\""))
    }
    let chosen = try Shell.funes(
      ["bench", "rnn:2,2,1", "--isa", "scalar", "--seconds", "0", "--json"], environment: ["FUNES_ISA": "auto"])
    #expect(chosen.text.contains("\"isa\": \"scalar\""))
  }

  @Test func everyCommandRefusesWhatIsNotThere() throws {
    let missing = try #require(ISA.allCases.first { !$0.isAvailable }).name
    for (name, says) in [("mmx", "found \"mmx\", expected"), (missing, "does not have")] {
      for arguments in [["run", TestModels.shared.floats], ["inspect", TestModels.shared.floats]] {
        let result = try Shell.funes(arguments, environment: ["FUNES_ISA": name])
        #expect(result.code == 64 && result.talk.contains("FUNES_ISA: ") && result.talk.contains(says))
      }
    }
    #expect(try Shell.funes(["inspect", TestModels.shared.floats], environment: ["FUNES_ISA": ""]).code == 0)
  }
}
