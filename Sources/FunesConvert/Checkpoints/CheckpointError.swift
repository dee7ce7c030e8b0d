// SPDX-License-Identifier: Apache-2.0
// Why a checkpoint was refused: one case for each thing that a reader checks. The wording stands in
// CheckpointError+Description.swift.

/// Where in a checkpoint something was found.
public struct CheckpointPlace: Sendable, Equatable {
  /// The file, as it was named to the reader.
  public var file: String
  /// The member of the archive, where the file is one.
  public var entry: String?
  /// Bytes from the beginning of the entry, or of the file where there is no entry.
  public var offset: Int?

  public init(file: String, entry: String? = nil, offset: Int? = nil) {
    self.file = file
    self.entry = entry
    self.offset = offset
  }
}

/// Why a checkpoint, or a tensor of it, was refused.
public enum CheckpointError: Error, Equatable {
  /// The file cannot be opened or read; `code` is the system's error number.
  case cannotRead(file: String, code: Int32)
  /// The path names a folder, pipe or device.
  case notAFile(file: String)
  /// The beginning of the file is that of no format read here.
  case unknownFormat(file: String, found: [UInt8])
  /// The file is of a format that another program must translate first.
  case foreignFormat(file: String, found: ForeignFormat)
  /// Something is said to stand where the file has already ended.
  case truncated(at: CheckpointPlace, needed: Int, available: Int)
  /// A quantity exceeds what a reader takes, so that memory and time stay bounded.
  case limitExceeded(at: CheckpointPlace, CheckpointLimit, found: Int, limit: Int)
  /// The numbers are stored with the most significant byte first.
  case bigEndian(at: CheckpointPlace)

  /// The checkpoint has no tensor of this name.
  case noSuchTensor(file: String, name: String)
  /// Two tensors have one name.
  case duplicateTensor(file: String, name: String)
  /// The elements of a tensor are of a type that is not read.
  case unsupportedType(file: String, tensor: String, found: String)
  /// A tensor was asked for as something that it is not.
  case wrongType(file: String, tensor: String, found: DType, expected: String)
  /// An extent is negative, or the product of the extents does not fit.
  case invalidShape(file: String, tensor: String, found: [Int])
  /// The bytes of a tensor are not as many as its type and shape need.
  case wrongByteCount(file: String, tensor: String, found: Int, expected: Int)
  /// Strides are negative, or not as many as the extents.
  case invalidStrides(file: String, tensor: String, found: [Int])
  /// A tensor reaches past its storage, both counted in elements.
  case storageExceeded(file: String, tensor: String, needed: Int, available: Int)
  /// An element does not fit the type that was asked for.
  case valueOutOfRange(file: String, tensor: String, index: Int)
  /// An element of a text array is not text.
  case invalidText(file: String, tensor: String, index: Int)

  /// A text in JSON does not follow the grammar.
  case json(at: CheckpointPlace, JSONError)
  /// A safetensors file breaks a rule of its format.
  case safetensors(at: CheckpointPlace, SafetensorsFault)
  /// A zip archive breaks a rule of its format.
  case zip(at: CheckpointPlace, ZipFault)
  /// A numpy array breaks a rule of its format.
  case npy(at: CheckpointPlace, NpyFault)
  /// A tar archive breaks a rule of its format.
  case tar(at: CheckpointPlace, TarFault)
  /// A pickle breaks a rule of its format, or asks for something to be executed.
  case pickle(at: CheckpointPlace, PickleFault)
  /// A PyTorch file breaks a rule of its format.
  case torch(at: CheckpointPlace, TorchFault)
  /// A llama2.c file has a header that cannot be true, or is of a version that is not read.
  case llama(at: CheckpointPlace, LlamaFault)
  /// A GGUF file breaks a rule of its format, or is of a version or type that is not read.
  case gguf(at: CheckpointPlace, GGUFFault)
  /// A vocabulary of llama2.c breaks a rule of its format.
  case tokenizer(at: CheckpointPlace, TokenizerFault)
}

/// Formats that are recognised only to say what to do with them.
public enum ForeignFormat: String, Sendable, Equatable {
  case torchScript = "a TorchScript program"
  case hdf5 = "an HDF5 file"
  case keras = "a Keras archive"
  case onnxOrProtobuf = "a protocol buffer"
  case tflite = "a TensorFlow Lite model"
  case pickle = "a pickle that PyTorch did not write"
  case gitLFSPointer = "a Git LFS pointer"
  case json = "JSON text"
}

/// What a reader counts against a limit.
public enum CheckpointLimit: String, Sendable, Equatable {
  case headerBytes = "bytes in the header"
  case axes = "axes"
  case entries = "entries"
  case expandedBytes = "bytes after decompression"
  case pickleObjects = "objects in a pickle"
  case pickleStack = "values on a pickle's stack"
  case pickleMemo = "values in a pickle's memo"
  case pickleCopies = "bytes copied inside a pickle"
  case nesting = "nested containers"
  case names = "bytes of names"
  case listValues = "values in a list"
  case visits = "values reached in a pickle"
  case tokenizerBytes = "bytes in the tokenizer's file"
  case broadcastElements = "elements in a tensor larger than its storage"
}

