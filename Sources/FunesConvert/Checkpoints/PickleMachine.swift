// SPDX-License-Identifier: Apache-2.0
// An inert unpickler: runs the stack machine of pickle on plain data. It imports nothing and calls nothing; what a
// pickle asks to call is looked up in a short list of functions that are written out in PickleMachine+Calls.swift, and refused
// by name when it is not there.

/// Reads one pickle. Memory is bounded by limits on the heap, the stack and the memo, and by the size of the pickle.
struct PickleMachine {
  /// Turns a persistent id, by which PyTorch names storages, into a value.
  typealias Resolver = (inout PickleHeap, PickleValue, CheckpointPlace) throws(CheckpointError) -> PickleValue

  static let stackLimit = 1 << 19
  static let memoLimit = 1 << 19

  var reader: ByteReader
  var heap = PickleHeap()
  /// Where the instruction that is running begins.
  var place: CheckpointPlace
  private let resolve: Resolver
  private var stack: [PickleValue] = []
  /// Heights of the stack at the marks that are open.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// Bytes that functions have copied, so that one text cannot be copied for ever.
  var copiedByteCount = 0

  private init(_ reader: ByteReader, _ resolve: @escaping Resolver) {
    self.reader = reader
    self.resolve = resolve
    place = reader.place
  }

  /// Reads the pickle at the cursor of `reader` and leaves the cursor after it.
  static func read(
    _ reader: inout ByteReader, heap: inout PickleHeap, resolve: @escaping Resolver
  ) throws(CheckpointError) -> PickleValue {
    var machine = PickleMachine(reader, resolve)
    // The heap is lent, not copied: a file may have many pickles.
    swap(&machine.heap, &heap)
    defer { swap(&machine.heap, &heap) }
    let value = try machine.run()
    reader = machine.reader
    return value
  }

  private mutating func run() throws(CheckpointError) -> PickleValue {
    while true {
      place = reader.place
      let byte = try reader.byte()
      guard let opcode = PickleOpcode(rawValue: byte) else { throw fault(.unsupportedOpcode(found: byte)) }
      if opcode == .stop { return try pop() }
      if let constant = try constant(opcode) {
        try push(constant)
      } else {
        try step(opcode)
      }
    }
  }

  private mutating func step(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .proto:
      let version = Int(try reader.byte())
      guard version <= 5 else { throw fault(.unsupportedProtocol(found: version)) }
    // Frames only help to read ahead.
    case .frame: try reader.skip(8)
    case .mark:
      try checkStack()
      marks.append(stack.count)
    case .pop:
      // As in Python, a mark with nothing above it is what is popped.
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popMark()
    case .dup: try push(try top())

    case .emptyTuple: try push(.tuple([]))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    case .tuple3: try pushTuple(3)
    case .tuple: try push(.tuple(try popMark()))
    case .emptyList: try push(.list([]))
    case .list: try push(.list(try popMark()))
    case .emptyDict: try push(.dictionary([]))
    case .dict: try push(.dictionary(try pairs(try popMark())))
    case .emptySet: try push(.set([]))
    case .frozenSet: try push(.set(try popMark()))
    case .append: try extend(with: [try pop()])
    case .appends, .addItems: try extend(with: try popMark())
    case .setItem:
      let value = try pop()
      try insert([PickleItem(key: try pop(), value: value)])
    case .setItems: try insert(try pairs(try popMark()))

    case .put: try memoize(try decimal(try reader.line()))
    case .binPut: try memoize(Int(try reader.byte()))
    case .longBinPut: try memoize(try reader.uint32())
    case .memoize: try memoize(memo.count)
    case .get: try recall(try decimal(try reader.line()))
    case .binGet: try recall(Int(try reader.byte()))
    case .longBinGet: try recall(try reader.uint32())

    case .global: try push(try global(module: try name(try reader.line()), name: try name(try reader.line())))
    case .stackGlobal:
      let (name, module) = (try pop(), try pop())
      guard let module = module.string, let name = name.string else {
        throw wrongValue(module.string == nil ? module : name, "the texts of a module and a name")
      }
      try push(try global(module: module, name: name))
    case .reduce:
      let (arguments, function) = (try pop(), try pop())
      try push(try call(function, try tupleElements(arguments)))
    case .inst:
      let function = try global(module: try name(try reader.line()), name: try name(try reader.line()))
      try push(try call(function, try popMark()))
    case .obj:
      let values = try popMark()
      guard let function = values.first else { throw fault(.emptyStack) }
      try push(try call(function, Array(values.dropFirst())))
    case .newObj, .newObjEx:
      if opcode == .newObjEx { _ = try pop() }
      let (arguments, type) = (try pop(), try pop())
      try push(try instantiate(type, try tupleElements(arguments)))
    case .build:
      let state = try pop()
      try build(try top(), state)
    case .persID: try push(try resolve(&heap, .string(try name(try reader.line())), place))
    case .binPersID: try push(try resolve(&heap, try pop(), place))
    default: throw fault(.unsupportedOpcode(found: opcode.rawValue))
    }
  }
}

