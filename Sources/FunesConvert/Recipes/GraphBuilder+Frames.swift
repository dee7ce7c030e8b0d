// SPDX-License-Identifier: Apache-2.0
// Frames of an inner axis, and the convolution inside each row that is made of them and a product.

extension GraphBuilder {
  /// Of (N) or (N, w), frames (count, kernel · w).
  mutating func addFrames(_ op: Recipe.Operator, _ input: Int) throws(RecipeError) {
    let frames = try frames(op, input, kernel: try number(op, "kernel", in: 1...65_536))
    let width = graph.values[input].width / frames.positions
    try finish(op, .frames(frames), [input], [frames.count, frames.kernel * width])
  }

  /// A convolution inside each row, over its positions: frames, then a product.
  ///
  /// The weight is (O, w, kernel) as in PyTorch, whose input is (w, N); here positions come first: (N, w) → (count, O).
  ///
  ///     y_m = b + Σ_j W[:, :, j] x_(m · stride − before + j · dilation)
  mutating func addInnerConvolution(_ op: Recipe.Operator, _ input: Int) throws {
    let expression = try tensor(op, "weight")
    let weight = try reader.evaluate(expression, for: op.title)
    let x = graph.values[input]
    guard (1...2).contains(x.shape.count) else { throw wrongShape(op, op.inputs[0], x.shape, [nil, nil]) }
    let width = x.shape.count == 1 ? 1 : x.shape[1]
    guard weight.shape.count == 3, weight.shape[1] == width else {
      throw RecipeError.tensorShape(
        operator: op.title, tensor: expression.title, found: weight.shape, expected: [nil, width, nil])
    }
    let (outputs, kernel) = (weight.shape[0], weight.shape[2])
    try limit("extent of the kernel \"\(expression.title)\"", kernel, 65_536)
    let frames = try frames(op, input, kernel: kernel)
    let cols = kernel * width
    try limit("columns of \"\(expression.title)\"", cols, 65_536)
    // (O, w, kernel) → (O, kernel, w): a frame holds whole positions.
    var wide = TensorExpression(.sum([expression]))
    wide.permute = [0, 2, 1]
    let matrix = constant(
      ConstantKey(expressions: [wide], use: "convolution"), name: expression.title,
      layout: .matrix(rows: outputs, cols: cols, groups: 1), values: TensorChanges.permute(weight, [0, 2, 1]).values)
    let bias = try bias(optionalTensor(op, "bias"), count: outputs, for: op.title)
    var cut = op
    cut.name = nil
    cut.output = "\(op.title).frames"
    try finish(cut, .frames(frames), [input], [frames.count, cols])
    let source = try take(cut.output!, for: op.title)
    var inner = op
    inner.inputs = [cut.output!]
    try finish(inner, .linear(weight: matrix, bias: bias), [source], [frames.count, outputs])
  }

  /// How a recipe wants the first axis of (N) or (N, w) cut.
  private func frames(_ op: Recipe.Operator, _ input: Int, kernel: Int) throws(RecipeError) -> Graph.Frames {
    let shape = graph.values[input].shape
    guard (1...2).contains(shape.count) else { throw wrongShape(op, op.inputs[0], shape, [nil, nil]) }
    try limit("positions of \"\(op.inputs[0])\"", shape[0], 65_536)
    var frames = Graph.Frames(positions: shape[0], kernel: kernel)
    if op.fields["stride"] != nil { frames.stride = try number(op, "stride", in: 1...65_536) }
    if op.fields["dilation"] != nil { frames.dilation = try number(op, "dilation", in: 1...65_536) }
    switch word(op, "padding_mode") {
    case "reflect": frames.padding = .reflect
    case "replicate": frames.padding = .replicate
    default: frames.padding = .zeros
    }
    if case .integers(let padding) = op.fields["padding"] {
      guard (1...2).contains(padding.count) else {
        throw .numberOutOfRange(
          program: scope.name, operator: op.title, key: "numbers of padding", found: padding.count, expected: 1...2)
      }
      // What is reflected ends with the row.
      let most = frames.padding == .reflect ? min(shape[0] - 1, 65_535) : 65_535
      for found in padding where !(0...most).contains(found) {
        throw .numberOutOfRange(
          program: scope.name, operator: op.title, key: "padding", found: found, expected: 0...most)
      }
      (frames.before, frames.after) = (padding[0], padding[padding.count - 1])
    } else if op.fields["padding_mode"] != nil {
      throw missing(op, "padding")
    }
    guard frames.count > 0 else {
      throw .numberOutOfRange(
        program: scope.name, operator: op.title, key: "kernel and dilation, which span", found: frames.span,
        expected: 1...(frames.positions + frames.before + frames.after))
    }
    try limit("elements of \"\(op.output ?? op.title)\"", frames.count * kernel, Graph.widthLimit)
    return frames
  }
}
