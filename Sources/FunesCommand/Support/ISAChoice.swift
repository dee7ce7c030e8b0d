// SPDX-License-Identifier: Apache-2.0
// The instruction set that an option or FUNES_ISA names.

import Funes

enum ISAChoice {
  /// What an option names; without one, or for `auto`, what the environment names, else the best.
  static func chosen(_ name: String?) throws(ISAChoiceError) -> ISA {
    if let name, name != "auto" { return try available(name, from: "--isa") }
    guard let name = ISA.environmentName else { return .best }
    return try available(name, from: "FUNES_ISA")
  }

  private static func available(_ name: String, from source: String) throws(ISAChoiceError) -> ISA {
    guard let isa = ISA(named: name), isa.isAvailable else {
      throw ISAChoiceError(source: source, found: name, isKnown: ISA(named: name) != nil)
    }
    return isa
  }
}

/// An instruction set that there are no kernels for, or that this machine lacks.
struct ISAChoiceError: Error, Equatable, CustomStringConvertible {
  /// Who named it: an option or a variable of the environment.
  var source: String
  var found: String
  /// There are kernels for it, in this build or another.
  var isKnown: Bool

  var description: String {
    let expected = ISA.allCases.filter(\.isAvailable).map(\.name).joined(separator: ", ")
    let reason = isKnown ? ", which this machine or build does not have" : ""
    return "\(source): found \"\(found)\"\(reason), expected auto or one of those here: \(expected)"
  }
}
