// SPDX-License-Identifier: Apache-2.0
// Plots as SVG inside an HTML page: colours are the page's, so that they follow light and dark.

import FunesConvert

/// Numbers of pixels as SVG has them.
private func pixels(_ value: Double) -> String { Decimal.fixed(value, digits: 1) }

/// Elements of one drawing.
private struct Drawing {
  private var elements: [String] = []

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
    elements.append(
      "<line class=\"\(style)\" x1=\"\(pixels(x1))\" y1=\"\(pixels(y1))\" x2=\"\(pixels(x2))\" y2=\"\(pixels(y2))\"/>")
  }

  /// - Parameter anchor: start, middle or end.
  mutating func text(_ x: Double, _ y: Double, _ text: String, _ anchor: String, _ style: String = "label") {
    elements.append(
      "<text class=\"\(style)\" x=\"\(pixels(x))\" y=\"\(pixels(y))\" text-anchor=\"\(anchor)\">\(text.escapedForXML)</text>"
    )
  }

  /// Along the left edge, read from below.
  mutating func verticalText(_ x: Double, _ y: Double, _ text: String) {
    elements.append(
      "<text class=\"axis\" transform=\"translate(\(pixels(x)) \(pixels(y))) rotate(-90)\" text-anchor=\"middle\">"
        + "\(text.escapedForXML)</text>")
  }

  mutating func add(_ element: String) { elements.append(element) }

  func svg(width: Double, height: Double, title: String) -> String {
    "<svg class=\"plot\" viewBox=\"0 0 \(pixels(width)) \(pixels(height))\" width=\"\(pixels(width))\" role=\"img\""
      + " xmlns=\"http://www.w3.org/2000/svg\"><title>\(title.escapedForXML)</title>\n"
      + elements.joined(separator: "\n") + "\n</svg>"
  }
}

extension LinePlot {
  var svg: String {
    let (width, height) = (760.0, 320.0)
    let all = series.flatMap(\.points) + marks.map { ($0.x, $0.y) }
    let xScale = PlotScale(x, holding: all.map(\.x), begin: 64, end: width - 16)
    let yScale = PlotScale(y, holding: all.map(\.y), begin: height - 48, end: 12)
    var drawing = Drawing()
    for tick in yScale.ticks {
      let place = yScale.place(tick)
      drawing.line(xScale.begin, place, xScale.end, place, "grid")
      drawing.text(xScale.begin - 8, place + 4, PlotScale.label(tick), "end")
    }
    for tick in xScale.ticks {
      let place = xScale.place(tick)
      drawing.line(place, yScale.begin, place, yScale.begin + 5, "tick")
      drawing.text(place, yScale.begin + 19, PlotScale.label(tick), "middle")
    }
    drawing.line(xScale.begin, yScale.begin, xScale.end, yScale.begin, "tick")
    drawing.text((xScale.begin + xScale.end) / 2, height - 8, x.title, "middle", "axis")
    drawing.verticalText(14, (yScale.begin + yScale.end) / 2, y.title)
    for (index, line) in series.enumerated() {
      let points = line.points.filter { $0.y.isFinite }.map { (xScale.place($0.x), yScale.place($0.y)) }
      let path = points.map { "\(pixels($0.0)),\(pixels($0.1))" }.joined(separator: " ")
      drawing.add("<polyline class=\"line s\(index % 8)\" points=\"\(path)\"/>")
      for point in points {
        drawing.add(
          "<circle class=\"dot s\(index % 8)\" cx=\"\(pixels(point.0))\" cy=\"\(pixels(point.1))\" r=\"2.5\"/>")
      }
    }
    for mark in marks {
      let (x, y) = (xScale.place(mark.x), yScale.place(mark.y))
      drawing.add("<circle class=\"mark\" cx=\"\(pixels(x))\" cy=\"\(pixels(y))\" r=\"7\"/>")
      let isLeft = x < (xScale.begin + xScale.end) / 2
      drawing.text(isLeft ? x + 12 : x - 12, y + 16, mark.name, isLeft ? "start" : "end", "axis")
    }
    return drawing.svg(width: width, height: height, title: caption)
  }
}

extension BarPlot {
  var svg: String {
    let (width, left, thickness) = (760.0, 250.0, 11.0)
    let group = thickness * Double(series.count) + 7
    let height = 44 + group * Double(bars.count)
    let scale = PlotScale(
      axis, holding: bars.flatMap(\.values).compactMap { $0 }, fromZero: true, begin: left, end: width - 84)
    let bottom = height - 40
    var drawing = Drawing()
    for tick in scale.ticks {
      let place = scale.place(tick)
      drawing.line(place, 4, place, bottom, "grid")
      drawing.text(place, bottom + 16, PlotScale.label(tick), "middle")
    }
    for (index, bar) in bars.enumerated() {
      let top = 6 + group * Double(index)
      let middle = top + thickness * Double(series.count) / 2
      drawing.text(left - 10, middle + 4, BarPlot.shortened(bar.name), "end", bar.isPart ? "label part" : "label")
      for (place, value) in bar.values.enumerated() {
        let y = top + thickness * Double(place)
        var end = left
        if let value, value.isFinite {
          end = scale.place(value)
          drawing.add(
            "<rect class=\"bar s\(place % 8)\" x=\"\(pixels(left))\" y=\"\(pixels(y + 1))\" width=\"\(pixels(max(end - left, 1)))\" height=\"\(pixels(thickness - 2))\"/>"
          )
        }
        drawing.text(end + 6, y + thickness - 1.5, bar.labels[place], "start", "value")
      }
    }
    drawing.line(left, 4, left, bottom, "tick")
    drawing.text((scale.begin + scale.end) / 2, height - 6, axis.title, "middle", "axis")
    return drawing.svg(width: width, height: height, title: caption)
  }

  /// A name that fits beside its bar: its beginning and its end.
  private static func shortened(_ name: String) -> String {
    let limit = 36
    guard name.count > limit else { return name }
    return "\(name.prefix(limit / 2 - 1))…\(name.suffix(limit / 2))"
  }
}
