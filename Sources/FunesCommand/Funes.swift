// SPDX-License-Identifier: Apache-2.0
// The `funes` command: one file a verb.

import ArgumentParser

@main
struct FunesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "funes", abstract: "Convert trained sequence models to int8 and stream them step by step.")
}
