// SPDX-License-Identifier: Apache-2.0
// How finely weights and activations are written, on a command line: a named point, or bits of one or the other.

import ArgumentParser
import FunesConvert

/// The three points that have a name.
enum NamedPrecision: String, CaseIterable, ExpressibleByArgument {
  case fast, `default`, high

  var precision: Precision {
    switch self {
    case .fast: .fast
    case .default: .default
    case .high: .high
    }
  }
}

extension Precision {
  /// What a command line asks for. A named point says both bits, which may be repeated but not contradicted; without one
  /// weights have 8 bits and activations 16 unless they are given.
  ///
  /// Throws `ValidationError`, which names the option, for bits that are neither 8 nor 16 and for contradictions.
  init(named name: NamedPrecision?, weights: Int? = nil, activations: Int? = nil) throws {
    guard let ofWeights = Weights(rawValue: weights ?? 8) else {
      throw ValidationError("--weights: found \(weights ?? 0), expected 8 or 16 bits")
    }
    guard let ofActivations = Activations(rawValue: activations ?? 16) else {
      throw ValidationError("--activations: found \(activations ?? 0), expected 8 or 16 bits")
    }
    guard let name else {
      self.init(weights: ofWeights, activations: ofActivations)
      return
    }
    self = name.precision
    for (option, found, own) in [
      ("--weights", weights, self.weights.rawValue), ("--activations", activations, self.activations.rawValue),
    ] where found != nil && found != own {
      throw ValidationError(
        "\(option): found \(found ?? 0), expected \(own), which --precision \(name.rawValue) stands for; give one of them"
      )
    }
  }
}

extension Converter {
  /// Gives 16-bit weights to the matrices of a list as `--weights16` takes it: names parted by commas, `*` for any text.
  mutating func widen(_ list: String, of graph: Graph) throws {
    let patterns = list.split(separator: ",").map(\.trimmingBlanks).filter { !$0.isEmpty }.map(NamePattern.init)
    do throws(ConversionError) {
      try widen(patterns, of: graph)
    } catch {
      guard case .unknownMatrix(let name) = error else { throw error }
      throw ChoiceError.noSuchName(kind: "--weights16", found: name, expected: graph.matrixNames)
    }
  }
}

extension Substring {
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
