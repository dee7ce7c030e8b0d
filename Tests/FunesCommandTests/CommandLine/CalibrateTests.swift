// SPDX-License-Identifier: Apache-2.0
// `funes convert --calibrate` as a shell runs it: rows in every form, the same bytes each time, and what is refused.

import Foundation
import FunesTestSupport
import Testing

@testable import FunesCommand

@Suite struct CalibrateTests {
  private let folder: Folder
  private let weights: String

  init() throws {
    folder = try Folder()
    weights = folder.path("gru.safetensors")
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
  }

  private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = folder.path(name)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Tensor "input" as safetensors.
  private func write(_ name: String, shape: [Int], _ numbers: [Float]) throws -> String {
    var header =
      "{\"input\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[0,\(4 * numbers.count)]}}"
    while header.utf8.count % 8 != 0 { header += " " }
    return try write(
      name, [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + littleEndian(numbers))
  }

  /// Rows of three numbers that follow each other.
  private func lines(_ count: Int) -> String {
    var numbers = TestNumbers(seed: 31)
    var (a, b) = (Float(0), Float(0))
    return (0..<count).map { _ in
      a = 0.9 * a + 0.4 * numbers.float()
      b = 0.8 * b + 0.5 * numbers.float()
      return "\(a),\(b),\(0.5 * a + 0.5 * b)\n"
    }.joined()
  }

  @Test func aFileIsTheSameFromEachRunThreadCountAndInstructionSet() throws {
    let rows = try write("rows.csv", Array(lines(300).utf8))
    func bytes(_ name: String, _ environment: [String: String] = [:]) throws -> Data {
      let model = folder.path(name)
      let found = try Shell.funes(
        ["convert", weights, "-o", model, "--calibrate", rows, "--target", "snr 55"], environment: environment)
      #expect(found.code == 0, "\(found.talk)")
      #expect(found.text.contains("on 240 rows, judged by 60 others"), "\(found.text)")
      return try Data(contentsOf: URL(fileURLWithPath: model))
    }
    let first = try bytes("a")
    #expect(try bytes("b") == first)
    #expect(try bytes("c", ["FUNES_ISA": "scalar"]) == first)
    for threads in ["1", "2"] { #expect(try bytes("t\(threads)", ["OMP_NUM_THREADS": threads]) == first) }
    #expect(try Shell.funes(["verify", folder.path("a")]).code == 0)
    // What is compared is what the file holds.
    let compared = try Shell.funes(["compare", folder.path("a"), "--against", weights, "--limit", "snr 30"])
    #expect(compared.code == 0 && !compared.talk.contains("another version"), "\(compared.talk)")
    let json = try Shell.funes(["convert", weights, "-o", folder.path("d"), "--calibrate", rows, "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    let calibration = try #require(object["calibration"] as? [String: Any])
    #expect(calibration["fitRows"] as? Int == 240 && (calibration["matrices"] as? [Any])?.isEmpty == false)
  }

  @Test func rowsComeInEveryForm() throws {
    let csv = try write("rows.csv", Array(lines(100).utf8))
    let numbers = lines(100).split(whereSeparator: { $0 == "," || $0 == "\n" }).map { Float($0)! }
    let floats = try write("rows.f32", numbers.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
    let samples = numbers.map { Int16($0 * 8_000) }
    let pcm = try write("rows.pcm", samples.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) })
    let wav = try write("rows.wav", WAV.bytes(samples + [7]))
    func bytes(_ arguments: [String]) throws -> Data {
      let model = folder.path("m.funes")
      let found = try Shell.funes(["convert", weights, "-o", model, "--rows", "0"] + arguments)
      #expect(found.code == 0, "\(arguments): \(found.talk)")
      return try Data(contentsOf: URL(fileURLWithPath: model))
    }
    let first = try bytes(["--calibrate", csv])
    #expect(try bytes(["--calibrate", floats, "--calibrate-format", "f32"]) == first)
    // What only zeros meet stays as it was.
    let silence = try write("zeros.csv", Array(String(repeating: "0,0,0\n", count: 40).utf8))
    let silent = try Shell.funes(["convert", weights, "-o", folder.path("s.funes"), "--calibrate", silence])
    #expect(silent.code == 0 && silent.text.contains("on 32 rows, judged by 8 others"), "\(silent.talk)\(silent.text)")
    // Cut off, it is taken as far as it goes, and that is said.
    let cut = try write("cut.wav", Array(WAV.bytes(samples + [7]).dropLast(20)))
    let short = try Shell.funes(["convert", weights, "-o", folder.path("m.funes"), "--rows", "0", "--calibrate", cut])
    #expect(short.code == 0 && short.talk.contains("found 20 bytes of samples fewer"), "\(short.talk)")
    #expect(try bytes(["--calibrate", wav]) == bytes(["--calibrate", pcm, "--calibrate-format", "pcm16"]))
    // A file of its own to judge by, and fewer rows.
    let judged = try Shell.funes(
      ["convert", weights, "-o", folder.path("n"), "--calibrate", csv, "--judge", csv, "--calibrate-rows", "50"])
    #expect(judged.code == 0 && judged.text.contains("on 50 rows, judged by 50 others"), "\(judged.text)")
  }

  @Test func severalFilesAreRowsTogether() throws {
    let (csv, less) = (try write("a.csv", Array(lines(60).utf8)), try write("b.csv", Array(lines(40).utf8)))
    let convert = ["convert", weights, "-o", folder.path("m.funes"), "--rows", "0", "--calibrate", csv]
    let found = try Shell.funes(convert + ["--calibrate", less])
    #expect(found.code == 0 && found.text.contains("on 80 rows, judged by 20 others"), "\(found.talk)\(found.text)")
    let judged = try Shell.funes(convert + ["--judge", less, "--judge", csv])
    #expect(
      judged.code == 0 && judged.text.contains("on 60 rows, judged by 100 others"), "\(judged.talk)\(judged.text)")
    let over = try Shell.funes(convert + ["--calibrate", folder.path("m.funes")])
    #expect(over.code == 64 && over.talk.contains("the file of --calibrate"), "\(over.talk)")
    let judging = try Shell.funes(convert + ["--judge", less, "--judge", folder.path("m.funes")])
    #expect(judging.code == 64 && judging.talk.contains("the file of --judge"), "\(judging.talk)")
    // What is wrong is said of the file that it is in.
    let bad = try write("bad.csv", Array((lines(9) + "nan,0,0\n").utf8))
    let refused = try Shell.funes(convert + ["--calibrate", bad, "--calibrate", less])
    #expect(refused.code == 65 && refused.talk.contains("\"\(bad)\": program") && refused.talk.contains("row 9"))
    #expect(!refused.talk.contains(less), "\(refused.talk)")
  }

  /// `--input` of `convert`, `compare` and `report` reads a stream as `--calibrate` does.
  @Test func otherCommandsMeasureOnTheSameFiles() throws {
    let csv = try write("rows.csv", Array(lines(30).utf8))
    let numbers = lines(30).split(whereSeparator: { $0 == "," || $0 == "\n" }).map { Float($0)! }
    let wav = try write("rows.wav", WAV.bytes(numbers.map { Int16($0 * 8_000) } + [7]))
    let model = folder.path("m.funes")
    let converted = try Shell.funes(["convert", weights, "-o", model, "--input", csv])
    #expect(converted.code == 0 && converted.text.contains("on 30 given rows"), "\(converted.talk)\(converted.text)")
    let tensors = try write("rows.safetensors", shape: [30, 3], numbers)
    let compare = ["compare", model, "--against", weights, "--json", "--input"]
    let expected = try Shell.funes(compare + [tensors])
    let found = try Shell.funes(compare + [csv])
    #expect(found.code == 0 && found.bytes == expected.bytes, "\(expected.talk)\(found.talk)")
    let report = ["report", model, "--against", weights, "--steps", "100", "--json", "--input"]
    for (path, source) in [(csv, "rows.csv"), (wav, "rows.wav")] {
      let made = try Shell.funes(report + [path])
      let object = try #require(try JSONSerialization.jsonObject(with: Data(made.bytes)) as? [String: Any])
      let outputs = try #require(object["outputs"] as? [[String: Any]])
      let rows = (outputs[0]["difference"] as? [String: Any])?["rows"] as? Int
      #expect((object["model"] as? [String: Any])?["rows"] as? String == source && rows == 30, "\(made.talk)")
    }
    let some = try Shell.funes(report + [csv, "--rows", "6"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(some.bytes)) as? [String: Any])
    #expect((object["inputs"] as? [[String: Any]])?[0]["rows"] as? Int == 6, "\(some.text)")
    let batch = try Shell.funes(
      report + [try write("batch.safetensors", shape: [3, 10, 3], numbers), "--rows", "16"])
    let parts = try #require(try JSONSerialization.jsonObject(with: Data(batch.bytes)) as? [String: Any])
    let input = try #require((parts["inputs"] as? [[String: Any]])?.first)
    #expect(input["sequences"] as? Int == 2 && input["rows"] as? Int == 16, "\(batch.talk)")
    let pipe = try Shell.funes(compare + ["/dev/null"])
    #expect(pipe.code == 66 && pipe.talk.contains("expected a file"), "\(pipe.talk)")
    let none = try write("none", [])
    for command in [compare, report] {
      let refused = try Shell.funes(command + [none])
      #expect(refused.code == 65 && refused.talk.contains("\"\(none)\": found no rows"), "\(refused.talk)")
    }
  }

  /// A recipe's sample rate reaches the file, and holds WAVs to it wherever they are read.
  @Test func aWAVOfAnotherRateIsRefused() throws {
    let (recipe, model) = (folder.path("recipe.json"), folder.path("m.funes"))
    #expect(try Shell.funes(["convert", weights, "-o", model, "--rows", "0", "--recipe-out", recipe]).code == 0)
    let text = try String(contentsOfFile: recipe, encoding: .utf8)
    let rated = text.replacingOccurrences(
      of: "\"funes_recipe\": 1,", with: "\"funes_recipe\": 1, \"sample_rate\": 16000,")
    try rated.write(toFile: recipe, atomically: true, encoding: .utf8)
    let convert = ["convert", weights, "--recipe", recipe, "-o", model, "--rows", "0"]
    #expect(try Shell.funes(convert).code == 0)
    let samples = (0..<63).map { Int16($0 * 400) }
    let pcm = samples.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
    let expected = try Shell.funes(["run", model, "--input", "pcm16"], input: pcm)
    let found = try Shell.funes(["run", model, "--input", "wav"], input: WAV.bytes(samples + [1, 2]))
    #expect(found.code == 0 && !found.bytes.isEmpty && found.bytes == expected.bytes, "\(found.talk)")
    let other = try write("other.wav", WAV.bytes(samples, rate: 8_000))
    for refused in [
      try Shell.funes(["run", model, "--input", "wav"], input: WAV.bytes(samples, rate: 8_000)),
      try Shell.funes(convert + ["--calibrate", other]),
    ] {
      #expect(refused.code == 65 && refused.bytes.isEmpty)
      #expect(refused.talk.contains("found samples a second 8000, expected 16000"), "\(refused.talk)")
    }
  }

  /// The largest number stands behind what a comparison of layers would read.
  @Test func fullScaleIsThatOfTheWholeFile() throws {
    let numbers = (0..<6_600).map { Float($0 % 7) / 100 } + [9, 8, 7]
    let text = numbers.map { "\($0)\n" }.enumerated().map {
      $0.offset % 3 == 2 ? $0.element : $0.element.dropLast() + ","
    }
    let csv = try write("rows.csv", Array(text.joined().utf8))
    let tensors = try write("rows.safetensors", shape: [2201, 3], numbers)
    let model = folder.path("m.funes")
    #expect(try Shell.funes(["convert", weights, "-o", model, "--rows", "0"]).code == 0)
    let stream = ["compare", model, "--against", weights, "--stream", "--steps", "200", "--json"]
    let found = try Shell.funes(stream + ["--input", csv])
    let expected = try Shell.funes(stream + ["--input", tensors])
    let without = try Shell.funes(stream)
    #expect(!found.bytes.isEmpty && found.bytes == expected.bytes && found.bytes != without.bytes, "\(found.talk)")
  }

  @Test func whatCannotCalibrateIsRefused() throws {
    let cases: [(Int32, [UInt8], [String], String)] = [
      (65, [], [], "rows\": found no rows"),
      (64, Array(lines(20).utf8), ["--target", "top1 99"], "top1 99"),
      (65, Array(lines(9).utf8), [], "rows\": calibration: found 9 rows in all"),
      (65, Array("1,2\n".utf8), [], "rows\": line 1: found 2"),
      (65, [0, 1, 2, 3], [], "found neither tensors nor a WAV nor a text, expected one of them; --calibrate-format"),
      (65, Array((lines(10) + "nan,0,0\n" + lines(10)).utf8), [], "row 10"),
      (65, WAV.bytes([1, 2, 3], channels: 2), [], "found channels 2, expected 1"),
      (65, WAV.bytes([1, 2, 3], bits: 8), [], "found bits a sample 8, expected 16"),
      (65, Array("RIFF0000WAVE".utf8), [], "found no WAV file"),
      (65, Array("RIFFRAFF".utf8), [], "found \"RIFFRAFF\", expected a number"),
      (65, Array("version https://git-lfs.github.com/spec/v1\n".utf8), [], "Git LFS"),
      (64, Array("abc".utf8), ["--calibrate-format", "text"], "expected one input of ids"),
      (64, Array(lines(20).utf8), ["--calibrate-format", "mp3"], "mp3"),
      (64, Array(lines(20).utf8), ["--damping", "0"], "--damping"),
      (66, Array(lines(20).utf8), ["--judge", folder.path("none")], folder.path("none")),
    ]
    for (code, bytes, arguments, words) in cases {
      let rows = try write("rows", bytes)
      let found = try Shell.funes(["convert", weights, "-o", folder.path("x"), "--calibrate", rows] + arguments)
      #expect(found.code == code && found.talk.contains(words), "\(arguments) \(found.code): \(found.talk)")
      #expect(!FileManager.default.fileExists(atPath: folder.path("x")))
    }
    for option in [
      ["--judge", weights], ["--damping", "0.1"], ["--calibrate-rows", "9"], ["--calibrate-format", "csv"],
    ] {
      let alone = try Shell.funes(["convert", weights, "-o", folder.path("x")] + option)
      #expect(alone.code == 64 && alone.talk.contains("\(option[0]): found no --calibrate"), "\(alone.talk)")
    }
    let onItself = try Shell.funes(["convert", weights, "--calibrate", folder.path("rows"), "-o", folder.path("rows")])
    #expect(onItself.code == 64)
  }

  @Test func aSearchPrintsItsPlanAndKeepsItsTarget() throws {
    let rows = try write("rows.csv", Array(lines(200).utf8))
    let model = folder.path("s.funes")
    func convert(_ arguments: [String]) throws -> Shell.Result {
      try Shell.funes(["convert", weights, "-o", model, "--rows", "0", "--calibrate", rows] + arguments)
    }
    let lost = try convert(["--target", "snr 900"])
    #expect(lost.code == 1 && lost.talk.contains("not reached"), "\(lost.talk)")
    #expect(lost.text.contains("16-bit weights from here on") && !FileManager.default.fileExists(atPath: model))
    let kept = try convert(["--target", "snr 900", "--keep"])
    #expect(kept.code == 1 && FileManager.default.fileExists(atPath: model))
    let found = try convert(["--target", "snr 60", "--json"])
    #expect(found.code == 0, "\(found.talk)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(found.bytes)) as? [String: Any])
    let search = try #require(object["search"] as? [String: Any])
    #expect(search["isReached"] as? Bool == true && (search["points"] as? [Any])?.count == 3)
    #expect(try Shell.funes(["inspect", model]).text.contains("search"))
    #expect(try Shell.funes(["verify", model]).code == 0)
    #expect(try Shell.funes(["compare", model, "--against", weights]).code == 0)
    let dear = try convert(["--budget", "0.5"])
    #expect(
      dear.code == 1 && dear.talk.contains("budget 0.5: found 16-bit weights for 0 of 2 matrices"), "\(dear.talk)")
    #expect(try convert(["--budget", "0.5", "--keep"]).code == 1)
    for arguments in [
      ["--target", "loud 3"], ["--target", "snr 3", "--budget", "1"], ["--budget", "0"], ["--keep"],
    ] {
      #expect(try convert(arguments).code == 64, "\(arguments)")
    }
    #expect(try Shell.funes(["convert", weights, "-o", model, "--target", "snr 3"]).code == 64)
  }
}
