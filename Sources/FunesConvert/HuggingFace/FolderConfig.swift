// SPDX-License-Identifier: Apache-2.0
// A config.json, read key by key: each must be taken by the family, be known to change nothing, or be refused by name.

/// One object of a Hugging Face configuration file, which remembers what was read of it.
final class FolderConfig {
  /// The file, for errors.
  let file: String
  /// `rope_parameters.` in front of keys of an object inside another.
  private let prefix: String
  private let values: [String: JSONValue]
  private let keys: [String]
  private var read: Set<String> = []
  private var children: [FolderConfig] = []

  /// Far above any configuration, with labels of a thousand classes.
  static let byteLimit = 16 << 20

  convenience init(path: String) throws {
    try self.init(file: path, bytes: try FolderConfig.bytes(path, limit: FolderConfig.byteLimit))
  }

  convenience init(file: String, bytes: [UInt8]) throws(FolderError) {
    let root: JSONValue
    do throws(JSONError) { root = try JSONValue(parsing: bytes) } catch { throw .json(file: file, error) }
    guard let members = root.members else {
      throw .wrongKind(file: file, key: "", found: root.kind, expected: "an object")
    }
    self.init(file: file, prefix: "", members: members)
  }

  private init(file: String, prefix: String, members: [JSONMember]) {
    self.file = file
    self.prefix = prefix
    values = Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    keys = members.map(\.key)
  }

