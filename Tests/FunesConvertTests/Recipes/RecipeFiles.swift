// SPDX-License-Identifier: Apache-2.0
// The recipes of tools/recipes, and the comparison of a float result with a golden.

import Foundation
import Testing

@testable import FunesConvert

enum RecipeFiles {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("tools/recipes", isDirectory: true)

  static func path(_ name: String) -> String { folder.appendingPathComponent("\(name).json").path }

  /// The model of a shared checkpoint by its recipe.
  static func imported(_ recipe: String, checkpoint: String) throws -> Imported {
    try Importer.graph(
      checkpoints: ["weights": SharedData.path("checkpoints/\(checkpoint)")], recipePath: path(recipe))
  }

  /// The goldens of a shared checkpoint.
  static func golden(_ path: String) throws -> Checkpoint {
    try Checkpoint.read(path: SharedData.path("checkpoints/\(path)"))
  }
}

/// Largest error of a float model against its framework, relative to the range of the expected values: float32 there,
/// double here, over some hundred steps.
let floatTolerance = 1e-4

/// Expects `found` to equal `expected` within `limit` of the expected range; prints the error.
func expectClose(
  _ found: [Float]?, _ expected: [Float], limit: Double = floatTolerance, _ what: String,
  location: SourceLocation = #_sourceLocation
) {
  guard let found, found.count == expected.count, let low = expected.min(), let high = expected.max() else {
    Issue.record("\(what): found \(found?.count ?? 0) elements, expected \(expected.count)", sourceLocation: location)
    return
  }
  let range = max(Double(high - low), 1e-30)
  let errors = zip(found, expected).map { Double(abs($0 - $1)) / range }
  let worst = errors.indices.max { errors[$0] < errors[$1] } ?? 0
  // A NaN compares as no error, so the test is written the other way round.
  #expect(
    errors.allSatisfy { $0 <= limit },
    """
    \(what): found \(found[worst]) at \(worst), expected \(expected[worst]); error \(errors[worst]) of the range, \
    limit \(limit)
    """, sourceLocation: location)
  if ProcessInfo.processInfo.environment["FUNES_PRINT_ERRORS"] == "1" {
    print("\(what): error \(errors[worst]) of the range \(low)...\(high)")
  }
}
