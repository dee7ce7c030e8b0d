// SPDX-License-Identifier: Apache-2.0
// The wording of every refusal of a checkpoint: subject: found, expected; remedy.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension CheckpointPlace: CustomStringConvertible {
  public var description: String {
    var text = "\"\(file)\""
    if let entry { text += ", entry \"\(entry)\"" }
    if let offset { text += ", byte \(offset)" }
    return text
  }
}

extension CheckpointError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cannotRead(let file, let code): "\"\(file)\": cannot be read: \(String(cString: strerror(code)).lowercased())"
    case .notAFile(let file): "\"\(file)\": found a folder, a pipe or a device, expected a file"
    case .unknownFormat(let file, []): "\"\(file)\": is empty, expected safetensors, a PyTorch file, GGUF, npz or npy"
    case .unknownFormat(let file, let found):
      "\"\(file)\": found \(CheckpointError.beginning(found)), expected safetensors, a PyTorch "
        + "file, GGUF, npz, npy or a llama2.c file"
    case .foreignFormat(let file, let found):
      "\"\(file)\": found \(found.rawValue), expected safetensors, a PyTorch file, npz or npy; \(found.remedy)"
    case .truncated(let at, let needed, let available):
      "\(at): found \(CheckpointError.bytes(available)) to the end, expected \(CheckpointError.bytes(needed)); "
        + "the file may be cut short"
    case .limitExceeded(let at, let what, let found, let limit):
      "\(at): found \(found) \(what.rawValue), expected at most \(limit)"
    case .bigEndian(let at):
      "\(at): found numbers with the most significant byte first, expected little-endian; save the file again on a "
        + "little-endian machine or with a \"<\" type"
    case .noSuchTensor(let file, let name): "\"\(file)\": found no tensor \"\(name)\""
    case .duplicateTensor(let file, let name): "\"\(file)\": found two tensors \"\(name)\", expected each name once"
    case .unsupportedType(let file, let tensor, let found):
      "\"\(file)\", tensor \"\(tensor)\": found elements of type \"\(found)\", expected floats of 16 to 64 bits, "
        + "integers, booleans or text"
    case .wrongType(let file, let tensor, let found, let expected):
      "\"\(file)\", tensor \"\(tensor)\": found \(found), expected \(expected)"
    case .invalidShape(let file, let tensor, let found):
      "\"\(file)\", tensor \"\(tensor)\": found the shape \(found), expected extents whose product is from 0 to 2^63"
    case .wrongByteCount(let file, let tensor, let found, let expected):
      "\"\(file)\", tensor \"\(tensor)\": found \(CheckpointError.bytes(found)), expected "
        + "\(CheckpointError.bytes(expected)) for its type and shape"
    case .invalidStrides(let file, let tensor, let found):
      "\"\(file)\", tensor \"\(tensor)\": found the strides \(found), expected one of 0 or more for each axis"
    case .storageExceeded(let file, let tensor, let needed, let available):
      "\"\(file)\", tensor \"\(tensor)\": found a storage of \(available) elements, expected at least \(needed)"
    case .valueOutOfRange(let file, let tensor, let index):
      "\"\(file)\", tensor \"\(tensor)\": found element \(index) outside the range of the type asked for"
    case .invalidText(let file, let tensor, let index):
      "\"\(file)\", tensor \"\(tensor)\": found element \(index) that is not unicode text"
    case .json(let at, let error): "\(at): \(error)"
    case .safetensors(let at, let fault): "\(at): \(fault)"
    case .zip(let at, let fault): "\(at): \(fault)"
    case .npy(let at, let fault): "\(at): \(fault)"
    case .tar(let at, let fault): "\(at): \(fault)"
    case .pickle(let at, let fault): "\(at): \(fault)"
    case .torch(let at, let fault): "\(at): \(fault)"
    case .llama(let at, let fault): "\(at): \(fault)"
    case .gguf(let at, let fault): "\(at): \(fault)"
    case .tokenizer(let at, let fault): "\(at): \(fault)"
    }
  }

  fileprivate static func bytes(_ count: Int) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

  /// Printable ASCII as it is, other bytes in hexadecimal digits.
  private static func beginning(_ bytes: [UInt8]) -> String {
    guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "the first bytes \(hex(bytes))" }
    return "text that begins with \"\(String(decoding: bytes, as: UTF8.self))\""
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension ForeignFormat {
  /// What to do with a file of this format.
  fileprivate var remedy: String {
    switch self {
    case .torchScript: "load it with torch.jit.load and save its state_dict() as safetensors"
    case .hdf5, .keras:
      "of a model of Keras tools/export/keras in Funes' sources makes weights and a recipe; save anything else as "
        + "safetensors or npz"
    case .onnxOrProtobuf:
      "of a SavedModel's folder tools/export/tensorflow in Funes' sources makes weights; save those of ONNX as "
        + "safetensors or npz, and write a recipe"
    case .tflite: "this version does not read it: save the weights as safetensors or npz and write a recipe"
    case .pickle: "load it where it was made and save its arrays with numpy.savez"
    case .gitLFSPointer: "the file itself is yet to be fetched, with git lfs pull where it was cloned"
    case .json: "give the file of weights, or the folder that holds both; a recipe goes with --recipe"
    }
  }
}

