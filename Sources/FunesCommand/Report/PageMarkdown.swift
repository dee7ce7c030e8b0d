// SPDX-License-Identifier: Apache-2.0
// A page as Markdown: the same sentences and tables, and the numbers of the plots where the page draws them.

import FunesConvert

extension Page {
  var markdown: String {
    let parts = sections.map { section in
      (["## \(section.title.escapedForMarkdown)", section.lead.escapedForMarkdown]
        + section.parts.compactMap(\.markdown))
        .joined(separator: "\n\n")
    }
    return (["# \(title.escapedForMarkdown)", lead.escapedForMarkdown] + parts).joined(separator: "\n\n") + "\n"
  }
}

extension PagePart {
  /// Nil for lines, whose numbers a table beside them holds.
  fileprivate var markdown: String? {
    switch self {
    case .text(let text): text.escapedForMarkdown
    case .verdict(let text): "**\(text.escapedForMarkdown)**"
    case .facts(let facts):
      facts.map { "- \($0.name.escapedForMarkdown): \($0.value.escapedForMarkdown)" }.joined(separator: "\n")
    case .table(let table): table.markdown
    case .lines, .bars: nil
    }
  }
}

extension PageTable {
  fileprivate var markdown: String {
    func row(_ cells: [String]) -> String { "| \(cells.map(\.escapedForMarkdown).joined(separator: " | ")) |" }
    let rule = "|" + columns.map { $0.isNumber ? "---:|" : "---|" }.joined()
    let lines = [row(columns.map(\.title)), rule] + rows.map(row)
    return "\(caption.escapedForMarkdown):\n\n" + lines.joined(separator: "\n")
  }
}
