// SPDX-License-Identifier: Apache-2.0
// Real checkpoints read bit for bit as Python's own readers read them. What is written down here is derived: a CRC-32 over
// all tensors in the order of their names, and for the largest its first and last element and its sum.

import Testing

@testable import FunesConvert

/// What numpy 2.4, PyTorch 2.13 and a reading of the safetensors format say about a file.
struct Expected: Sendable, CustomTestStringConvertible {
  var path: String
  var count: Int
  var digest: UInt32
  var largest: String
  var first: Double
  var last: Double
  var sum: Double

  init(
    _ path: String, count: Int, digest: UInt32, largest: String, first: Double, last: Double, sum: Double
  ) {
    self.path = path
    self.count = count
    self.digest = digest
    self.largest = largest
    self.first = first
    self.last = last
    self.sum = sum
  }

  var testDescription: String { path }

  static let all = [
    Expected(
      "char-rnn-classification/golden.npz", count: 12, digest: 0x3b5fee4e, largest: "Satoshi_h",
      first: 0.0687115266919136, last: -0.09702561795711517, sum: -4.200676293577999),
    Expected(
      "char-rnn-classification/weights.npz", count: 4, digest: 0xb8046ddb, largest: "i2h.weight",
      first: 0.10647682845592499, last: 0.06927036494016647, sum: -3.996379229840386),
    Expected(
      "dtln/golden.npz", count: 8, digest: 0x9127f71b, largest: "frame", first: 1.4438293874263763e-05,
      last: 0.06103312969207764, sum: -2.9673694758239435),
    Expected(
      "g2p-en/checkpoint20.npz", count: 12, digest: 0xb0d8e362, largest: "enc_w_ih", first: -0.013355609029531479,
      last: 0.05819639191031456, sum: -117.55227316235144),
    Expected(
      "g2p-en/golden.npz", count: 43, digest: 0xde4fd527, largest: "quantization_enc_h", first: -0.9117014408111572,
      last: -0.9999991655349731, sum: 5.511847262270749),
    Expected(
      "gtcrn/golden.npz", count: 5, digest: 0x9e56ef68, largest: "spec", first: 7.3074846267700195, last: 0.0,
      sum: 16.148338652885286),
    Expected(
      "gtcrn/model_trained_on_dns3.tar", count: 677, digest: 0x69eb7aa5, largest: "model.erb.erb_fc.weight", first: 1.0,
      last: 1.0, sum: 192.00000171365826),
    Expected(
      "indicate/golden.npz", count: 37, digest: 0x79c19957, largest: "enc_out0", first: 0.004338001366704702,
      last: -0.00031568657141178846, sum: 23.81651419949771),
    Expected(
      "indicate/weights.npz", count: 12, digest: 0x4d74f290, largest: "decoder/decoder_rnn_cell/kernel",
      first: -0.07282215356826782, last: -0.15050160884857178, sum: -1695.5669909903093),
    Expected(
      "minilm/golden.npz", count: 5, digest: 0xe54f59b7, largest: "last_hidden", first: 0.09885323792695999,
      last: 0.350786417722702, sum: 8.25625554797022),
    Expected(
      "ml-kws/Basic_LSTM_S_weights.npz", count: 4, digest: 0x37e61c55, largest: "lstm.rnn.basic_lstm_cell.kernel",
      first: -0.041848476976156235, last: -0.2077714055776596, sum: -79.86051343691906),
    Expected(
      "ml-kws/CRNN_S_weights.npz", count: 14, digest: 0x1ae116b5,
      largest: "rnn.multi_rnn_cell.cell_0.gru_cell.gates.kernel", first: 0.03975900635123253, last: -0.3151862919330597,
      sum: -26.601659693799775),
    Expected(
      "ml-kws/GRU_S_weights.npz", count: 6, digest: 0x115fd20e,
      largest: "rnn.multi_rnn_cell.cell_0.gru_cell.gates.kernel", first: -0.14328718185424805,
      last: -0.059326447546482086, sum: 123.9848241367863),
    Expected(
      "ml-kws/LSTM_S_weights.npz", count: 8, digest: 0xd3dfa8d1, largest: "lstm.rnn.lstm_cell.kernel",
      first: 0.013104535639286041, last: -0.08004142343997955, sum: 56.454381715188674),
    Expected(
      "ml-kws/golden.npz", count: 18, digest: 0xeef7be2b, largest: "Basic_LSTM_S_yes_mfcc", first: -247.1393585205078,
      last: -4.796163466380676e-14, sum: -6692.16527430434),
    Expected(
      "nam/golden_lstm.npz", count: 3, digest: 0xbb8500e1, largest: "x", first: 0.0, last: 0.19977450370788574,
      sum: 1.5458661317825317),
    Expected(
      "nam/golden_wavenet.npz", count: 3, digest: 0xd04cf8b0, largest: "x", first: 0.0, last: 0.19977450370788574,
      sum: 1.5458661317825317),
    Expected(
      "nam/golden_wavenet_a1_standard.npz", count: 3, digest: 0x72adfeda, largest: "x", first: 0.0,
      last: 0.19977450370788574, sum: 1.5458661317825317),
    Expected(
      "nnsplit-bilstm/golden.npz", count: 2, digest: 0xb512b840, largest: "Add_26", first: -3.032458782196045,
      last: -5.093146324157715, sum: -1161.103356152773),
    Expected(
      "resemblyzer/golden.npz", count: 4, digest: 0xd302d68a, largest: "mels", first: 0.014308060519397259,
      last: 0.016222231090068817, sum: 205.9232718541807),
    Expected(
      "resemblyzer/pretrained.pt", count: 48, digest: 0x06744c0e, largest: "model_state.lstm.weight_hh_l0",
      first: -0.32326969504356384, last: -0.7737205028533936, sum: 1031.758395012088),
    Expected(
      "silero-vad/golden.npz", count: 5, digest: 0xf6a0614d, largest: "frames", first: 0.0, last: 0.03460693359375,
      sum: -49.481109619140625),
    Expected(
      "silero-vad/golden_lstm_cell.npz", count: 3, digest: 0x24b33662, largest: "x", first: 0.0, last: 0.0,
      sum: 1231.626500889659),
    Expected(
      "silero-vad/silero_vad_16k_from_jit.safetensors", count: 15, digest: 0x8269018a, largest: "stft_conv.weight",
      first: 0.0, last: 0.0, sum: 63.99999985052273),
    Expected(
      "stories260K/golden.npz", count: 4, digest: 0xfea2eca4, largest: "logits", first: -6.222911357879639,
      last: -6.934462547302246, sum: -182161.46403107),
    Expected(
      "vit-mnist-explorations/golden.npz", count: 4, digest: 0x2594ba82, largest: "x_normalized",
      first: -0.4242129623889923, last: -0.4242129623889923, sum: 362.33599877357483),
    Expected(
      "vit-mnist-explorations/mnist200.npz", count: 3, digest: 0xb467f23a, largest: "logits", first: 13.807784080505371,
      last: 10.20398998260498, sum: -618.5923199430108),
    Expected(
      "vit-mnist-explorations/vit_mnist_3class.pt", count: 52, digest: 0xbb7f1199,
      largest: "transformer.layers.0.0.fn.to_qkv.weight", first: 0.0034199883230030537, last: 0.0816783681511879,
      sum: 8.368538780615381),
    Expected(
      "vit-mnist-explorations/vit_mnist_gpu.pt", count: 74, digest: 0x3d26b6f8,
      largest: "transformer.layers.0.0.fn.to_qkv.weight", first: 0.17427502572536469, last: -0.21348081529140472,
      sum: 11.024150092343461),
  ]
}

