// SPDX-License-Identifier: Apache-2.0
// Writes a graph and its quantised matrices as a .funes file in memory: sections, checksums, fingerprint, header.

import Funes

/// The one writer of the format (FORMAT.md). Equal input gives equal bytes.
///
/// Records are made once; `bytes(goldens:)` may then be called twice: without self-test, for the caller to run, and with
/// the results of that run.
struct FileWriter {
  private var sections: [Section: ByteWriter] = [:]
  private let plan: ArenaPlan

  /// `matrices` holds every constant of the graph that is a matrix, by its index; `metadata` replaces the graph's own.
  init(
    _ graph: Graph, matrices: [Int: QuantizedMatrix], plan: ArenaPlan, metadata: [String: String]
  ) throws(ConversionError) {
    self.plan = plan
    try graph.checkConstants()
    let records = try RecordWriter(graph, plan: plan, metadata: metadata)
    let (constants, data) = try records.constants(matrices)
    sections[.strings] = records.strings
    sections[.constants] = constants
    sections[.values] = try records.values()
    sections[.states] = records.states()
    sections[.operators] = records.operators()
    sections[.runs] = records.runs()
    sections[.programs] = records.programs()
    sections[.resets] = records.resets()
    sections[.ports] = records.ports()
    sections[.texts] = records.texts()
    sections[.symbols] = records.symbols()
    sections[.generation] = records.generation()
    sections[.metadata] = records.metadataPairs()
    sections[.data] = data
    for section in Section.allCases { try check(section) }
  }

  private func check(_ section: Section) throws(ConversionError) {
    let found = (sections[section]?.count ?? 0) / section.stride
    let limit = Int(section.recordLimit)
    if found > limit { throw .tooLarge(what: "section \(section)", found: found, limit: limit) }
  }

  /// The whole file, with these records as its self-test.
  func bytes(goldens: [GoldenRecord] = []) throws(ConversionError) -> [UInt8] {
    let limit = Int(Section.goldens.recordLimit)
    if goldens.count > limit { throw .tooLarge(what: "self-test", found: goldens.count, limit: limit) }
    var golden = ByteWriter()
    for record in goldens {
      golden.append(index: record.run.program)
      golden.append(index: record.run.rows)
      golden.append(record.run.seed)
      golden.append(record.crc)
    }
    var table = ByteWriter()
    var body = ByteWriter()
    let start = 128 + Section.allCases.count * 32
    body.reserve(Section.allCases.reduce(0) { $0 + (sections[$1]?.count ?? 0) + 64 })
    for section in Section.allCases {
      body.zeros(roundUp(start + body.count, to: 64) - start - body.count)
      let bytes = (section == .goldens ? golden : sections[section] ?? ByteWriter()).bytes
      table.append(section.tag)
      table.append(UInt32(0))
      table.append(UInt64(start + body.count))
      table.append(UInt64(bytes.count))
      table.append(Checksum.crc32c(bytes))
      table.append(UInt32(section.stride))
      body.append(contentsOf: bytes)
    }
    body.zeros(roundUp(start + body.count, to: 64) - start - body.count)
    var sha = SHA256()
    sha.update(table.bytes.span)
    sha.update(body.bytes.span)
    var file = header(fingerprint: sha.finish(), table: table.bytes, fileByteCount: start + body.count)
    file.reserve(start + body.count)
    file.append(contentsOf: table.bytes)
    file.append(contentsOf: body.bytes)
    return file.bytes
  }

  private func header(fingerprint: SHA256.Digest, table: [UInt8], fileByteCount: Int) -> ByteWriter {
    var header = ByteWriter()
    header.append(contentsOf: [0x89, 0x46, 0x55, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a])
    header.append(UInt32(Model.version))
    header.append(UInt32(Section.allCases.count))
    header.append(UInt64(fileByteCount))
    header.append(UInt64(plan.fixedByteCount))
    header.append(UInt64(plan.rowByteCount))
    header.zeros(8)
    for index in 0..<32 { header.append(fingerprint[index]) }
    header.zeros(40)
    header.append(Checksum.crc32c(table))
    header.append(Checksum.crc32c(header.bytes))
    return header
  }
}
