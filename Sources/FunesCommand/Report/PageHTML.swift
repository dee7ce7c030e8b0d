// SPDX-License-Identifier: Apache-2.0
// A page as one HTML document that needs nothing else: no script, no other file; well-formed XML too.

import FunesConvert

extension Page {
  var html: String {
    let parts = sections.map { section in
      "<section id=\"\(section.id)\">\n<h2>\(section.title.escapedForXML)</h2>\n<p class=\"lead\">\(section.lead.escapedForXML)</p>\n"
        + section.parts.map(\.html).joined(separator: "\n") + "\n</section>"
    }
    let contents = sections.map { "<a href=\"#\($0.id)\">\($0.title.escapedForXML)</a>" }
    return """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>\(title.escapedForXML)</title>
      <style>
      \(Page.style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(title.escapedForXML)</h1>
      <p class="lead">\(lead.escapedForXML)</p>
      <nav>\(contents.joined(separator: " "))</nav>
      \(parts.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  /// Colours are told apart by people who see few, too, and have enough contrast on both grounds.
  private static let style = """
    :root { color-scheme: light dark; --ground: #ffffff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --band: #f4f6f8;
      --s0: #0b62c4; --s1: #c2410c; --s2: #1a7f37; --s3: #8a3ab9; --s4: #8a6100; --s5: #b3246b; --s6: #0f7b83; --s7: #5c6370; }
    @media (prefers-color-scheme: dark) { :root { --ground: #15181c; --ink: #e6e9ed; --soft: #a3adb8; --rule: #3a424b; --band: #1e2329;
      --s0: #6db1ff; --s1: #ff9a62; --s2: #5fd07e; --s3: #cf9bff; --s4: #e3b341; --s5: #ff86bd; --s6: #54cdd6; --s7: #b3bcc6; } }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
    main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
    h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.4rem 0 .2rem; border-top: 1px solid var(--rule); padding-top: 1.2rem; }
    p { max-width: 48rem; } .lead { color: var(--soft); margin-top: .2rem; }
    nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .8rem 0; } a { color: var(--s0); }
    .verdict { background: var(--band); border-left: .3rem solid var(--s0); padding: .6rem .9rem; }
    figure { margin: 1rem 0 1.4rem; } figcaption { font-weight: 600; margin-bottom: .3rem; }
    .scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
    th, td { text-align: left; padding: .22rem .7rem .22rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
    th { color: var(--soft); font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .8rem 0; font-size: .95rem; }
    dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; } summary { cursor: pointer; font-weight: 600; margin: .4rem 0; }
    .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 .2rem; padding: 0; list-style: none; font-size: .9rem; }
    .legend span { display: inline-block; width: .8rem; height: .8rem; border-radius: .15rem; margin-right: .4rem; }
    svg.plot { max-width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font-size: 12px; }
    svg .axis { font-size: 12.5px; } svg .part { fill: var(--soft); } svg .value { fill: var(--soft); font-size: 10.5px; }
    svg .grid { stroke: var(--rule); stroke-width: 1; } svg .tick { stroke: var(--soft); stroke-width: 1; }
    svg .line { fill: none; stroke-width: 2; } svg .mark { fill: none; stroke: var(--ink); stroke-width: 2; }
    """
    + (0..<8).map {
      "\n.line.s\($0) { stroke: var(--s\($0)); } .dot.s\($0), .bar.s\($0) { fill: var(--s\($0)); } .key.s\($0) { background: var(--s\($0)); }"
    }.joined()
}

extension PagePart {
  fileprivate var html: String {
    switch self {
    case .text(let text): return "<p>\(text.escapedForXML)</p>"
    case .verdict(let text): return "<p class=\"verdict\">\(text.escapedForXML)</p>"
    case .facts(let facts):
      let lines = facts.map { "<dt>\($0.name.escapedForXML)</dt><dd>\($0.value.escapedForXML)</dd>" }
      return "<dl>\n\(lines.joined(separator: "\n"))\n</dl>"
    case .table(let table): return table.html
    case .lines(let plot): return PagePart.figure(plot.caption, keys: plot.series.map(\.name), plot.svg)
    case .bars(let plot):
      return PagePart.figure(plot.caption, keys: plot.series.count > 1 ? plot.series : [], plot.svg)
    }
  }

  private static func figure(_ caption: String, keys: [String], _ svg: String) -> String {
    let legend = keys.enumerated().map { "<li><span class=\"key s\($0 % 8)\"></span>\($1.escapedForXML)</li>" }
    return "<figure>\n<figcaption>\(caption.escapedForXML)</figcaption>\n"
      + (legend.isEmpty ? "" : "<ul class=\"legend\">\(legend.joined())</ul>\n") + svg + "\n</figure>"
  }
}

extension PageTable {
  fileprivate var html: String {
    func row(_ cells: [String], _ tag: String) -> String {
      let cells = zip(cells, columns).map { cell, column in
        "<\(tag)\(column.isNumber ? " class=\"n\"" : "")>\(cell.escapedForXML)</\(tag)>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    let table =
      "<div class=\"scroll\"><table>\n<thead>\(row(columns.map(\.title), "th"))</thead>\n<tbody>\n"
      + rows.map { row($0, "td") }.joined(separator: "\n") + "\n</tbody>\n</table></div>"
    if isFolded { return "<details>\n<summary>\(caption.escapedForXML)</summary>\n\(table)\n</details>" }
    return "<figure>\n<figcaption>\(caption.escapedForXML)</figcaption>\n\(table)\n</figure>"
  }
}
