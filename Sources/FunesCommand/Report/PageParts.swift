// SPDX-License-Identifier: Apache-2.0
// What a page is made of, before it is HTML or Markdown: sections of sentences, tables and plots.

import FunesConvert

/// A document in sections.
struct Page {
  var title: String
  /// What the document is, in a sentence or two.
  var lead: String
  var sections: [PageSection] = []
}

/// One subject: its first sentence says what is shown and how it is read.
struct PageSection {
  /// Of its own within the page; letters and hyphens.
  var id: String
  var title: String
  var lead: String
  var parts: [PagePart] = []
}

enum PagePart {
  case text(String)
  /// A sentence or two that say the whole.
  case verdict(String)
  /// What is what, a line each.
  case facts([(name: String, value: String)])
  case table(PageTable)
  case lines(LinePlot)
  case bars(BarPlot)
}

/// Rows of cells; numbers stand right.
struct PageTable {
  struct Column {
    var title: String
    var isNumber = false
  }

  var caption: String
  var columns: [Column]
  var rows: [[String]] = []
  /// Shown folded: a table that repeats in full what a plot shows.
  var isFolded = false

  /// Titles that begin with # are of numbers.
  init(_ caption: String, _ titles: [String], isFolded: Bool = false) {
    self.caption = caption
    self.isFolded = isFolded
    columns = titles.map { title in
      title.hasPrefix("#") ? Column(title: String(title.dropFirst()), isNumber: true) : Column(title: title)
    }
  }
}

/// An axis: what it counts, in which unit, and how.
struct PlotAxis {
  var title: String
  var isLogarithmic = false
  /// What the axis spans at least, so that small changes look small.
  var leastSpan = 0.0
}

/// Lines over a horizontal axis.
struct LinePlot {
  struct Series {
    var name: String
    var points: [(x: Double, y: Double)]
  }

  var caption: String
  var x: PlotAxis
  var y: PlotAxis
  var series: [Series]
  /// Points that are told from the others, with what to call them.
  var marks: [(x: Double, y: Double, name: String)] = []
}

/// Bars from the left, one or several for each line of names.
struct BarPlot {
  struct Bar {
    var name: String
    /// Stands a step to the right, as a part of the line above.
    var isPart = false
    /// One for each of the plot's series; nil where there is none.
    var values: [Double?]
    /// What stands beside each bar.
    var labels: [String]
  }

  var caption: String
  var axis: PlotAxis
  var series: [String]
  var bars: [Bar]
}

extension String {
  /// As the text or an attribute of an XML document.
  var escapedForXML: String {
    var escaped = ""
    for scalar in withoutControls.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// As text of a Markdown document, in a cell of a table too.
  var escapedForMarkdown: String {
    var escaped = ""
    for scalar in withoutControls.unicodeScalars {
      switch scalar {
      case "\n": escaped += " "
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case "\\", "|", "*", "_", "`", "[", "]", "#", "~":
        escaped += "\\"
        escaped.unicodeScalars.append(scalar)
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
