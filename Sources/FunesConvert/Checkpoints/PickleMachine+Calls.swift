// SPDX-License-Identifier: Apache-2.0
// What a pickle may ask to be called. Each function is written out here on plain data; every other is refused.

extension PickleMachine {
  /// Modules whose every name is refused where it stands, except those of `inertNames`. Nothing would be called in any
  /// case; a checkpoint that names them is an attack, and is told so early.
  private static let forbiddenModules: Set<String> = [
    "os", "posix", "nt", "sys", "subprocess", "builtins", "__builtin__", "importlib", "imp", "runpy", "shutil",
    "socket",
    "pty", "commands", "ctypes", "marshal", "pickle", "_pickle", "cPickle", "code", "pdb", "timeit", "webbrowser",
    "pip", "multiprocessing", "threading", "operator", "functools", "types", "inspect", "asyncio", "urllib", "http",
  ]

  /// Names of built-in types, which are values as harmless as any other.
  private static let inertNames: Set<String> = [
    "set", "frozenset", "object", "list", "dict", "tuple", "int", "float", "bool", "str", "bytes", "bytearray",
    "complex", "long", "unicode",
  ]

  mutating func global(module: String, name: String) throws(CheckpointError) -> PickleValue {
    let root = module.prefix { $0 != "." }
    let isBuiltin = module == "builtins" || module == "__builtin__"
    if PickleMachine.forbiddenModules.contains(String(root)), !(isBuiltin && PickleMachine.inertNames.contains(name)) {
      throw fault(.forbiddenGlobal(module: module, name: name))
    }
    return try heap.add(.global(PickleGlobal(module: module, name: name, place: place)), at: place)
  }

  /// Values that training scripts keep beside their weights and that pickle makes by a call; they hold no tensors.
  private static let inertTypes: Set<String> = [
    "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "pathlib.PureWindowsPath",
    "pathlib._local.PosixPath", "pathlib._local.WindowsPath", "datetime.datetime", "datetime.date", "datetime.time",
    "datetime.timedelta", "datetime.timezone", "uuid.UUID", "decimal.Decimal", "fractions.Fraction",
    "collections.deque", "collections.Counter", "builtins.complex", "builtins.bytearray", "__builtin__.complex",
    "__builtin__.bytearray",
  ]

  /// An object of a class: a known container, or else an inert object whose arguments are dropped.
  mutating func instantiate(_ type: PickleValue, _ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
    guard let global = heap.global(type) else { throw wrongValue(type, "a class") }
    switch global.path {
    case "collections.OrderedDict", "collections.defaultdict", "torch.Size": return try call(type, arguments)
    default: return try heap.add(.instance(PickleInstance(type: global)), at: place)
    }
  }

  mutating func call(_ function: PickleValue, _ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
    guard let global = heap.global(function) else { throw wrongValue(function, "a function") }
    switch global.path {
    case "collections.OrderedDict": return try orderedDictionary(arguments)
    case "collections.defaultdict": return try heap.add(.dictionary([]), at: place)
    case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset":
      let elements = arguments.first.flatMap { heap.elements($0) } ?? []
      try countCopies(elements.count)
      return try heap.add(.set(elements), at: place)
    case "copy_reg._reconstructor", "copyreg._reconstructor":
      return try instantiate(arguments.first ?? .none, [])

    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2": return try tensor(arguments, type: nil)
    case "torch._utils._rebuild_tensor_v3":
      return try tensor(arguments, type: arguments.count > 6 ? arguments[6] : .none)
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard let data = arguments.first, case .tensor = heap[data] else {
        throw wrongValue(arguments.first ?? .none, "a tensor")
      }
      return data
    case "torch._tensor._rebuild_from_type_v2":
      // (function, type, arguments, state): the type and state are those of a subclass of Tensor.
      guard arguments.count >= 3, let inner = heap.global(arguments[0]), inner.module == "torch._utils",
        let innerArguments = heap.elements(arguments[2])
      else { throw wrongValue(arguments.first ?? .none, "a function of torch._utils") }
      return try call(arguments[0], innerArguments)
    case "torch.Size":
      return try heap.add(.tuple(arguments.first.flatMap { heap.elements($0) } ?? []), at: place)
    case "torch.device": return arguments.first ?? .none
    case "torch.nn.backends.thnn._get_thnn_function_backend":
      return try heap.add(.instance(PickleInstance(type: global)), at: place)

    case "_codecs.encode": return try encode(arguments)
    case "numpy.dtype":
      guard let descr = arguments.first?.string else { throw wrongValue(arguments.first ?? .none, "a numpy type") }
      return try heap.add(.numpyType(descr, order: "|"), at: place)
    case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
      return try heap.add(
        .instance(PickleInstance(type: PickleGlobal(module: "numpy", name: "ndarray", place: place))), at: place)
    case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
      return try heap.add(.tensor(try numpyBuffer(arguments)), at: place)
    case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar": return try numpyScalar(arguments)
    case let path where PickleMachine.inertTypes.contains(path):
      return try heap.add(.instance(PickleInstance(type: global)), at: place)
    default: throw fault(.forbiddenGlobal(module: global.module, name: global.name))
    }
  }

