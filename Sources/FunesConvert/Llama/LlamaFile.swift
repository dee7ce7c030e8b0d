// SPDX-License-Identifier: Apache-2.0
// A llama2.c file as named tensors: which weights stand in it, in which order, is told by its header alone.

/// Reads llama2.c files of both kinds of float weights.
enum LlamaFile {
  /// Tensors that stand one after another, one for each layer or one in all.
  struct Part {
    /// After `layers.<index>.` where there is one a layer.
    var name: String
    var shape: [Int]
    var isOfLayers = true
    /// Not a weight: nothing reads it.
    var isObsolete = false
    var count = 1
  }

  /// The parts in the order of the file. Matrices are (outputs, inputs), row-major.
  static func parts(of header: LlamaHeader) -> [Part] {
    let (width, hidden, keys) = (header.width, header.hiddenWidth, header.keyWidth)
    let embedding = Part(name: "embedding", shape: [header.symbolCount, width], isOfLayers: false)
    let attentionNorm = Part(name: "attention.norm", shape: [width])
    let feedForwardNorm = Part(name: "feed_forward.norm", shape: [width])
    let norm = Part(name: "norm", shape: [width], isOfLayers: false)
    let attention = [
      Part(name: "attention.q", shape: [width, width]), Part(name: "attention.k", shape: [keys, width]),
      Part(name: "attention.v", shape: [keys, width]), Part(name: "attention.output", shape: [width, width]),
    ]
    let feedForward = [
      Part(name: "feed_forward.gate", shape: [hidden, width]), Part(name: "feed_forward.down", shape: [width, hidden]),
      Part(name: "feed_forward.up", shape: [hidden, width]),
    ]
    var parts: [Part]
    switch header.version {
    case .legacy:
      parts = [embedding, attentionNorm] + attention + [feedForwardNorm] + feedForward + [norm]
      let angles = [header.windowRows, header.headWidth / 2]
      for name in ["rotary.cosines", "rotary.sines"] {
        parts.append(Part(name: name, shape: angles, isOfLayers: false, isObsolete: true))
      }
    case .one:
      parts = [attentionNorm, feedForwardNorm, norm, embedding] + attention + feedForward
    }
    if header.hasClassifier {
      parts.append(Part(name: "classifier", shape: [header.symbolCount, width], isOfLayers: false))
    }
    return parts.map { part in
      var part = part
      if part.isOfLayers { part.count = header.layerCount }
      return part
    }
  }

  /// The tensors of a file that has the bytes its header implies, without the obsolete ones.
  static func read(_ source: ByteSource, _ header: LlamaHeader) throws(CheckpointError) -> Checkpoint {
    var tensors: [CheckpointTensor] = []
    var offset = header.byteCount
    for part in parts(of: header) {
      let byteCount = 4 * part.shape.reduce(1, *)
      for layer in 0..<part.count {
        defer { offset += byteCount }
        if part.isObsolete { continue }
        tensors.append(
          try CheckpointTensor(
            name: part.isOfLayers ? "layers.\(layer).\(part.name)" : part.name, shape: part.shape, dtype: .f32,
            file: source.name, storage: .range(source, offset: offset, byteCount: byteCount), layout: nil))
      }
    }
    let version = header.version == .legacy ? "legacy" : "version 1"
    return try Checkpoint(file: source.name, tensors: tensors, metadata: ["format": "llama2.c, \(version)"])
  }
}
