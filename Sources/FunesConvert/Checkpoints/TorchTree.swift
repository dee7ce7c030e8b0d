// SPDX-License-Identifier: Apache-2.0
// Walks what a PyTorch pickle describes and names every tensor in it: nested keys joined by ".", the parameters and
// buffers of pickled modules under the names that their state dictionary would give them.

/// Collects the tensors and plain values of a pickle.
///
/// Of an object of an unknown class only this is looked at: `_parameters`, `_buffers` and `_modules` of a module, the
/// data of a parameter, the items of a subclass of a dictionary. Any other object is only noted in the metadata.
struct TorchTree {
  private let heap: PickleHeap
  private let file: String
  /// Where the pickle stands, for errors.
  private let place: CheckpointPlace
  /// The bytes of a storage.
  private let locate: (PickleStorage) throws(CheckpointError) -> TensorStorage
  private(set) var tensors: [CheckpointTensor] = []
  private(set) var metadata: [String: String] = [:]
  private var visitCount = 0
  private var nameByteCount = 0

  static let depthLimit = 64
  /// Most values: a tree has at most one for each byte of its pickle.
  private let visitLimit: Int
  /// Most bytes of joined names.
  private let nameLimit: Int
  /// The name of a tensor that is the whole checkpoint.
  static let rootName = "tensor"

  /// Walks `root`, the value of a pickle of so many bytes that begins at `place`.
  init(
    _ root: PickleValue, heap: PickleHeap, at place: CheckpointPlace, byteCount: Int,
    locate: @escaping (PickleStorage) throws(CheckpointError) -> TensorStorage
  ) throws(CheckpointError) {
    self.heap = heap
    self.place = place
    self.locate = locate
    file = place.file
    visitLimit = TorchTree.visitLimit(byteCount)
    nameLimit = TorchTree.nameLimit(byteCount)
    try walk(root, name: "", depth: 0)
  }

  static func visitLimit(_ byteCount: Int) -> Int { byteCount + 1 << 12 }

  static func nameLimit(_ byteCount: Int) -> Int { 64 * byteCount + 1 << 20 }

  private mutating func walk(_ value: PickleValue, name: String, depth: Int) throws(CheckpointError) {
    guard depth <= TorchTree.depthLimit else {
      throw .limitExceeded(at: place, .nesting, found: depth, limit: TorchTree.depthLimit)
    }
    // A small pickle can refer to one list so often that it unfolds into billions.
    visitCount += 1
    guard visitCount <= visitLimit else {
      throw .limitExceeded(at: place, .visits, found: visitCount, limit: visitLimit)
    }
    nameByteCount += name.utf8.count
    guard nameByteCount <= nameLimit else {
      throw .limitExceeded(at: place, .names, found: nameByteCount, limit: nameLimit)
    }
    switch value {
    case .none, .bytes, .largeInteger: return
    case .bool(let bool): metadata[name] = bool ? "true" : "false"
    case .integer(let integer): metadata[name] = String(integer)
    case .float(let double): metadata[name] = "\(double)"
    case .string(let string): metadata[name] = string
    case .object:
      guard let object = heap[value] else { return }
      try walk(object, name: name, depth: depth)
    }
  }

  private mutating func walk(_ object: PickleObject, name: String, depth: Int) throws(CheckpointError) {
    switch object {
    case .tensor(let tensor): try add(tensor, name: name.isEmpty ? TorchTree.rootName : name)
    case .dictionary(let items): try walk(items, name: name, depth: depth)
    case .tuple(let elements), .list(let elements), .set(let elements):
      for (index, element) in elements.enumerated() {
        try walk(element, name: TorchTree.join(name, String(index)), depth: depth + 1)
      }
    case .instance(let instance): try walk(instance, name: name, depth: depth)
    case .global(let global): metadata[name] = global.path
    case .storage, .numpyType: return
    }
  }

  private mutating func walk(_ items: [PickleItem], name: String, depth: Int) throws(CheckpointError) {
    for (index, item) in items.enumerated() {
      let key: String
      switch item.key {
      case .string(let string): key = string
      case .integer(let integer): key = String(integer)
      case .bool(let bool): key = bool ? "true" : "false"
      case .float(let double): key = "\(double)"
      // A key that is no plain value, such as a tuple, is named by its position.
      default: key = "#\(index)"
      }
      try walk(item.value, name: TorchTree.join(name, key), depth: depth + 1)
    }
  }

  private mutating func walk(_ instance: PickleInstance, name: String, depth: Int) throws(CheckpointError) {
    switch instance.type.path {
    // State: (data, …); the data of a parameter of PyTorch 0.1 is the tensor itself.
    case "torch.nn.parameter.Parameter", "torch.autograd.variable.Variable":
      guard let data = heap.elements(instance.state)?.first else { return }
      return try walk(data, name: name, depth: depth + 1)
    default: break
    }
    // The state is the attributes, or a pair of them and the slots.
    let attributes =
      heap.items(instance.state) ?? heap.elements(instance.state)?.first.flatMap { heap.items($0) } ?? []
    let parts = ["_parameters", "_buffers", "_modules"].compactMap { part in
      attributes.first { $0.key.string == part }?.value
    }
    if parts.isEmpty {
      metadata[name] = instance.type.path
      return try walk(instance.items, name: name, depth: depth)
    }
    for part in parts { try walk(part, name: name, depth: depth + 1) }
  }

  private mutating func add(_ tensor: PickleTensor, name: String) throws(CheckpointError) {
    tensors.append(
      try CheckpointTensor(
        name: name, shape: tensor.shape, dtype: tensor.dtype, file: file, storage: try locate(tensor.storage),
        layout: tensor.layout))
  }

  private static func join(_ prefix: String, _ key: String) -> String {
    prefix.isEmpty ? key : "\(prefix).\(key)"
  }
}