/// The CRC-32 over all tensors in the order of their names' UTF-8: a line "name type [extents]", then the elements in
/// row-major order; floats as f32 or f64, whole numbers as i64, texts joined by line feeds.
private func digest(_ checkpoint: Checkpoint) throws -> UInt32 {
  var stream: [UInt8] = []
  for tensor in checkpoint.tensors.sorted(by: { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }) {
    var type = tensor.dtype.description
    var data: [UInt8]
    switch tensor.dtype {
    case .unicode, .byteString:
      type = "text"
      data = Array(try tensor.strings().joined(separator: "\n").utf8)
    case .f64: data = try tensor.doubles().withUnsafeBytes { Array($0) }
    case _ where tensor.dtype.isFloat: data = try tensor.floats().values.withUnsafeBytes { Array($0) }
    default: data = try tensor.integers().withUnsafeBytes { Array($0) }
    }
    stream += Array("\(tensor.name) \(type) \(tensor.shape)\n".utf8)
    stream += data
  }
  return Inflate.checksum(stream)
}

@Suite struct RealCheckpointTests {
  @Test(.needsSharedData, arguments: Expected.all) func everyTensorIsThatOfPython(expected: Expected) throws {
    let checkpoint = try Checkpoint.read(path: try SharedData.path("checkpoints/" + expected.path))
    #expect(checkpoint.tensors.count == expected.count)
    let largest = try checkpoint.tensor(expected.largest).doubles()
    #expect(largest.first == expected.first)
    #expect(largest.last == expected.last)
    // numpy adds in another order.
    let magnitude = largest.reduce(0) { $0 + abs($1) }
    #expect(abs(largest.reduce(0, +) - expected.sum) <= 1e-12 * magnitude)
    #expect(try digest(checkpoint) == expected.digest)
  }

  @Test(.needsSharedData) func thePickledModuleHasTheTensorsOfItsStateDictionary() throws {
    let folder = "checkpoints/char-rnn-classification/"
    let module = try Checkpoint.read(path: try SharedData.path(folder + "char-rnn-classification.pt"))
    let weights = try Checkpoint.read(path: try SharedData.path(folder + "weights.npz"))
    #expect(module.tensorNames.sorted() == weights.tensorNames.sorted())
    for name in weights.tensorNames {
      #expect(try module.tensor(name).floats() == weights.tensor(name).floats())
    }
  }

  @Test(.needsSharedData) func plainValuesBecomeMetadata() throws {
    let path = try SharedData.path("checkpoints/resemblyzer/pretrained.pt")
    let checkpoint = try Checkpoint.read(path: path)
    #expect(checkpoint.metadata["step"] != nil)
    #expect(checkpoint.tensorNames.first == "model_state.similarity_weight")
  }

  @Test(
    .needsSharedData,
    arguments: [
      ("silero-vad/silero_vad.jit", ForeignFormat.torchScript),
      ("dtln/model.h5", .hdf5),
      ("dtln/model_quant_1.tflite", .tflite),
      ("dtln/model_1.onnx", .onnxOrProtobuf),
      ("gtcrn/gtcrn_simple.onnx", .onnxOrProtobuf),
      ("silero-vad/silero_vad_16k_op15.onnx", .onnxOrProtobuf),
      ("nnsplit-bilstm/model.onnx", .onnxOrProtobuf),
    ]) func formatsOfOtherReadersAreNamed(path: String, format: ForeignFormat) throws
  {
    let path = try SharedData.path("checkpoints/" + path)
    #expect(throws: CheckpointError.foreignFormat(file: path, found: format)) { try Checkpoint.read(path: path) }
  }
}
