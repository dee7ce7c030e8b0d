// SPDX-License-Identifier: Apache-2.0
// What the errors of streams say: the place, what was found, what was expected, what to do.

import FunesConvert

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension TextPlace: CustomStringConvertible {
  var description: String { "line \(line), column \(column)" }
}

extension StreamError: CustomStringConvertible {
  var description: String {
    switch self {
    case .cannotOpen(let file, let code): "\"\(file)\": cannot be opened: \(systemReason(code))"
    case .cannotRead(let file, let code): "\"\(file)\": cannot be read: \(systemReason(code))"
    case .cannotWrite(let file, let code): "\"\(file)\": cannot be written: \(systemReason(code))"
    case .outputClosed: "the output was closed"
    case .unknownSamples(let file, let option):
      "\"\(file)\": found neither tensors nor a WAV nor a text, expected one of them"
        + (option.map { "; \($0) says how it is to be read" } ?? "")
    case .noRows(let file): "\"\(file)\": found no rows, expected one or more"
    case .notAWAV(let file): "\"\(file)\": found no WAV file with samples, expected 16-bit PCM of one channel"
    case .unsuitableWAV(let file, let what, let found, let expected):
      "\"\(file)\": found \(what) \(found), expected \(expected); convert it, as ffmpeg -i in.wav -ac 1 -c:a pcm_s16le"
        + "\(what.hasPrefix("samples") ? " -ar \(expected)" : "") out.wav does"
    case .unexpectedWAV(let file): "\"\(file)\": found a WAV, expected samples alone; the format wav reads it"
    case .shortWAV(let file, let missing):
      "\"\(file)\": found \(counted(missing, "byte")) of samples fewer than its header says; --ignore-partial takes it as it is"
    case .partialRow(let row, let found, let expected):
      "row \(row): found \(counted(found, "byte")) at the end of the input, expected \(expected) a row;"
        + " --ignore-partial drops them"
    case .lineTooLong(let line, let limit): "line \(line): found more than \(limit) bytes, expected at most \(limit)"
    case .notANumber(let found, let expected, let place): "\(place): found \"\(found)\", expected \(expected)"
    case .columnCount(let line, let found, let expected):
      "line \(line): found \(counted(found, "column")), expected \(expected)"
    case .partialIDs(let row, let found, let expected):
      "row \(row): found \(counted(found, "id")) at the end of the input, expected \(expected) a row;"
        + " --ignore-partial drops them"
    case .invalidUTF8(let place): "\(place): found bytes that are not utf-8, expected utf-8"
    case .unknownCharacter(let scalar, let place):
      "\(place): found \(StreamError.quote(scalar)), expected a character of the model's text table"
    case .json(let line, let reason): "line \(line): \(reason)"
    case .jsonMember(let line, let missing?, _):
      "line \(line): found no \"\(missing)\", expected every input of the model"
    case .jsonMember(let line, nil, let unexpected):
      "line \(line): found \"\(unexpected ?? "")\", expected inputs of the model only"
    case .jsonCount(let line, let input, let found, let expected):
      "line \(line): input \"\(input)\": found \(counted(found, "value")), expected \(expected)"
    case .jsonKind(let line, let input, let found, let expected):
      "line \(line): input \"\(input)\": found \(found), expected \(expected)"
    case .refusedRow(let row, let input, let position, let found, let expected):
      "row \(row), input \"\(input)\", value \(position): found \(found), expected \(expected)"
    case .refusedLine(let line, let input, let position, let found, let expected):
      "line \(line), input \"\(input)\", value \(position): found \(found), expected \(expected)"
    case .full(let row, let line, let limit):
      (line.map { "line \($0)" } ?? "row \(row)")
        + ": found more rows in one sequence than the model has positions or memory for, expected at most \(limit);"
        + " end the sequence before it, or begin anew"
    case .sourceTooLong(let found, let limit):
      "source: found \(counted(found, "id")), expected at most \(limit.map(String.init) ?? "what the model has memory for");"
        + " cut it in parts"
    case .promptTooLong(let file, let limit): "\"\(file)\": found more than \(limit) bytes, expected at most that"
    case .promptNotUTF8(let file): "\"\(file)\": found bytes that are not utf-8, expected utf-8"
    case .sentenceTooLong(let line, let found, let limit):
      "line \(line): found \(found) tokens, expected at most \(limit); --longest \(limit) cuts what is longer"
    case .textTooLong(let sequence, let limit):
      (sequence.map { "sequence \($0), " } ?? "")
        + "row \(limit): found more rows in one sequence than the model has positions or memory for, expected at most "
        + "\(limit); --limit scores fewer symbols, "
        + (sequence == nil ? "--lines begins anew with each line" : "shorter lines are scored whole")
    case .nothingToScore(let file, let found):
      "\"\(file)\": found \(counted(found, "symbol")), expected two or more: what is scored follows another"
    case .unequalOutputs(let names, let rows):
      "outputs: found \(rows.map(String.init).joined(separator: ", ")) rows of \(names.joined(separator: ", ")),"
        + " expected as many of each; choose one with --output-name"
    }
  }

  static func quote(_ scalar: Unicode.Scalar) -> String {
    let code = String(scalar.value, radix: 16, uppercase: true)
    let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
    return scalar.properties.isWhitespace || scalar.value < 0x20 || scalar.value == 0x7F
      ? name : "\"\(scalar)\" (\(name))"
  }
}

/// What the system calls an error number, in lower case.
func systemReason(_ code: Int32) -> String {
  let reason = String(cString: strerror(code))
  return reason.prefix(1).lowercased() + reason.dropFirst()
}
