// SPDX-License-Identifier: Apache-2.0
// The tensors of a recipe: a name, or an object that says how to make one.

extension RecipeParser {
  private static let bases = ["tensor", "concat", "sum", "zeros"]
  static let changes = [
    "reshape", "permute", "transpose", "rows", "columns", "scale", "add", "gates", "add_gate",
  ]

  func tensor(_ node: Node) throws(RecipeError) -> TensorExpression {
    if node.value.stringValue != nil { return .tensor(try node.name()) }
    guard node.value.members != nil else { throw node.wrong("a tensor: a name or an object") }
    let members = try node.object(RecipeParser.bases + ["from"] + RecipeParser.changes)
    let bases = members.filter { RecipeParser.bases.contains($0.key) }
    guard let base = bases.first else { throw .missingKey("tensor", in: node.place, at: node.position) }
    if bases.count > 1 { throw .unknownKey(bases[1].key, in: "a tensor with \"\(base.key)\"", at: bases[1].position) }
    if let from = node.find("from"), base.key != "tensor" {
      throw .unknownKey("from", in: "a tensor with \"\(base.key)\"", at: from.position)
    }
    let value = try node.need(base.key)
    var tensor: TensorExpression
    switch base.key {
    case "tensor": tensor = TensorExpression(.tensor(try value.name(), from: try node.find("from")?.name()))
    case "zeros": tensor = TensorExpression(.zeros(try value.integers(1...Graph.widthLimit)))
    default:
      var parts: [TensorExpression] = []
      for element in try value.elements() { parts.append(try self.tensor(element)) }
      guard !parts.isEmpty else { throw value.wrong("at least one tensor") }
      tensor = TensorExpression(base.key == "sum" ? .sum(parts) : .concat(parts))
    }
    tensor.reshape = try node.find("reshape")?.integers(1...Int(Int32.max))
    tensor.permute = try node.find("permute")?.integers()
    tensor.isTransposed = try node.find("transpose")?.flag() ?? false
    tensor.rows = try range(node.find("rows"))
    tensor.columns = try range(node.find("columns"))
    tensor.scale = try node.find("scale")?.number()
    tensor.add = try node.find("add")?.number()
    tensor.gates = try node.find("gates")?.name()
    if let add = node.find("add_gate") {
      guard tensor.gates != nil else { throw .missingKey("gates", in: "a tensor with \"add_gate\"", at: add.position) }
      for member in try add.allMembers() {
        let number = Node(value: member.value, place: member.key, position: member.position)
        tensor.addGate[member.key] = try number.number()
      }
    }
    return tensor
  }

  /// `[begin, end]` with begin below end.
  private func range(_ node: Node?) throws(RecipeError) -> Range<Int>? {
    guard let node else { return nil }
    let ends = try node.integers()
    guard ends.count == 2, ends[0] < ends[1] else { throw node.wrong("[begin, end] with begin below end") }
    return ends[0]..<ends[1]
  }
}