// MARK: - Stack, memo and containers

extension PickleMachine {
  func fault(_ fault: PickleFault) -> CheckpointError { .pickle(at: place, fault) }

  func wrongValue(_ found: PickleValue, _ expected: String) -> CheckpointError {
    fault(.wrongValue(found: heap.kind(found), expected: expected))
  }

  private func checkStack() throws(CheckpointError) {
    guard stack.count + marks.count < PickleMachine.stackLimit else {
      throw .limitExceeded(
        at: place, .pickleStack, found: stack.count + marks.count + 1, limit: PickleMachine.stackLimit)
    }
  }

  private mutating func push(_ value: PickleValue) throws(CheckpointError) {
    try checkStack()
    stack.append(value)
  }

  private mutating func push(_ object: PickleObject) throws(CheckpointError) {
    try push(try heap.add(object, at: place))
  }

  private mutating func pushTuple(_ count: Int) throws(CheckpointError) {
    var elements: [PickleValue] = []
    for _ in 0..<count { elements.append(try pop()) }
    try push(.tuple(elements.reversed()))
  }

  private func top() throws(CheckpointError) -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.last else { throw fault(.emptyStack) }
    return value
  }

  private mutating func pop() throws(CheckpointError) -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  /// The values above the last mark, which is closed.
  private mutating func popMark() throws(CheckpointError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fault(.emptyStack) }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private mutating func memoize(_ index: Int) throws(CheckpointError) {
    guard memo.count < PickleMachine.memoLimit else {
      throw .limitExceeded(at: place, .pickleMemo, found: memo.count + 1, limit: PickleMachine.memoLimit)
    }
    memo[index] = try top()
  }

  private mutating func recall(_ index: Int) throws(CheckpointError) {
    guard let value = memo[index] else { throw fault(.noSuchMemo(found: index)) }
    try push(value)
  }

  private func pairs(_ values: [PickleValue]) throws(CheckpointError) -> [PickleItem] {
    guard values.count % 2 == 0 else { throw fault(.emptyStack) }
    return stride(from: 0, to: values.count, by: 2).map { PickleItem(key: values[$0], value: values[$0 + 1]) }
  }

  /// Appends to the list or set on top of the stack.
  private mutating func extend(with values: [PickleValue]) throws(CheckpointError) {
    let target = try top()
    guard heap.change(target, { $0.append(values) }) else { throw wrongValue(target, "a list or a set") }
  }

  /// Sets items of the dictionary on top of the stack.
  private mutating func insert(_ items: [PickleItem]) throws(CheckpointError) {
    let target = try top()
    guard heap.change(target, { $0.append(items) }) else { throw wrongValue(target, "a dictionary") }
  }

  private func tupleElements(_ value: PickleValue) throws(CheckpointError) -> [PickleValue] {
    guard case .tuple(let elements) = heap[value] else { throw wrongValue(value, "a tuple of arguments") }
    return elements
  }
}
