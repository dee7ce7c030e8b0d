// SPDX-License-Identifier: Apache-2.0
// The header of a numpy array: a small dictionary in Python's notation, of which exactly the three members that the
// format defines are read.
// Source: NEP 1, https://numpy.org/neps/nep-0001-npy-format.html

/// What the header of a `.npy` array says.
struct NpyHeader: Equatable {
  var dtype: DType
  var isColumnMajor: Bool
  var shape: [Int]
  /// Bytes before the first element.
  var byteCount: Int

  /// Most bytes of a header. Arrays of numbers need about a hundred; only records of many fields need more.
  static let byteLimit = 1 << 16

  /// Reads the header at the beginning of `bytes`, which may end anywhere after it.
  init(_ bytes: [UInt8], at place: CheckpointPlace, tensor: String) throws(CheckpointError) {
    var reader = ByteReader(bytes, at: place)
    guard try reader.take(6).elementsEqual(Npy.magic) else { throw .npy(at: place, .notAnArray) }
    let version = (Int(try reader.byte()), Int(try reader.byte()))
    guard (1...3).contains(version.0), version.1 == 0 else {
      throw .npy(at: place, .unsupportedVersion(major: version.0, minor: version.1))
    }
    let textCount = version.0 == 1 ? try reader.uint16() : try reader.uint32()
    guard textCount <= NpyHeader.byteLimit - 12 else {
      throw .limitExceeded(at: place, .headerBytes, found: textCount, limit: NpyHeader.byteLimit - 12)
    }
    let textPlace = reader.place
    var text = NpyHeaderText(Array(try reader.take(textCount)), at: textPlace)
    let fields = try text.fields()
    byteCount = reader.offset
    shape = fields.shape
    isColumnMajor = fields.isColumnMajor
    dtype = try NpyHeader.dtype(fields.descr, at: textPlace, tensor: tensor)
  }

  /// The type that numpy writes as `descr`, as in `<f4`.
  static func dtype(_ descr: String, at place: CheckpointPlace, tensor: String) throws(CheckpointError) -> DType {
    if descr.dropFirst().first == "O" { throw .npy(at: place, .objectArray) }
    let digits = descr.dropFirst(2)
    guard let order = descr.first, let kind = descr.dropFirst().first, digits.allSatisfy(\.isASCII),
      digits.allSatisfy(\.isNumber), let width = Int(digits)
    else { throw .unsupportedType(file: place.file, tensor: tensor, found: descr) }
    // A type of one byte has no order, and numpy says so; byte strings neither.
    if order == ">", width > 1, kind != "S" { throw .bigEndian(at: place) }
    guard order == "<" || order == "|" || order == "=" || order == ">" else {
      throw .unsupportedType(file: place.file, tensor: tensor, found: descr)
    }
    switch (kind, width) {
    case ("f", 2): return .f16
    case ("f", 4): return .f32
    case ("f", 8): return .f64
    case ("i", 1): return .i8
    case ("i", 2): return .i16
    case ("i", 4): return .i32
    case ("i", 8): return .i64
    case ("u", 1): return .u8
    case ("u", 2): return .u16
    case ("u", 4): return .u32
    case ("u", 8): return .u64
    case ("b", 1): return .bool
    case ("U", 1...textLimit): return .unicode(characterCount: width)
    case ("S", 1...textLimit): return .byteString(byteCount: width)
    default: throw .unsupportedType(file: place.file, tensor: tensor, found: descr)
    }
  }

  /// Longest text element. Text of no characters is refused: an array of it could have any extent in no bytes.
  private static let textLimit = 1 << 20
}

/// Reads the notation of the header.
private struct NpyHeaderText {
  private var reader: ByteReader
  private let start: CheckpointPlace

  init(_ bytes: [UInt8], at place: CheckpointPlace) {
    reader = ByteReader(bytes, at: place)
    start = place
  }

  mutating func fields() throws(CheckpointError) -> (descr: String, isColumnMajor: Bool, shape: [Int]) {
    var descr: String?
    var isColumnMajor: Bool?
    var shape: [Int]?
    try expect("{")
    while !(try takes("}")) {
      let key = try quoted()
      try expect(":")
      switch key {
      case "descr" where descr == nil:
        // A list describes records.
        if try takes("[") { throw .npy(at: start, .structuredArray) }
        descr = try quoted()
      case "fortran_order" where isColumnMajor == nil: isColumnMajor = try boolean()
      case "shape" where shape == nil: shape = try extents()
      default: throw fault("the keys \"descr\", \"fortran_order\" and \"shape\", each once")
      }
      if !(try takes(",")) {
        try expect("}")
        break
      }
    }
    while let byte = next() {
      guard byte == 0x20 || byte == 0x0a else { throw fault("the end of the header") }
      try reader.skip(1)
    }
    guard let descr, let isColumnMajor, let shape else {
      throw fault("the keys \"descr\", \"fortran_order\" and \"shape\", each once")
    }
    return (descr, isColumnMajor, shape)
  }

  private mutating func extents() throws(CheckpointError) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !(try takes(")")) {
      extents.append(try integer())
      if !(try takes(",")) {
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func integer() throws(CheckpointError) -> Int {
    try skipSpace()
    var digits = ""
    while let byte = next(), (0x30...0x39).contains(byte), digits.count < 20 {
      digits.unicodeScalars.append(Unicode.Scalar(byte))
      try reader.skip(1)
    }
    guard let value = Int(digits) else { throw fault("an extent from 0 to \(Int.max)") }
    return value
  }

  private mutating func boolean() throws(CheckpointError) -> Bool {
    try skipSpace()
    var word = ""
    while let byte = next(), byte > 0x40, word.count < 6 {
      word.unicodeScalars.append(Unicode.Scalar(byte))
      try reader.skip(1)
    }
    guard word == "True" || word == "False" else { throw fault("True or False") }
    return word == "True"
  }

  private mutating func quoted() throws(CheckpointError) -> String {
    try skipSpace()
    guard let quote = next(), quote == 0x27 || quote == 0x22 else { throw fault("a text in quotes") }
    try reader.skip(1)
    var text: [UInt8] = []
    while let byte = next() {
      try reader.skip(1)
      if byte == quote { return String(decoding: text, as: UTF8.self) }
      text.append(byte)
    }
    throw fault("a closing quote")
  }

  private func next() -> UInt8? {
    reader.remaining > 0 ? reader.bytes[reader.offset] : nil
  }

  private mutating func skipSpace() throws(CheckpointError) {
    while next() == 0x20 { try reader.skip(1) }
  }

  private mutating func takes(_ character: Unicode.Scalar) throws(CheckpointError) -> Bool {
    try skipSpace()
    guard next() == UInt8(ascii: character) else { return false }
    try reader.skip(1)
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard try takes(character) else { throw fault("\"\(character)\"") }
  }

  private func fault(_ expected: String) -> CheckpointError {
    .npy(at: reader.place, .invalidHeader(expected: expected))
  }
}
