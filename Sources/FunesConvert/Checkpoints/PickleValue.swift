// SPDX-License-Identifier: Apache-2.0
// What a pickle describes, as plain data: the values that the pickle machine makes and the PyTorch readers walk.

/// A value of a pickle. Everything that Python would make an object stands in the heap and is named by its index, so
/// that cycles and deep nesting cost neither a leak nor the stack.
enum PickleValue: Sendable, Equatable {
  case none
  case bool(Bool)
  case integer(Int64)
  /// A whole number that does not fit: its little-endian bytes, or its decimal text.
  case largeInteger([UInt8])
  case float(Double)
  case string(String)
  case bytes([UInt8])
  case object(Int)
}

/// A thing in the heap of a pickle. The larger cases are boxed, so that many small objects take little.
enum PickleObject: Sendable {
  case tuple([PickleValue])
  case list([PickleValue])
  case set([PickleValue])
  case dictionary([PickleItem])
  /// The name of a class or function; nothing is imported.
  indirect case global(PickleGlobal)
  /// An object of a class that is not known: inert, with the state that the pickle gives it.
  indirect case instance(PickleInstance)
  indirect case storage(PickleStorage)
  indirect case tensor(PickleTensor)
  /// A numpy type, as in "f4", and its byte order, as in "<".
  indirect case numpyType(String, order: String)
}

extension PickleObject {
  /// Appends to a list, a set, or an object of a subclass of list, whose elements are numbered on.
  mutating func append(_ values: [PickleValue]) -> Bool {
    // Each case empties self before it appends, so that nothing is copied.
    switch self {
    case .list(var elements):
      self = .tuple([])
      elements.append(contentsOf: values)
      self = .list(elements)
    case .set(var elements):
      self = .tuple([])
      elements.append(contentsOf: values)
      self = .set(elements)
    case .instance(var instance):
      self = .tuple([])
      for value in values {
        instance.items.append(PickleItem(key: .integer(Int64(instance.items.count)), value: value))
      }
      self = .instance(instance)
    default: return false
    }
    return true
  }

  /// Appends to a dictionary, or to an object of a subclass of it.
  mutating func append(_ items: [PickleItem]) -> Bool {
    switch self {
    case .dictionary(var old):
      self = .tuple([])
      old.append(contentsOf: items)
      self = .dictionary(old)
    case .instance(var instance):
      self = .tuple([])
      instance.items.append(contentsOf: items)
      self = .instance(instance)
    default: return false
    }
    return true
  }
}

struct PickleItem: Sendable, Equatable {
  var key: PickleValue
  var value: PickleValue
}

/// A class or function by name, and where the pickle names it.
struct PickleGlobal: Sendable, Equatable {
  var module: String
  var name: String
  var place: CheckpointPlace

  var path: String { "\(module).\(name)" }
}

struct PickleInstance: Sendable {
  var type: PickleGlobal
  /// What BUILD gave it: for most classes the dictionary of its attributes.
  var state = PickleValue.none
  /// What was added to it, where the class is a dictionary or list.
  var items: [PickleItem] = []
}

/// The numbers that tensors look into; they stand elsewhere in the file, under `key`, or in the pickle.
struct PickleStorage: Sendable {
  var key: String
  var dtype: DType
  /// Elements in all.
  var count: Int
  /// Elements of the storage `key` before the first of this one, which may be a view of it.
  var viewOffset = 0
  var inline: [UInt8]?
}

/// A tensor that looks into a storage; not yet checked against it.
struct PickleTensor: Sendable {
  var storage: PickleStorage
  var dtype: DType
  var shape: [Int]
  var layout: TensorLayout
}

/// All the objects of a file's pickles, limited in number.
struct PickleHeap: Sendable {
  private(set) var objects: [PickleObject] = []

  /// Most objects of one file: about a hundred times what the largest models need.
  static let limit = 1 << 19

  mutating func add(_ object: PickleObject, at place: CheckpointPlace) throws(CheckpointError) -> PickleValue {
    guard objects.count < PickleHeap.limit else {
      throw .limitExceeded(at: place, .pickleObjects, found: objects.count + 1, limit: PickleHeap.limit)
    }
    objects.append(object)
    return .object(objects.count - 1)
  }

  subscript(value: PickleValue) -> PickleObject? {
    guard case .object(let index) = value, objects.indices.contains(index) else { return nil }
    return objects[index]
  }

  /// Changes an object in place; false when there is none or `change` cannot.
  mutating func change(_ value: PickleValue, _ change: (inout PickleObject) -> Bool) -> Bool {
    guard case .object(let index) = value, objects.indices.contains(index) else { return false }
    return change(&objects[index])
  }

  /// Forgets the objects after the first `count`.
  mutating func truncate(to count: Int) {
    objects.removeLast(max(0, objects.count - count))
  }

  /// The elements of a tuple or list.
  func elements(_ value: PickleValue) -> [PickleValue]? {
    switch self[value] {
    case .tuple(let elements), .list(let elements): elements
    default: nil
    }
  }

  func global(_ value: PickleValue) -> PickleGlobal? {
    if case .global(let global) = self[value] { global } else { nil }
  }

  func items(_ value: PickleValue) -> [PickleItem]? {
    if case .dictionary(let items) = self[value] { items } else { nil }
  }

  /// Whole numbers in a tuple or list, as shapes and strides are; nil when they are more than a tensor has axes.
  func integers(_ value: PickleValue) -> [Int]? {
    guard let elements = elements(value), elements.count <= CheckpointTensor.axisLimit else { return nil }
    var integers: [Int] = []
    for element in elements {
      guard let integer = element.integer else { return nil }
      integers.append(integer)
    }
    return integers
  }

  /// The kind of a value in words, for "found …, expected …".
  func kind(_ value: PickleValue) -> String {
    switch value {
    case .none: "none"
    case .bool: "a boolean"
    case .integer, .largeInteger: "an integer"
    case .float: "a float"
    case .string: "a text"
    case .bytes: "bytes"
    case .object:
      switch self[value] {
      case .tuple: "a tuple"
      case .list: "a list"
      case .set: "a set"
      case .dictionary: "a dictionary"
      case .global(let global): "\"\(global.path)\""
      case .instance(let instance): "an object of \"\(instance.type.path)\""
      case .storage: "a storage"
      case .tensor: "a tensor"
      case .numpyType: "a numpy type"
      case nil: "nothing"
      }
    }
  }
}

extension PickleValue {
  var integer: Int? {
    if case .integer(let integer) = self { Int(exactly: integer) } else { nil }
  }

  var string: String? {
    if case .string(let string) = self { string } else { nil }
  }
}
