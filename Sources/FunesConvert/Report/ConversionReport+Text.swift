// SPDX-License-Identifier: Apache-2.0
// The conversion report for people, as an aligned table, and for programs, as JSON.

extension ConversionReport: CustomStringConvertible {
  /// One line a matrix or an operator without one, then the totals.
  ///
  ///     layer  kind    matrix  shape     bytes  bits  act  weight SNR  output SNR  largest error
  public var description: String {
    var table = TextTable(columns: [
      .left("layer"), .left("kind"), .left("matrix"), .right("shape"), .right("bytes"), .right("bits"),
      .right("act"),
      .right("weight SNR"), .right("output SNR"), .right("largest error"),
    ])
    for layer in layers {
      let name = programs.count > 1 ? "\(layer.program)/\(layer.name)" : layer.name
      if layer.matrices.isEmpty {
        let errors = [fixed(layer.outputSNR, 1, "dB"), significant(layer.outputMaxAbs)]
        table.append([name, layer.kind, "–", "–", "–", "–", "–", "–"] + errors)
      }
      for (index, matrix) in layer.matrices.enumerated() {
        let isFirst = index == 0
        table.append([
          isFirst ? name : "",
          isFirst ? layer.kind : "", matrix.name, "\(matrix.rows)×\(matrix.cols)", "\(matrix.byteCount)",
          "\(matrix.weightBits)", "\(matrix.activationBits)", fixed(matrix.weightSNR, 1, "dB"),
          isFirst ? fixed(layer.outputSNR, 1, "dB") : "", isFirst ? significant(layer.outputMaxAbs) : "",
        ])
      }
    }
    var lines = table.lines
    lines.append("")
    let bytesPerWeight = bytesPerWeight.map { ", \(Decimal.fixed($0, digits: 2)) a weight" } ?? ""
    lines.append("file    \(fileByteCount) bytes, of these weights \(weightByteCount)\(bytesPerWeight)")
    lines.append("state   \(stateByteCount) bytes")
    lines.append("session \(sessionByteCount) bytes for one row, and \(rowByteCount) for each further row")
    lines.append("weights \(fixed(weightSNR, 1, "dB"))")
    for program in programs { lines.append("\(program.name): \(program.multiplyCount) multiplications a row") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func fixed(_ value: Double?, _ digits: Int, _ unit: String) -> String {
    value.map { "\(Decimal.fixed($0, digits: digits)) \(unit)" } ?? "–"
  }

  private func significant(_ value: Double?) -> String {
    value.map { Decimal.significant($0, digits: 3) } ?? "–"
  }
}

extension ConversionReport {
  /// The report as a JSON document; figures that were not measured are null.
  public var json: String { document.text }

  package var document: JSONValue {
    .members([
      "model": .string(model), "fileBytes": .integer(fileByteCount), "weightBytes": .integer(weightByteCount),
      "bytesPerWeight": number(bytesPerWeight),
      "stateBytes": .integer(stateByteCount), "sessionBytes": .integer(sessionByteCount),
      "rowBytes": .integer(rowByteCount), "weightSNR": number(weightSNR),
      "programs": .array(
        programs.map { .members(["name": .string($0.name), "multiplications": .integer($0.multiplyCount)]) }),
      "layers": .array(layers.map(json)),
    ])
  }

  private func json(_ layer: Layer) -> JSONValue {
    .members([
      "program": .string(layer.program), "name": .string(layer.name), "kind": .string(layer.kind),
      "multiplications": .integer(layer.multiplyCount), "outputSNR": number(layer.outputSNR),
      "outputMaxAbs": number(layer.outputMaxAbs),
      "matrices": .array(
        layer.matrices.map {
          .members([
            "name": .string($0.name), "rows": .integer($0.rows), "cols": .integer($0.cols),
            "bytes": .integer($0.byteCount), "weightBits": .integer($0.weightBits),
            "activationBits": .integer($0.activationBits), "qmax": .integer($0.qmax),
            "isEqualized": .bool($0.isEqualized), "weightSNR": number($0.weightSNR),
          ])
        }),
    ])
  }

  private func number(_ value: Double?) -> JSONValue {
    value.map { $0.isFinite ? .number($0) : .null } ?? .null
  }
}
