// SPDX-License-Identifier: Apache-2.0
// The checkpoints and the recipe on a command line, the same for every verb that reads them.

import ArgumentParser
import FunesConvert

/// Which checkpoint files, and by which names the recipe calls them.
enum CheckpointPaths {
  /// - Parameters:
  ///   - plain: paths alone. One may have any name; several take the recipe's names in its order.
  ///   - named: `name=path`.
  static func dictionary(plain: [String], named: [String], recipe: String?) throws -> [String: String] {
    var paths: [String: String] = [:]
    for text in named {
      guard let cut = text.firstIndex(of: "="), cut != text.startIndex else {
        throw ValidationError("--checkpoint: found \"\(text)\", expected name=path")
      }
      let name = String(text[..<cut])
      guard paths.updateValue(String(text[text.index(after: cut)...]), forKey: name) == nil else {
        throw ValidationError("--checkpoint: found \"\(name)\" twice, expected each name once")
      }
    }
    if plain.isEmpty && paths.isEmpty { throw ValidationError("checkpoints: found none, expected one or more") }
    guard let only = plain.first else { return paths }
    guard plain.count == 1, paths.isEmpty else {
      throw ValidationError(
        "checkpoints: found several, expected each as --checkpoint name=path, with the names of the recipe")
    }
    return [Recipe.defaultCheckpoint: only]
  }

  /// The file's name without folders and without its last extension; a folder's name whole, its own for "." and "..".
  static func stem(of path: String) -> String {
    FilePath.isFolder(path) ? FilePath.folderName(of: path) : FilePath.stem(of: path)
  }
}
