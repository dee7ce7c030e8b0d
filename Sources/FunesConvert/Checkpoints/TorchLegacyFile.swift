// SPDX-License-Identifier: Apache-2.0
// PyTorch's files of versions 0.2 to 1.5: five pickles one after another, then the storages.

extension Torch {
  /// 0x1950a86a20f9469cfc6c, the magic number, as binary pickles and as text pickles write it.
  private static let magics: [PickleValue] = [
    .largeInteger([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]),
    .largeInteger(Array("119547037146038801333356".utf8)),
  ]

  static func read(stream source: ByteSource) throws(CheckpointError) -> Checkpoint {
    var stream = PickleStream(source, offset: 0, byteCount: source.count, entry: nil)
    guard magics.contains(try stream.next()) else { throw .foreignFormat(file: source.name, found: .pickle) }
    let versionPlace = stream.place
    let version = try stream.next()
    guard version == .integer(1001) else {
      throw .pickle(
        at: versionPlace, .wrongValue(found: stream.heap.kind(version), expected: "the protocol version 1001"))
    }
    try stream.checkByteOrder()
    let place = stream.place
    let root = try stream.next(resolve: resolve)
    let keysPlace = stream.place
    let byteCount = stream.offset - (place.offset ?? 0)
    let keys = try stream.keys()

    // Storages follow in the order of the keys; their types are known from the pickle.
    var types: [String: DType] = [:]
    for case .storage(let storage) in stream.heap.objects { types[storage.key] = storage.dtype }
    var storages: [String: (dtype: DType, bytes: TensorStorage)] = [:]
    for key in keys {
      guard let dtype = types[key], storages[key] == nil else { throw .torch(at: keysPlace, .invalidStorageList) }
      storages[key] = (dtype, try stream.storage(dtype, key: key))
    }
    guard stream.remaining == 0 else {
      throw .torch(at: stream.place, .trailingBytes(count: stream.remaining))
    }
    let tree = try TorchTree(root, heap: stream.heap, at: place, byteCount: byteCount) {
      (storage) throws(CheckpointError) in
      try Torch.locate(storage, in: storages, at: place)
    }
    return try Checkpoint(file: source.name, tensors: tree.tensors, metadata: tree.metadata)
  }

  /// The bytes of a storage or of a view of one.
  static func locate(
    _ storage: PickleStorage, in storages: [String: (dtype: DType, bytes: TensorStorage)], at place: CheckpointPlace
  ) throws(CheckpointError) -> TensorStorage {
    if let inline = storage.inline { return .bytes(inline, at: place) }
    guard let found = storages[storage.key], case .range(let source, let offset, let byteCount) = found.bytes else {
      throw .torch(at: place, .missingStorage(key: storage.key))
    }
    let width = storage.dtype.byteCount
    let available = byteCount / width
    guard found.dtype == storage.dtype, storage.viewOffset <= available, storage.count <= available - storage.viewOffset
    else {
      throw .torch(at: place, .storageMismatch(key: storage.key, found: available, expected: storage.count))
    }
    return .range(source, offset: offset + storage.viewOffset * width, byteCount: storage.count * width)
  }
}

/// Pickles and raw storages one after another in a piece of a file, read through a window that grows as it must: where
/// a pickle ends is known only after it was read.
struct PickleStream {
  private let source: ByteSource
  private let end: Int
  private let entry: String?
  /// Where `entry` begins.
  private let start: Int
  private(set) var offset: Int
  var heap = PickleHeap()

  private static let firstWindow = 4096

  init(_ source: ByteSource, offset: Int, byteCount: Int, entry: String?) {
    self.source = source
    self.offset = offset
    self.entry = entry
    start = entry == nil ? 0 : offset
    end = offset + byteCount
  }

  var remaining: Int { end - offset }

  var place: CheckpointPlace { CheckpointPlace(file: source.name, entry: entry, offset: offset - start) }

  /// The next pickle; by itself it may name no storages.
  mutating func next(
    resolve: @escaping PickleMachine.Resolver = { (_, _, place) throws(CheckpointError) in
      throw .torch(at: place, .invalidPersistentID)
    }
  ) throws(CheckpointError) -> PickleValue {
    var window = PickleStream.firstWindow
    let objectCount = heap.objects.count
    while true {
      let count = min(window, remaining)
      var reader = try self.reader(count)
      do throws(CheckpointError) {
        let value = try PickleMachine.read(&reader, heap: &heap, resolve: resolve)
        offset += reader.offset
        return value
      } catch {
        // Only what may be due to the window is tried again with a larger one.
        guard case .truncated = error, count < remaining else { throw error }
        heap.truncate(to: objectCount)
        window *= 16
      }
    }
  }

  /// Takes a cursor over the next `count` bytes without moving past them.
  func reader(_ count: Int) throws(CheckpointError) -> ByteReader {
    guard count <= remaining else { throw .truncated(at: place, needed: count, available: remaining) }
    return ByteReader(try source.read(offset: offset, count: count), at: place)
  }

  /// Takes a fixed number of bytes.
  mutating func fields(_ count: Int) throws(CheckpointError) -> ByteReader {
    let reader = try self.reader(count)
    offset += count
    return reader
  }

  /// Takes a storage: its element count in 64 bits, then its bytes, which stay in the file.
  mutating func storage(_ dtype: DType, key: String) throws(CheckpointError) -> TensorStorage {
    let place = self.place
    var reader = try fields(8)
    let count = try reader.count64()
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow, byteCount <= remaining else {
      throw .truncated(at: place, needed: overflow ? Int.max : byteCount, available: remaining)
    }
    defer { offset += byteCount }
    return .range(source, offset: offset, byteCount: byteCount)
  }

  /// Takes the description of the machine that wrote the file.
  mutating func checkByteOrder() throws(CheckpointError) {
    let place = self.place
    let info = try next()
    let order = heap.items(info)?.first { $0.key == .string("little_endian") }?.value
    if order == .bool(false) { throw .bigEndian(at: place) }
    guard order == .bool(true) else { throw .torch(at: place, .invalidByteOrder) }
  }

  /// Takes the list of the storages' keys.
  mutating func keys() throws(CheckpointError) -> [String] {
    let place = self.place
    let list = try next()
    guard let elements = heap.elements(list) else { throw .torch(at: place, .invalidStorageList) }
    var keys: [String] = []
    for element in elements {
      guard let key = element.string else { throw .torch(at: place, .invalidStorageList) }
      keys.append(key)
    }
    return keys
  }
}