/// What is wrong with a safetensors file.
public enum SafetensorsFault: Sendable, Equatable {
  /// A value of the header is of another kind, as in a shape that is a string.
  case wrongValue(key: String, found: String, expected: String)
  /// A tensor's entry lacks a member, or has one that the format does not know.
  case missingMember(tensor: String, member: String)
  case unknownMember(tensor: String, member: String)
  /// The offsets of a tensor are reversed, negative or past the end of the file.
  case invalidOffsets(tensor: String, begin: Int, end: Int, available: Int)
  /// A tensor does not begin on a multiple of its element's size.
  case misaligned(tensor: String, begin: Int, alignment: Int)
  /// Bytes that belong to no tensor precede this one, or follow the last when `before` is nil.
  case hole(before: String?, found: Int, expected: Int)
  /// A tensor begins inside another.
  case overlap(tensor: String, begin: Int, previousEnd: Int)
}

/// What is wrong with a zip archive.
public enum ZipFault: Sendable, Equatable {
  /// No end-of-directory record ends the file.
  case noEndRecord
  /// A record does not begin with its signature.
  case wrongSignature(found: UInt32, expected: UInt32)
  /// The archive is one part of several.
  case severalParts
  /// The directory does not end where the end record begins, or does not hold the number of entries it says.
  case directoryMismatch(found: Int, expected: Int)
  /// Two entries have one name.
  case duplicateEntry
  /// An entry's name is not UTF-8, or differs between directory and entry.
  case invalidName
  case nameMismatch(found: String)
  /// Two entries share bytes, or an entry runs into the directory.
  case overlap(previousEnd: Int)
  /// The entry is encrypted.
  case encrypted
  /// The entry is packed by a method other than stored and deflate.
  case unsupportedMethod(found: Int)
  /// A stored entry's two sizes differ.
  case storedSizeMismatch(found: Int, expected: Int)
  /// The deflate stream is damaged, or gives fewer or more bytes than the directory says.
  case damagedStream
  case expandedSizeMismatch(expected: Int)
  /// The bytes do not have the checksum that the directory gives.
  case wrongChecksum(found: UInt32, expected: UInt32)
  /// The archive is neither a PyTorch file nor an npz: an entry that belongs to neither.
  case unexpectedEntry
}

/// What is wrong with a numpy array.
public enum NpyFault: Sendable, Equatable {
  /// The array does not begin with the bytes of the format.
  case notAnArray
  /// The version is none of 1.0, 2.0 and 3.0.
  case unsupportedVersion(major: Int, minor: Int)
  /// The header is not the dictionary that the format asks for.
  case invalidHeader(expected: String)
  /// The array holds pickled objects.
  case objectArray
  /// The array holds records.
  case structuredArray
}

/// What is wrong with a tar archive.
public enum TarFault: Sendable, Equatable {
  /// A header block's checksum is wrong.
  case wrongChecksum(found: Int, expected: Int)
  /// A number of a header is not octal.
  case invalidNumber
  /// Two members have one name.
  case duplicateMember
  /// A member that the format needs is missing.
  case missingMember
  /// A member's name is not UTF-8.
  case invalidName
  /// A member is a link or a device, or a header extends the name or size of another.
  case unsupportedMember
}

/// What is wrong with a pickle.
public enum PickleFault: Sendable, Equatable {
  /// A global is of a module that runs programs, or something asks to call it, and it is not on the list of what is
  /// known. Nothing was called.
  case forbiddenGlobal(module: String, name: String)
  /// An opcode is unknown or needs something outside the pickle.
  case unsupportedOpcode(found: UInt8)
  /// The protocol is later than 5.
  case unsupportedProtocol(found: Int)
  /// An opcode takes a value or a mark from a stack that has none.
  case emptyStack
  /// The memo has no value of this number.
  case noSuchMemo(found: Int)
  /// A value is of another kind than the opcode or the function takes.
  case wrongValue(found: String, expected: String)
  /// A number or a text is not written as the opcode needs it.
  case invalidNumber
  case invalidText
}

/// What is wrong with a PyTorch file.
public enum TorchFault: Sendable, Equatable {
  /// A persistent id is not one that PyTorch writes.
  case invalidPersistentID
  /// A storage is named but not in the file.
  case missingStorage(key: String)
  /// A storage has two sizes or two types.
  case storageMismatch(key: String, found: Int, expected: Int)
  /// The list of storages is not a list of texts, or names one twice.
  case invalidStorageList
  /// The member `byteorder` is neither "little" nor "big".
  case invalidByteOrder
  /// Bytes follow the last storage.
  case trailingBytes(count: Int)
}
