// SPDX-License-Identifier: Apache-2.0
// What stands behind an encoder: poolers, classifiers and vocabularies, and the labels of what they choose among.

/// Makes the outputs of a model from an encoder's rows.
struct ModelHead {
  let folder: ModelFolder
  /// Of the encoder's rows.
  let width: Int

  private var weights: FolderWeights { folder.weights }

  /// A product with its bias, by the tensors' common name.
  func dense(_ builder: inout BlockBuilder, _ name: String, _ x: Int, _ tensor: String, rows: Int) throws -> Int {
    let projection = Projection(
      weight: try weights.take("\(tensor).weight", [rows, width]), bias: try weights.take("\(tensor).bias", [rows]))
    return builder.linear(name, x, projection)
  }

  /// activation(W x + b), as wide as x.
  func pooler(
    _ builder: inout BlockBuilder, _ name: String, _ x: Int, _ tensor: String, _ activation: Graph.Activation
  ) throws -> Int {
    let product = try dense(&builder, "\(name).dense", x, tensor, rows: width)
    return builder.add(name, .activate(activation), [product])
  }

  /// Scores of the classes that `id2label` names, with their names as the output's labels.
  func classifier(_ builder: inout BlockBuilder, _ x: Int, _ tensor: String) throws -> Graph.Port {
    let labels = try labels(of: "\(tensor).weight")
    let logits = try dense(&builder, "logits", x, tensor, rows: labels.count)
    return port(&builder, logits, labels: labels)
  }

  /// The output "logits" with labels; one number has none.
  func port(_ builder: inout BlockBuilder, _ logits: Int, labels: [String]) -> Graph.Port {
    var port = Graph.Port(name: "logits", value: logits)
    if labels.count > 1 {
      builder.change { graph in
        port.text = graph.texts.count
        graph.texts.append(Graph.TextTable(kind: .labels, symbols: labels))
      }
    }
    return port
  }

  /// As many as the classifier has rows; without `id2label` as transformers calls them.
  func labels(of tensor: String) throws -> [String] {
    let shape = try weights.shape(of: tensor)
    let rows = shape.first ?? 0
    guard let labels = try folder.config.labels() else { return (0..<rows).map { "LABEL_\($0)" } }
    guard labels.count == rows else {
      throw FolderError.tensorShape(tensor: tensor, found: shape, expected: [labels.count, width])
    }
    return ModelHead.unique(labels)
  }

  /// Labels that stand twice, as two kinds of crane do, get their number behind them.
  private static func unique(_ labels: [String]) -> [String] {
    var counts: [String: Int] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    return labels.enumerated().map { index, label in
      counts[label, default: 0] > 1 || label.isEmpty ? "\(label)#\(index)" : label
    }
  }
}
