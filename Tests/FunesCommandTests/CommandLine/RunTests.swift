// SPDX-License-Identifier: Apache-2.0
// `funes run` and `funes generate` as a shell sees them: bytes, pipes, states, signals.

import Foundation
import Testing

@Suite struct RunTests {
  private let models = TestModels.shared

  private func floatRows(_ count: Int) -> [UInt8] {
    littleEndian((0..<(count * 3)).map { Float(($0 * 37) % 101) / 50 - 1 })
  }

  @Test func chunksThreadsAndFormsOfInputDoNotChangeABit() throws {
    let rows = floatRows(50)
    let one = try Shell.funes(["run", models.floats, "--input", "f32", "--output", "f32"], input: rows)
    #expect(one.code == 0 && one.bytes.count == 50 * 8 && one.talk.isEmpty)
    for options in [["--chunk", "7"], ["--chunk", "64"], ["--threads", "2"]] {
      #expect(
        try Shell.funes(["run", models.floats, "--input", "f32", "--output", "f32"] + options, input: rows).bytes
          == one.bytes)
    }
    let values = stride(from: 0, to: rows.count, by: 12).map { begin in
      stride(from: begin, to: begin + 12, by: 4).map { offset in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(rows[offset + $1]) << ($1 * 8) })
      }
    }
    let csv = values.map { $0.map(\.description).joined(separator: ",") + "\n" }.joined()
    #expect(
      try Shell.funes(["run", models.floats, "--input", "csv", "--output", "f32"], input: csv).bytes == one.bytes)
    let lines = values.map { "{\"x\":[" + $0.map(\.description).joined(separator: ",") + "]}\n" }.joined()
    #expect(
      try Shell.funes(["run", models.floats, "--input", "jsonl", "--output", "f32"], input: lines).bytes == one.bytes)
  }

  @Test func floatsAreLinesUnlessSaidOtherwise() throws {
    let named = try Shell.funes(["run", models.floats, "--input", "csv"], input: "0.1,0.2,0.3\n")
    #expect(named.code == 0 && !named.bytes.isEmpty)
    #expect(try Shell.funes(["run", models.floats], input: "0.1,0.2,0.3\n").bytes == named.bytes)
    #expect(try Shell.funes(["run", models.floats], input: "\u{FEFF}0.1,0.2,0.3\n").bytes == named.bytes)
    #expect(try Shell.funes(["run", models.floats], input: "0.1,0.2,0.3\n\u{FEFF}0,0,0\n").code == 65)
  }

  @Test func aStreamGoesOnFromASavedState() throws {
    let folder = try Folder()
    let rows = floatRows(20)
    let whole = try Shell.funes(["run", models.floats, "--input", "f32"], input: rows)
    let first = try Shell.funes(
      ["run", models.floats, "--input", "f32", "--limit", "8", "--state-out", folder.path("s")], input: rows)
    let second = try Shell.funes(
      ["run", models.floats, "--input", "f32", "--state-in", folder.path("s")], input: Array(rows[(8 * 12)...]))
    #expect(first.text + second.text == whole.text)
    let again = try Shell.funes(
      ["run", models.floats, "--state-in", folder.path("s"), "--state-out", folder.path("s")], input: "1,2,3\n")
    #expect(again.code == 0, "\(again.talk)")
    let other = try Shell.funes(["run", models.language, "--state-in", folder.path("s")])
    #expect(other.code == 65 && other.talk.contains(folder.path("s")))
  }

  @Test func rowsBeyondTheLastPositionAreNamed() throws {
    let lines = String(repeating: "1,2,3,4\n", count: 15)
    for options in [[], ["--chunk", "4"], ["--skip-bad-rows"]] {
      let run = try Shell.funes(["run", models.images, "--program", "count"] + options, input: lines)
      #expect(run.code == 65 && run.text.split(separator: "\n").count == 13)
      #expect(
        run.talk.contains(
          "line 14: found more rows in one sequence than the model has positions or memory for, expected at most 13;"),
        "\(run.talk)")
    }
    let ids = String(repeating: "3\n", count: 110)
    let read = ["run", models.images, "--program", "read", "--output-name", "spread", "--input"]
    let block = try Shell.funes(read + ["ids"], input: ids)
    #expect(block.code == 65 && block.bytes.isEmpty && block.talk.contains("expected at most 103"), "\(block.talk)")
    #expect(try Shell.funes(read + ["ids"], input: String(ids.prefix(206))).code == 0)
  }

  @Test func aRowComesOutBeforeTheNextGoesIn() throws {
    let process = Shell.process(["run", models.floats, "--input", "csv", "--output", "csv"])
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    for _ in 0..<3 {
      input.fileHandleForWriting.write(Data("0.1,0.2,0.3\n".utf8))
      #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasSuffix("\n"))
    }
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func aRequestToEndSavesTheState() throws {
    let folder = try Folder()
    let process = Shell.process(["run", models.floats, "--input", "csv", "--state-out", folder.path("s")])
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data("0.1,0.2,0.3\n0.4".utf8))
    #expect(!output.fileHandleForReading.availableData.isEmpty)
    process.terminate()
    process.waitUntilExit()
    #expect(process.terminationStatus == 143)
    let next = "0.5,0.5,0.5\n"
    let resumed = try Shell.funes(
      ["run", models.floats, "--input", "csv", "--state-in", folder.path("s")], input: next)
    let whole = try Shell.funes(["run", models.floats, "--input", "csv"], input: "0.1,0.2,0.3\n" + next)
    #expect(whole.text.hasSuffix(resumed.text) && !resumed.text.isEmpty)
  }

  @Test func aClosedPipeEndsQuietly() throws {
    let process = Shell.process(["run", models.language, "--output", "ids"])
    let (input, output, talk) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = talk
    try process.run()
    try output.fileHandleForReading.close()
    signal(SIGPIPE, SIG_IGN)
    try? input.fileHandleForWriting.write(contentsOf: Data(repeating: 0x61, count: 50_000))
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(talk.fileHandleForReading.readDataToEndOfFile().isEmpty)
  }

  @Test func refusedRowsEndTheStreamOrAreLeftOut() throws {
    let text = "1,2,3\nnan,0,0\n1,x,1\n4,5,6\n"
    let stopped = try Shell.funes(["run", models.floats, "--input", "csv"], input: text)
    #expect(stopped.code == 65 && stopped.text.split(separator: "\n").count == 1)
    #expect(
      stopped.talk.contains("line 2, input \"x\", value 0: found nan") && stopped.talk.contains("--skip-bad-rows"))
    for chunk in ["1", "4"] {
      let left = try Shell.funes(
        ["run", models.floats, "--input", "csv", "--output", "jsonl", "--skip-bad-rows", "--chunk", chunk], input: text)
      #expect(left.code == 0)
      #expect(left.text.split(separator: "\n").map { $0.prefix(9) } == ["{\"row\":0,", "{\"row\":3,"])
      #expect(left.talk.contains("line 2") && left.talk.contains("line 3, column 3"))
      let clean = try Shell.funes(["run", models.floats, "--input", "csv"], input: "1,2,3\n4,5,6\n")
      let plain = try Shell.funes(
        ["run", models.floats, "--input", "csv", "--skip-bad-rows", "--chunk", chunk], input: text)
      #expect(plain.text == clean.text)
    }
    let cut = try Shell.funes(["run", models.floats, "--input", "f32"], input: Array(floatRows(2).dropLast(1)))
    #expect(cut.code == 65 && cut.text.split(separator: "\n").count == 1)
    #expect(
      try Shell.funes(
        ["run", models.floats, "--input", "f32", "--ignore-partial"], input: Array(floatRows(2).dropLast(1))
      ).code == 0)
  }

  @Test func linesOfTextAreAnsweredLineByLine() throws {
    let whole = try Shell.funes(["run", models.names], input: "ab\n\ncü\r\nba")
    let lines = whole.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(whole.code == 0 && lines.count == 5 && lines[1].isEmpty && lines[4].isEmpty)
    for (line, text) in [(0, "ab"), (2, "cü"), (3, "ba")] {
      #expect(try Shell.funes(["run", models.names], input: text + "\n").text == lines[line] + "\n")
    }
    let every = try Shell.funes(["run", models.names, "--no-last"], input: "ab\ncü\n")
    #expect(every.text.split(separator: "\n").count == 4)
    let unknown = try Shell.funes(["run", models.names], input: "ab\naéb\n")
    #expect(unknown.code == 65 && unknown.text == lines[0] + "\n" && unknown.talk.contains("line 2, column 2"))
  }

  @Test func severalInputsAndOutputsGoByName() throws {
    let line = #"{"x":[0.1,0.2,0.3,0.4,0.5],"ids":2}"# + "\n"
    let found = try Shell.funes(["run", models.every, "--program", "step", "--output", "jsonl"], input: line + line)
    #expect(found.code == 0)
    let objects = try found.text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(objects.map { ($0["y"] as? [Any])?.count } == [17, 17])
    // The second output keeps every other row.
    #expect(objects.map { $0["z"] != nil } == [true, false])
    let unequal = try Shell.funes(["run", models.every, "--program", "step", "--output", "csv"], input: line + line)
    #expect(unequal.code == 65 && unequal.talk.contains("--output-name"))
    let one = try Shell.funes(
      ["run", models.every, "--program", "step", "--output", "csv", "--output-name", "z"], input: line + line)
    #expect(one.code == 0 && one.text.split(separator: "\n").count == 1)
  }

  @Test func anEncoderDecoderAnswersLines() throws {
    let whole = try Shell.funes(["run", models.translator], input: "ab\n\nba\nbbbb")
    let lines = whole.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(whole.code == 0 && lines.count == 5 && lines[1].isEmpty)
    #expect(lines[0].allSatisfy { "XY<s> ".contains($0) })
    let single = try Shell.funes(["generate", models.translator, "ba"])
    #expect(single.code == 0 && single.text == lines[2] + "\n")
    let ids = try Shell.funes(["run", models.translator, "--output", "ids"], input: "ba\n").text.split(separator: " ")
    #expect(ids.count == lines[2].split(separator: " ").count)
  }

  @Test func aSourceOfNothingHasNoTarget() throws {
    let whole = try Shell.funes(["run", models.translator], input: "ab\n\nba\n")
    let drawn = try Shell.funes(["generate", models.translator, "--prompt-file", "-"], input: "ab\n\nba\n")
    #expect(drawn.code == 0 && drawn.bytes == whole.bytes)
    let none = try Shell.funes(["generate", models.translator])
    #expect(none.code == 64 && none.talk.contains("expected the source"), "\(none.talk)")
  }

  @Test func anEncoderOfNumbersReadsASource() throws {
    let folder = try Folder()
    let (rows, other) = (folder.path("rows.csv"), folder.path("other.csv"))
    try Data("0.5,-0.25,1\n0.75,0,-1\n".utf8).write(to: URL(fileURLWithPath: rows))
    try Data("0.5,-0.25\n".utf8).write(to: URL(fileURLWithPath: other))
    let found = try Shell.funes(["generate", models.describer, "--source", rows])
    #expect(found.code == 0 && found.text.allSatisfy { "XY<s> \n".contains($0) }, "\(found.talk)")
    // What is written depends on what was read.
    let texts = try ["3,3,3", "-3,3,-3", "0,9,-9", "9,-9,0", "-9,0,9"].map {
      try Shell.funes(["generate", models.describer, "--source", "-"], input: $0 + "\n").text
    }
    #expect(Set(texts).count > 1)
    let piped = try Shell.funes(["generate", models.describer, "--source", "-"], input: "0.5,-0.25,1\n0.75,0,-1\n")
    #expect(piped.bytes == found.bytes)
    let refusals: [(arguments: [String], code: Int32, says: String)] = [
      ([models.describer], 64, "reads 3 numbers a row"),
      ([models.describer, "--source", other], 65, "line 1"),
      ([models.describer, "--source", folder.path("none")], 66, "none"),
      ([models.translator, "ab", "--source", rows], 64, "found a model that reads text"),
      ([models.language, "ab", "--source", rows], 64, "found a model without an encoder"),
    ]
    for refusal in refusals {
      let found = try Shell.funes(["generate"] + refusal.arguments)
      #expect(found.code == refusal.code && found.talk.contains(refusal.says), "\(found.talk)")
    }
  }

  @Test func aSeedNamesOneText() throws {
    func text(_ options: String...) throws -> String {
      let found = try Shell.funes(["generate", models.language, "ab", "--max-tokens", "40"] + options)
      #expect(found.code == 0 && found.talk.isEmpty)
      return found.text
    }
    let seven = try text("--seed", "7")
    #expect(try text("--seed", "7") == seven)
    #expect(try text("--seed", "8") != seven)
    #expect(try text("--greedy") == text("--temperature", "0"))
    #expect(try text("--seed", "7", "--top-k", "1") == text("--greedy"))
    #expect(seven.hasPrefix("ab"))
  }
}
