// SPDX-License-Identifier: Apache-2.0
// The loop of `funes run` for encoder-decoder models: a line of source in, a line of target out.

/// Lines of text through a translator.
struct TranslationStream: ~Copyable {
  let translator: Translator
  let reader: ByteReader
  let output: ByteWriter
  let format: OutputFormat
  let skipsBadRows: Bool
  let limit: Int
  let warn: (String) -> Void

  consuming func run() throws {
    guard let table = translator.source.symbols?.asLines else {
      throw ChoiceError.unsuitable(what: "model", reason: "found no vocabulary at its source, expected one")
    }
    var decoder = TextDecoder(table: table, reader: reader)
    var writer = RowWriter(ports: [translator.target], format: format, output: output)
    var ids: [Int32] = []
    var lines = 0
    var isBroken = false
    while lines < limit {
      let event: TextDecoder.Event
      do throws(StreamError) {
        event = try decoder.next()
      } catch {
        guard skipsBadRows, error.isOfOneRow else { throw error }
        warn("\(error)")
        isBroken = true
        continue
      }
      if case .id(let id) = event {
        ids.append(id)
        continue
      }
      if event == .end && (ids.isEmpty && !isBroken || Interrupt.isRequested) { break }
      lines += 1
      if !ids.isEmpty {
        do {
          try translate(ids, &writer)
        } catch let error as StreamError where skipsBadRows && error.isOfOneRow {
          warn("\(error)")
        }
      }
      try writer.endSequence(wasEmpty: ids.isEmpty)
      ids.removeAll(keepingCapacity: true)
      isBroken = false
      if event == .end { break }
    }
    try output.flush()
  }

  private func translate(_ ids: [Int32], _ writer: inout RowWriter) throws {
    var isFirst = true
    if format == .text {
      var local = writer
      try translator.translate(ids) { id throws(StreamError) in try local.write(symbol: id) }
      writer = local
      return
    }
    try translator.translate(ids) { id throws(StreamError) in
      try output.write((isFirst ? "" : " ") + String(id))
      isFirst = false
    }
    try output.write(UInt8(ascii: "\n"))
  }
}
