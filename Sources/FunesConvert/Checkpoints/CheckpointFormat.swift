// SPDX-License-Identifier: Apache-2.0
// Which reader a file goes to, decided by its first bytes alone.

extension Checkpoint {
  static func read(_ source: ByteSource) throws(CheckpointError) -> Checkpoint {
    // No other format begins with what this one takes for a header.
    if let header = try LlamaHeader(source) { return try LlamaFile.read(source, header) }
    if let file = try GGUFFile(source) { return file.checkpoint }
    let start = try source.prefix(512)
    if start.starts(with: Npy.magic) {
      return try Checkpoint(file: source.name, tensors: try Npy.read(array: source), metadata: [:])
    }
    if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) || start.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      return try read(archive: try ZipArchive(source))
    }
    if let foreign = foreignFormat(start) { throw .foreignFormat(file: source.name, found: foreign) }
    // A safetensors header begins with a brace, after eight bytes of length.
    if start.count > 8, start[8] == UInt8(ascii: "{") {
      let (tensors, metadata) = try Safetensors.read(source)
      return try Checkpoint(file: source.name, tensors: tensors, metadata: metadata)
    }
    if TarArchive.matches(start) { return try Torch.read(tar: try TarArchive(source)) }
    // Binary pickles begin with their protocol; a text pickle of PyTorch with its magic number.
    if start.first == 0x80 || start.starts(with: Array("L119547037146038801333356".utf8)) {
      return try Torch.read(stream: source)
    }
    throw .unknownFormat(file: source.name, found: Array(start.prefix(16)))
  }

  private static func read(archive: ZipArchive) throws(CheckpointError) -> Checkpoint {
    let file = archive.source.name
    if let pickle = archive.entries.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }) {
      return try Torch.read(archive, pickle: pickle)
    }
    if archive["config.json"] != nil, archive["metadata.json"] != nil {
      throw .foreignFormat(file: file, found: .keras)
    }
    return try Checkpoint(file: file, tensors: try Npy.read(archive: archive), metadata: [:])
  }

  private static func foreignFormat(_ start: [UInt8]) -> ForeignFormat? {
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) { return .hdf5 }
    if start.dropFirst(4).starts(with: Array("TFL3".utf8)) { return .tflite }
    // An ONNX model begins with its version, field 1, and goes on with the producer, the graph or another text.
    if start.count > 2, start[0] == 0x08, (1...32).contains(start[1]),
      [0x12, 0x1a, 0x22, 0x32, 0x3a, 0x42].contains(start[2])
    {
      return .onnxOrProtobuf
    }
    if start.starts(with: Array("version https://git-lfs.github.com/spec/".utf8)) { return .gitLFSPointer }
    return isJSON(start) ? .json : nil
  }

  /// A brace or bracket with text after it. The length before a safetensors header may begin with one of these, and
  /// then has a zero in its eighth byte at the latest.
  private static func isJSON(_ start: [UInt8]) -> Bool {
    func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
    let text = start.starts(with: [0xEF, 0xBB, 0xBF]) ? start.dropFirst(3) : start[...]
    guard let first = text.first(where: { !isBlank($0) }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    else { return false }
    return text.prefix(16).allSatisfy { $0 >= 0x20 || isBlank($0) }
  }
}