extension SafetensorsFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongValue(let key, let found, let expected): "\"\(key)\": found \(found), expected \(expected)"
    case .missingMember(let tensor, let member): "tensor \"\(tensor)\": found no \"\(member)\", expected it"
    case .unknownMember(let tensor, let member):
      "tensor \"\(tensor)\": found \"\(member)\", expected only dtype, shape and data_offsets"
    case .invalidOffsets(let tensor, let begin, let end, let available):
      "tensor \"\(tensor)\": found the offsets \(begin) and \(end), expected them in order from 0 to \(available)"
    case .misaligned(let tensor, let begin, let alignment):
      "tensor \"\(tensor)\": found the offset \(begin), expected a multiple of \(alignment) bytes"
    case .hole(let before, let found, let expected):
      (before.map { "tensor \"\($0)\"" } ?? "end of the file")
        + ": found the offset \(found), expected \(expected); the bytes between belong to no tensor"
    case .overlap(let tensor, let begin, let previousEnd):
      "tensor \"\(tensor)\": found the offset \(begin), expected \(previousEnd), where the tensor before ends"
    }
  }
}

extension ZipFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noEndRecord: "found no end record, expected one at the end of a zip archive; the file may be cut short"
    case .wrongSignature(let found, let expected):
      "found the signature 0x\(String(found, radix: 16)), expected 0x\(String(expected, radix: 16))"
    case .severalParts: "found one part of a divided archive, expected a whole one"
    case .directoryMismatch(let found, let expected): "zip directory: found \(found), expected \(expected)"
    case .duplicateEntry: "found the entry twice, expected each name once"
    case .invalidName: "found a name that is not utf-8, expected utf-8"
    case .nameMismatch(let found): "found the name \"\(found)\" before the data, expected that of the directory"
    case .overlap(let previousEnd): "found data that begins before byte \(previousEnd), where the entry before ends"
    case .encrypted: "found encryption, expected none"
    case .unsupportedMethod(let found): "found the compression method \(found), expected 0 (stored) or 8 (deflate)"
    case .storedSizeMismatch(let found, let expected):
      "found \(found) stored bytes, expected \(expected) as the directory says"
    case .damagedStream: "found a damaged deflate stream"
    case .expandedSizeMismatch(let expected):
      "found fewer or more bytes after decompression, expected \(expected) bytes"
    case .wrongChecksum(let found, let expected):
      "found the checksum 0x\(String(found, radix: 16)), expected 0x\(String(expected, radix: 16)); the file is damaged"
    case .unexpectedEntry: "found an entry that belongs neither to a PyTorch file nor to an npz"
    }
  }
}

extension NpyFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAnArray: "found other bytes, expected a numpy array"
    case .unsupportedVersion(let major, let minor): "found version \(major).\(minor), expected 1.0, 2.0 or 3.0"
    case .invalidHeader(let expected): "found another header, expected \(expected)"
    case .objectArray: "found pickled objects, expected numbers or text; save the array with a numeric type"
    case .structuredArray: "found records, expected numbers or text; save each field as an array"
    }
  }
}

extension TarFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongChecksum(let found, let expected): "found the checksum \(found), expected \(expected)"
    case .invalidNumber: "found a number that is not octal, expected octal digits"
    case .duplicateMember: "found the member twice, expected each name once"
    case .missingMember: "found no such member, expected it"
    case .invalidName: "found a name that is not utf-8, expected utf-8"
    case .unsupportedMember: "found a link, a device or a long name, expected plain files with short names"
    }
  }
}

extension PickleFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .forbiddenGlobal(let module, let name):
      "found a call of \"\(module).\(name)\", expected only what rebuilds tensors; nothing was executed. "
        + "Load the file where it was made and save its state_dict"
    case .unsupportedOpcode(let found):
      "found the opcode 0x\(String(found, radix: 16)), expected one of protocols 0 to 5"
    case .unsupportedProtocol(let found): "found protocol \(found), expected 0 to 5"
    case .emptyStack: "found an empty stack, expected a value"
    case .noSuchMemo(let found): "found no value \(found) in the memo, expected one"
    case .wrongValue(let found, let expected): "found \(found), expected \(expected)"
    case .invalidNumber: "found a number that cannot be read, expected decimal digits"
    case .invalidText: "found a text that cannot be read, expected utf-8"
    }
  }
}

extension TorchFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidPersistentID: "found a persistent id of another form, expected a storage"
    case .missingStorage(let key): "storage \"\(key)\": found no data, expected it in the file"
    case .storageMismatch(let key, let found, let expected):
      "storage \"\(key)\": found \(found) elements, expected \(expected)"
    case .invalidStorageList: "found another list of storages, expected each key once as text"
    case .invalidByteOrder: "found another byte order, expected \"little\""
    case .trailingBytes(let count): "found \(CheckpointError.bytes(count)) after the last storage, expected none"
    }
  }
}
