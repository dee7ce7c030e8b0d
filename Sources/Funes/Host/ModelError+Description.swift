// SPDX-License-Identifier: Apache-2.0
// The wording of the runtime's errors, in one place. Firmware has the cases alone.

#if !hasFeature(Embedded)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  extension ModelError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .tooShort(found: 0): "file: is empty, expected a .funes file"
      case .tooShort(let found): "file: found \(found) bytes, expected at least 128; is it a .funes file?"
      case .misaligned(let remainder):
        "model bytes: found an address \(remainder) past a multiple of 64, expected a multiple of 64"
      case .notAFunesFile: "file: the first eight bytes are not those of a .funes file; convert the checkpoint first"
      case .unsupportedVersion(let found, let supported):
        "file: found format version \(found), expected \(supported); convert the checkpoint again"
      case .header(.fileByteCount, let found, let expected) where found != expected:
        "header: the header says \(found) bytes, the file has \(expected); it is cut short or has something behind it"
      case .header(.checksum, let found, let expected):
        "header: the stored checksum is \(hexadecimal(found)), the bytes give \(hexadecimal(expected)); the file is"
          + " damaged"
      case .section(let section, .checksum, let found, let expected):
        "section \(section): the stored checksum is \(hexadecimal(found)), the bytes give \(hexadecimal(expected));"
          + " the file is damaged"
      case .header(let rule, let found, let expected):
        "header: \(rule): found \(found), expected \(expected); the file is damaged or incomplete"
      case .section(let section, let rule, let found, let expected):
        "section \(section): \(rule): found \(found), expected \(expected); the file is damaged"
      case .record(let section, let index, let rule, let found, let expected):
        "section \(section), record \(index): \(rule): found \(found), expected \(expected)"
      case .overBudget(let found, let allowed):
        "session memory: needs \(found) bytes, allowed are \(allowed); raise the limit if the model is trusted"
      }
    }
  }

  extension ModelFileError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .system(let path, let operation, let code):
        "\"\(path)\": cannot \(operation): \(String(cString: strerror(code)))"
      case .notAFile(let path): "\"\(path)\": found a folder, device or pipe, expected a file"
      case .refused(let path, let error): "\"\(path)\": \(error)"
      }
    }
  }

  extension SessionError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .memoryTooSmall(let found, let expected): "session memory: found \(found) bytes, expected \(expected)"
      case .memoryMisaligned: "session memory: its address is not a multiple of 64"
      case .isaUnavailable:
        "instruction set: this machine or build does not have the one asked for, or that FUNES_ISA names"
      case .tooLarge: "session: found more rows, threads or bytes than a session can have"
      case .outOfMemory(let byteCount): "session memory: needs \(byteCount) bytes, the system has not so many"
      }
    }
  }

  extension VerificationError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .fingerprint: "fingerprint: the SHA-256 of the bytes is another; the file was changed after it was written"
      case .weight(let constant): "constant \"\(constant)\": found a weight of -128 or a pad that is not zero"
      case .rowSum(let constant, let row, let found, let expected):
        "constant \"\(constant)\", row \(row): found a row sum of \(found), expected \(expected)"
      case .qmax(let constant, let row, let found, let limit):
        "constant \"\(constant)\", row \(row): found qmax \(found), with which sums of products may leave 32 bits, "
          + "expected at most \(limit)"
      case .stringOrder(let offset): "section strings, byte \(offset): found a string that is not after the one before"
      case .encoding(let offset): "section strings, byte \(offset): found bytes that are not utf-8"
      case .overlap(let first, let second):
        "values \"\(first)\" and \"\(second)\": found one memory for both although both are needed at once"
      case .session(let error): "self-test: \(error)"
      case .selfTest(let record, let found, let expected):
        "self-test \(record): found outputs with checksum \(found), expected \(expected); this machine or build does not"
          + " compute what the converter's did"
      }
    }
  }

  extension SnapshotError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .byteCount(let found, let expected): "snapshot: found \(found) bytes, expected \(expected)"
      case .notASnapshot: "snapshot: the first bytes are not those of a state snapshot of version 1"
      case .damaged: "snapshot: a checksum does not agree; the file is damaged"
      case .otherModel: "snapshot: it was made by another model; restore it with that one"
      case .value(let state): "snapshot: state \(state) holds a value that no step writes"
      }
    }
  }

  private func hexadecimal(_ checksum: UInt64) -> String { "0x" + String(checksum, radix: 16) }
#endif
