// SPDX-License-Identifier: Apache-2.0
// How far a long piece of work is: one line on stderr that is written over, seen by people only.

/// Progress of one piece of work; silent for its first second, and altogether where nobody asked and stderr is no
/// terminal.
final class Progress {
  private let title: String
  private let isShown: Bool
  private let begin = secondsNow()
  private var latest: Double
  private var length = 0

  init(_ title: String, isForced: Bool = false) {
    self.title = title
    isShown = isForced || Talk.isTerminal
    latest = begin
  }

  /// Shows `done` of `total`, at most ten times a second.
  func update(_ done: Int, of total: Int, _ detail: String = "") {
    guard isShown, total > 0 else { return }
    let now = secondsNow()
    guard now - begin > 1, now - latest > 0.1 else { return }
    latest = now
    let line = "\(title) \(100 * done / total) %\(detail.isEmpty ? "" : ": \(detail)")"
    Talk.write("\r" + line + String(repeating: " ", count: max(0, length - line.count)))
    length = line.count
  }

  /// Takes the line away.
  func end() {
    guard length > 0 else { return }
    Talk.write("\r" + String(repeating: " ", count: length) + "\r")
    length = 0
  }
}
