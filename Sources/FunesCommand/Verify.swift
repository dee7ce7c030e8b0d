// SPDX-License-Identifier: Apache-2.0
// `funes verify`: is a file whole, and does this machine compute what the converter computed?

import ArgumentParser
import Funes

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every rule, checksum and fingerprint of a file, and run its self-test.",
    discussion: """
      Silent where all is well. Exit code 65 where the file is no model, 1 where it is safe to run but is not \
      what its converter wrote, or this machine does not compute what the converter's did.

        funes verify names.funes && echo good
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Flag(help: "Say what was checked.")
  var verbose = false

  func run() throws {
    let file = try ModelFile(path: model)
    for isa in ISA.allCases where isa.isAvailable {
      do throws(VerificationError) {
        try file.model.verify(isa: isa)
      } catch {
        throw BrokenModelError(path: model, reason: error)
      }
      if verbose { Talk.say("\(model): good, self-test with \(isa)") }
    }
  }
}

/// A file that is safe to run but is not what its converter wrote.
struct BrokenModelError: Error, CustomStringConvertible {
  var path: String
  var reason: VerificationError

  var description: String { "\"\(path)\": \(reason)" }
}