  /// The bytes of a small file; refuses a larger one before it is read.
  static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
    let source = try ByteSource(path: path)
    guard source.count <= limit else {
      throw FolderError.fileTooLarge(file: path, found: source.count, limit: limit)
    }
    return try source.read(offset: 0, count: source.count)
  }

  // MARK: Values

  /// The value of a key, which counts as read; nil where there is none or it is null.
  func value(_ key: String) -> JSONValue? {
    read.insert(key)
    guard let value = values[key], !value.isNull else { return nil }
    return value
  }

  func has(_ key: String) -> Bool { !(values[key]?.isNull ?? true) }

  func optionalInteger(_ key: String, _ range: ClosedRange<Int>) throws(FolderError) -> Int? {
    guard let value = value(key) else { return nil }
    guard let integer = value.intValue else { throw wrongKind(key, value, "a whole number") }
    guard range.contains(integer) else {
      throw .outOfRange(
        file: file, key: prefix + key, found: "\(integer)", expected: "\(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func integer(_ key: String, _ range: ClosedRange<Int>, default standard: Int? = nil) throws(FolderError) -> Int {
    if let integer = try optionalInteger(key, range) { return integer }
    guard let standard else { throw .missingKey(file: file, key: prefix + key) }
    return standard
  }

  /// A number above 0 and at most 2^50.
  func optionalPositive(_ key: String) throws(FolderError) -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.doubleValue else { throw wrongKind(key, value, "a number") }
    guard number > 0, number <= 0x1p50 else {
      throw .outOfRange(file: file, key: prefix + key, found: "\(number)", expected: "above 0 and at most 2^50")
    }
    return number
  }

  func positive(_ key: String, default standard: Double? = nil) throws(FolderError) -> Double {
    if let number = try optionalPositive(key) { return number }
    guard let standard else { throw .missingKey(file: file, key: prefix + key) }
    return standard
  }

  /// A norm's ε: what float32 holds as a normal number.
  func epsilon(_ key: String, default standard: Double) throws(FolderError) -> Float {
    let number = try positive(key, default: standard)
    guard Float(number).isNormal else {
      throw .outOfRange(file: file, key: prefix + key, found: "\(number)", expected: "at least 1.2e-38")
    }
    return Float(number)
  }

  func flag(_ key: String, default standard: Bool) throws(FolderError) -> Bool {
    guard let value = value(key) else { return standard }
    guard let flag = value.boolValue else { throw wrongKind(key, value, "true or false") }
    return flag
  }

  func optionalWord(_ key: String) throws(FolderError) -> String? {
    guard let value = value(key) else { return nil }
    guard let word = value.stringValue else { throw wrongKind(key, value, "a string") }
    return word
  }

  /// What a word stands for; a word that is not in the table is refused by name.
  func choice<T>(_ key: String, _ table: KeyValuePairs<String, T>, default standard: String? = nil) throws(FolderError)
    -> T
  {
    guard let word = try optionalWord(key) ?? standard else { throw .missingKey(file: file, key: prefix + key) }
    guard let choice = table.first(where: { $0.key == word }) else {
      throw unsupported(key, "\"\(word)\"", table.map { "\"\($0.key)\"" })
    }
    return choice.value
  }

  /// A flag or number that is only done at these values, the first of which is what its absence means.
  func require(_ key: String, _ expected: JSONValue...) throws(FolderError) {
    guard let value = value(key), !expected.contains(value) else { return }
    throw unsupported(key, FolderConfig.text(value), expected.map(FolderConfig.text))
  }

  /// One id, or the first of a list of ids; nil where there is none.
  func id(_ key: String, below count: Int) throws(FolderError) -> Int? {
    guard let value = value(key) else { return nil }
    let found = value.elements?.first ?? value
    guard let id = found.intValue else { throw wrongKind(key, value, "an id or a list of ids") }
    // Published configurations have ids of −1 and of added symbols that the table does not have: they mean none.
    return (0..<count).contains(id) ? id : nil
  }

  /// An id or a list of them, those that the table has.
  func ids(_ key: String, below count: Int) throws(FolderError) -> [Int] {
    guard let value = value(key) else { return [] }
    var ids: [Int] = []
    for element in value.elements ?? [value] {
      guard let id = element.intValue else { throw wrongKind(key, value, "an id or a list of ids") }
      if (0..<count).contains(id) { ids.append(id) }
    }
    return ids
  }

  func object(_ key: String) throws(FolderError) -> FolderConfig? {
    guard let value = value(key) else { return nil }
    guard let members = value.members else { throw wrongKind(key, value, "an object") }
    let child = FolderConfig(file: file, prefix: "\(prefix)\(key).", members: members)
    children.append(child)
    return child
  }

  /// The texts of classes by `id2label`, whose keys are "0", "1", …; nil where there is none.
  func labels() throws(FolderError) -> [String]? {
    ignore(["label2id", "num_labels", "_num_labels"])
    guard let value = value("id2label") else { return nil }
    guard let members = value.members else { throw wrongKind("id2label", value, "an object") }
    var labels = [String?](repeating: nil, count: members.count)
    for member in members {
      guard let id = Int(member.key), labels.indices.contains(id), let label = member.value.stringValue else {
        throw wrongKind("id2label", value, "the ids from \"0\" on, each with a string")
      }
      labels[id] = label
    }
    let texts = labels.compactMap { $0 }
    guard texts.count == members.count else {
      throw wrongKind("id2label", value, "the ids from \"0\" on, each with a string")
    }
    return texts
  }

  // MARK: What is left

  func ignore(_ keys: [String]) { read.formUnion(keys) }

  /// Throws where a key was neither read nor ignored; a key that is null says nothing.
  func checkAllRead(family: String) throws(FolderError) {
    let unknown = unknownKeys()
    guard unknown.isEmpty else { throw .unknownKeys(file: file, family: family, found: unknown) }
  }

  private func unknownKeys() -> [String] {
    keys.filter { !read.contains($0) && has($0) }.map { prefix + $0 } + children.flatMap { $0.unknownKeys() }
  }

  // MARK: Errors

  func wrongKind(_ key: String, _ found: JSONValue, _ expected: String) -> FolderError {
    .wrongKind(file: file, key: prefix + key, found: found.kind, expected: expected)
  }

  func unsupported(_ key: String, _ found: String, _ expected: [String]) -> FolderError {
    .unsupported(file: file, key: prefix + key, found: found, expected: expected)
  }

  func conflict(_ keys: [String], _ reason: String) -> FolderError {
    .conflict(file: file, keys: keys.map { prefix + $0 }, reason: reason)
  }

  /// A value in short, for errors.
  static func text(_ value: JSONValue) -> String {
    let text = value.text.dropLast()
    return text.count > 60 || text.contains("\n") ? value.kind : String(text)
  }
}
