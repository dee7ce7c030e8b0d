// SPDX-License-Identifier: Apache-2.0
// Tables and numbers in plain text, the same in every locale.

/// Rows of cells, each column as wide as its widest cell.
package struct TextTable {
  package enum Column {
    case left(String)
    case right(String)
  }
  private let columns: [Column]
  private var rows: [[String]]

  package init(columns: [Column]) {
    self.columns = columns
    rows = [
      columns.map { column in
        switch column {
        case .left(let title), .right(let title): title
        }
      }
    ]
  }

  package mutating func append(_ row: [String]) {
    precondition(row.count == columns.count, "TextTable: a row has another number of cells than the table")
    rows.append(row)
  }

  /// The title and the rows, two blanks between columns, none at the end of a line.
  package var lines: [String] {
    let widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = columns.indices.map { column in
        let pad = String(repeating: " ", count: widths[column] - row[column].count)
        return if case .left = columns[column] { row[column] + pad } else { pad + row[column] }
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

/// A number of things: "1 tensor", "2 tensors".
package func counted(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }

/// Decimal notation of doubles.
package enum Decimal {
  /// With that many digits after the point, as in 41.8.
  package static func fixed(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let unit = (0..<digits).reduce(1) { power, _ in power * 10 }
    let scaled = Int((value.magnitude * Double(unit)).rounded())
    let fraction = String(scaled % unit)
    let zeros = String(repeating: "0", count: digits - (digits == 0 ? 0 : fraction.count))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return digits == 0 ? "\(sign)\(scaled)" : "\(sign)\(scaled / unit).\(zeros)\(fraction)"
  }

  /// With that many significant digits, as in 0.00142 or 1.50e-9.
  package static func significant(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var exponent = 0
    var mantissa = value.magnitude
    while mantissa >= 10 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    let unit = (1..<digits).reduce(1.0) { power, _ in power * 10 }
    if (mantissa * unit).rounded() >= 10 * unit {
      mantissa = 1
      exponent += 1
    }
    if exponent >= -4 && exponent < digits { return fixed(value, digits: digits - 1 - exponent) }
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(fixed(mantissa, digits: digits - 1))e\(exponent < 0 ? "-" : "+")\(exponent.magnitude)"
  }
}