  /// Gives an object its state.
  mutating func build(_ target: PickleValue, _ state: PickleValue) throws(CheckpointError) {
    switch heap[target] {
    // The attributes of an ordered dictionary or a tensor say nothing about its numbers.
    case .dictionary, .tensor: return
    case .numpyType(let descr, _):
      guard let fields = heap.elements(state), fields.count > 1, let order = fields[1].string else {
        throw wrongValue(state, "the state of a numpy type")
      }
      replace(target, .numpyType(descr, order: order))
    case .instance(let instance) where instance.type.path == "numpy.ndarray":
      replace(target, .tensor(try numpyArray(state)))
    case .instance(var instance):
      instance.state = state
      replace(target, .instance(instance))
    default: throw wrongValue(target, "an object that takes a state")
    }
  }

  private mutating func replace(_ target: PickleValue, _ object: PickleObject) {
    _ = heap.change(target) {
      $0 = object
      return true
    }
  }

  /// Python 2 gives the items as a list of pairs; later versions set them afterwards.
  private mutating func orderedDictionary(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
    var items: [PickleItem] = []
    if let first = arguments.first {
      if let copied = heap.items(first) {
        try countCopies(4 * copied.count)
        items = copied
      } else {
        let pairs = heap.elements(first) ?? []
        try countCopies(4 * pairs.count)
        for pair in pairs {
          guard let pair = heap.elements(pair), pair.count == 2 else { throw wrongValue(first, "a list of pairs") }
          items.append(PickleItem(key: pair[0], value: pair[1]))
        }
      }
    }
    return try heap.add(.dictionary(items), at: place)
  }

  /// (storage, offset, shape, strides, …) as torch._utils takes them; `type` where the storage has none of its own.
  private mutating func tensor(
    _ arguments: [PickleValue], type: PickleValue?
  ) throws(CheckpointError) -> PickleValue {
    guard arguments.count >= 4 else { throw fault(.emptyStack) }
    guard case .storage(let storage) = heap[arguments[0]] else { throw wrongValue(arguments[0], "a storage") }
    guard let offset = arguments[1].integer else { throw wrongValue(arguments[1], "the offset in the storage") }
    guard let shape = heap.integers(arguments[2]) else { throw wrongValue(arguments[2], "a shape") }
    guard let strides = heap.integers(arguments[3]) else { throw wrongValue(arguments[3], "strides") }
    var dtype = storage.dtype
    if let type {
      guard let global = heap.global(type), let known = Torch.elementType(global) else {
        throw wrongValue(type, "an element type")
      }
      dtype = known
    }
    let layout = TensorLayout(offset: offset, strides: strides)
    return try heap.add(
      .tensor(PickleTensor(storage: storage, dtype: dtype, shape: shape, layout: layout)), at: place)
  }

  /// Bytes that protocol 2 writes as Latin-1 text.
  private mutating func encode(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
    guard arguments.count == 2, let text = arguments[0].string,
      let encoding = arguments[1].string, encoding == "latin1" || encoding == "latin-1"
    else { throw wrongValue(arguments.first ?? .none, "a text and its encoding \"latin1\"") }
    try countCopies(text.utf8.count)
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard scalar.value < 256 else { throw fault(.invalidText) }
      bytes.append(UInt8(scalar.value))
    }
    return .bytes(bytes)
  }

  /// Every text and list is copied about once in a true checkpoint; one that is copied over and over is an attack.
  private mutating func countCopies(_ byteCount: Int) throws(CheckpointError) {
    let limit = 2 * reader.bytes.count
    copiedByteCount += byteCount
    guard copiedByteCount <= limit else {
      throw .limitExceeded(at: place, .pickleCopies, found: copiedByteCount, limit: limit)
    }
  }
}
