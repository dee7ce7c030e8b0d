// SPDX-License-Identifier: Apache-2.0
// PyTorch's zip files, written since version 1.6: a pickle `data.pkl`, and one stored entry `data/KEY` a storage.

extension Torch {
  /// Reads a zip archive in which `pickle` is the entry `…/data.pkl`.
  static func read(_ archive: ZipArchive, pickle: ZipEntry) throws(CheckpointError) -> Checkpoint {
    let file = archive.source.name
    let place = CheckpointPlace(file: file, entry: pickle.name)
    let prefix = String(pickle.name.dropLast("data.pkl".utf8.count))
    // A program has its constants beside it, and its code.
    if archive[prefix + "constants.pkl"] != nil
      || archive.entries.contains(where: { $0.name.hasPrefix(prefix + "code/") })
    {
      throw .foreignFormat(file: file, found: .torchScript)
    }
    if let entry = archive[prefix + "byteorder"] {
      let order = String(decoding: try archive.prefix(entry, count: 16), as: UTF8.self)
      let place = CheckpointPlace(file: file, entry: entry.name)
      if order == "big" { throw .bigEndian(at: place) }
      guard order == "little" else { throw .torch(at: place, .invalidByteOrder) }
    }
    var heap = PickleHeap()
    var reader = ByteReader(try archive.read(pickle), at: place)
    let root = try PickleMachine.read(&reader, heap: &heap, resolve: resolve)
    let tree = try TorchTree(root, heap: heap, at: place, byteCount: reader.offset) {
      (storage) throws(CheckpointError) in
      if let inline = storage.inline { return .bytes(inline, at: place) }
      let name = "\(prefix)data/\(storage.key)"
      guard let entry = archive[name] else { throw .torch(at: place, .missingStorage(key: storage.key)) }
      // No zip file of PyTorch has views of storages: those are of the format before.
      guard storage.viewOffset == 0, entry.byteCount / storage.dtype.byteCount == storage.count,
        entry.byteCount % storage.dtype.byteCount == 0
      else {
        throw .torch(
          at: CheckpointPlace(file: file, entry: name),
          .storageMismatch(key: storage.key, found: entry.byteCount / storage.dtype.byteCount, expected: storage.count))
      }
      return .entry(archive, entry, dropping: 0)
    }
    return try Checkpoint(file: file, tensors: tree.tensors, metadata: tree.metadata)
  }
}
