// SPDX-License-Identifier: Apache-2.0
// PyTorch's files of version 0.1: a tar archive with the members `sys_info`, `storages`, `tensors` and `pickle`. They
// often hold a whole pickled module.

extension Torch {
  static func read(tar archive: TarArchive) throws(CheckpointError) -> Checkpoint {
    var file = TorchTarFile(archive)
    return try file.read()
  }
}

/// Reads the members in the order in which each needs the one before.
private struct TorchTarFile {
  private let archive: TarArchive
  /// Objects of all members; tensors and storages by their number as text.
  private var heap = PickleHeap()
  private var storages: [String: (dtype: DType, bytes: TensorStorage)] = [:]
  private var views: [String: PickleStorage] = [:]
  private var tensors: [String: PickleValue] = [:]

  init(_ archive: TarArchive) {
    self.archive = archive
  }

  mutating func read() throws(CheckpointError) -> Checkpoint {
    var information = try stream("sys_info")
    try information.checkByteOrder()
    try readStorages()
    try readTensors()
    var pickle = try stream("pickle")
    let byteCount = pickle.remaining
    let place = pickle.place
    pickle.heap = heap
    let (tensors, storages) = (self.tensors, self.storages)
    let root = try pickle.next { (heap, id, place) throws(CheckpointError) in
      // A class is named by (class, file, source), everything else by its number.
      if let fields = heap.elements(id), let type = fields.first, heap.global(type) != nil { return type }
      let key = id.string ?? id.integer.map { String($0) }
      guard let key, let value = tensors[key] else { throw .torch(at: place, .invalidPersistentID) }
      return value
    }
    let tree = try TorchTree(root, heap: pickle.heap, at: place, byteCount: byteCount) {
      (storage) throws(CheckpointError) in
      try Torch.locate(storage, in: storages, at: place)
    }
    return try Checkpoint(file: archive.source.name, tensors: tree.tensors, metadata: tree.metadata)
  }

  private func stream(_ name: String) throws(CheckpointError) -> PickleStream {
    let member = try archive.member(name)
    return PickleStream(archive.source, offset: member.offset, byteCount: member.byteCount, entry: name)
  }

  /// A count, then for each storage (key, location, class), its element count and bytes; then the list of views
  /// (key, key of the whole, offset, element count).
  private mutating func readStorages() throws(CheckpointError) {
    var stream = try self.stream("storages")
    for _ in 0..<(try count(&stream)) {
      let place = stream.place
      let value = try stream.next()
      guard let fields = stream.heap.elements(value), fields.count == 3,
        let key = fields[0].integer.map({ String($0) }),
        let type = stream.heap.global(fields[2])
      else { throw .torch(at: place, .invalidStorageList) }
      guard let dtype = Torch.storageType(type) else {
        throw .unsupportedType(file: archive.source.name, tensor: "storage \(key)", found: type.path)
      }
      guard storages[key] == nil else { throw .torch(at: place, .invalidStorageList) }
      let bytes = try stream.storage(dtype, key: key)
      storages[key] = (dtype, bytes)
      views[key] = PickleStorage(key: key, dtype: dtype, count: bytes.byteCount / dtype.byteCount)
    }
    let place = stream.place
    let list = try stream.next()
    for view in stream.heap.elements(list) ?? [] {
      guard let fields = stream.heap.integers(view), fields.count == 4, let whole = views[String(fields[1])],
        fields[2] >= 0, fields[3] >= 0, fields[2] <= whole.count, fields[3] <= whole.count - fields[2],
        whole.viewOffset == 0
      else { throw .torch(at: place, .invalidStorageList) }
      views[String(fields[0])] = PickleStorage(
        key: whole.key, dtype: whole.dtype, count: fields[3], viewOffset: fields[2])
    }
  }

  /// A count, then for each tensor (key, key of its storage, class), and in binary: the number of axes, four bytes of
  /// nothing, the extents, the strides and the offset.
  private mutating func readTensors() throws(CheckpointError) {
    var stream = try self.stream("tensors")
    for _ in 0..<(try count(&stream)) {
      let place = stream.place
      let value = try stream.next()
      guard let fields = stream.heap.integers(prefixOf: value, count: 2) else {
        throw .torch(at: place, .invalidStorageList)
      }
      let (key, storageKey) = (String(fields[0]), String(fields[1]))
      guard let storage = views[storageKey] else { throw .torch(at: place, .missingStorage(key: storageKey)) }
      var head = try stream.fields(8)
      let axisCount = try head.int32()
      guard axisCount >= 0, axisCount <= CheckpointTensor.axisLimit else {
        throw .limitExceeded(at: place, .axes, found: axisCount, limit: CheckpointTensor.axisLimit)
      }
      var body = try stream.fields(axisCount * 16 + 8)
      var numbers: [Int] = []
      for _ in 0..<(2 * axisCount + 1) { numbers.append(Int(try body.int64())) }
      let layout = TensorLayout(offset: numbers[2 * axisCount], strides: Array(numbers[axisCount..<(2 * axisCount)]))
      let tensor = PickleTensor(
        storage: storage, dtype: storage.dtype, shape: Array(numbers[..<axisCount]), layout: layout)
      guard tensors.updateValue(try heap.add(.tensor(tensor), at: place), forKey: key) == nil else {
        throw .torch(at: place, .invalidStorageList)
      }
    }
  }

  /// How many storages or tensors follow. Each takes bytes, so a false count ends with the member.
  private func count(_ stream: inout PickleStream) throws(CheckpointError) -> Int {
    let place = stream.place
    guard let count = try stream.next().integer, count >= 0 else { throw .torch(at: place, .invalidStorageList) }
    return count
  }
}

extension PickleHeap {
  /// The first whole numbers of a tuple that may hold other things after them.
  fileprivate func integers(prefixOf value: PickleValue, count: Int) -> [Int]? {
    guard let elements = elements(value), elements.count >= count else { return nil }
    let integers = elements.prefix(count).compactMap(\.integer)
    return integers.count == count ? integers : nil
  }
}
