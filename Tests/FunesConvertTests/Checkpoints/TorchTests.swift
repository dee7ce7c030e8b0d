// SPDX-License-Identifier: Apache-2.0
// PyTorch files that are read: hand-made ones, and small ones that PyTorch 2.13 wrote.

import Foundation
import Testing

@testable import FunesConvert

private func read(_ bytes: [UInt8]) throws -> Checkpoint { try Checkpoint.read(bytes: bytes, name: "x") }

/// An object of a class that nobody knows, with these attributes.
private func module(_ attributes: [(String, [UInt8])]) -> [UInt8] {
  Pickle.global("mine", "Net") + Pickle.emptyTuple + Pickle.newObj + Pickle.dictionary(attributes) + Pickle.build
}

@Suite struct TorchTests {
  @Test func nestedNamesAreJoinedAndPlainValuesKept() throws {
    let body = Pickle.dictionary([
      ("model", Pickle.dictionary([("w", Pickle.tensor())])),
      ("steps", Pickle.list([Pickle.int(3), Pickle.tensor(offset: 4, shape: [2], strides: [1])])),
      ("name", Pickle.text("é")), ("done", Pickle.newTrue),
    ])
    let checkpoint = try read(torchZip(Pickle.whole(body)))
    #expect(checkpoint.tensorNames == ["model.w", "steps.1"])
    #expect(checkpoint.metadata == ["steps.0": "3", "name": "é", "done": "true"])
    #expect(try checkpoint.tensor("model.w").floats() == FloatTensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]))
    #expect(try checkpoint.tensor("steps.1").floats().values == [5, 6])
  }

  @Test(arguments: ["pathlib.PosixPath", "datetime.timedelta", "uuid.UUID", "collections.deque", "decimal.Decimal"])
  func whatScriptsKeepBesideWeightsIsPassedOver(type: String) throws {
    let dot = type.lastIndex(of: ".")!
    let value =
      Pickle.global(String(type[..<dot]), String(type[type.index(after: dot)...])) + Pickle.emptyTuple + Pickle.reduce
    let body = Pickle.dictionary([("w", Pickle.tensor()), ("options", Pickle.dictionary([("kept", value)]))])
    #expect(try read(torchZip(Pickle.whole(body))).tensorNames == ["w"])
  }

  @Test func stridesAreFollowed() throws {
    func values(_ shape: [Int], _ strides: [Int], offset: Int = 0) throws -> [Float] {
      let body = Pickle.tensor(offset: offset, shape: shape, strides: strides)
      return try read(torchZip(Pickle.whole(body))).tensor("tensor").floats().values
    }
    #expect(try values([3, 2], [1, 3]) == [1, 4, 2, 5, 3, 6])
    #expect(try values([2, 2], [0, 2], offset: 1) == [2, 4, 2, 4])
    #expect(try values([1, 6], [99, 1]) == [1, 2, 3, 4, 5, 6])
    #expect(try values([2, 0], [3, 1]) == [])
    #expect(try values([], [], offset: 5) == [6])
  }

  @Test func thePartsOfAPickledModuleAreNamedAsInItsStateDictionary() throws {
    let inner = module([("_parameters", Pickle.dictionary([("weight", Pickle.tensor()), ("bias", Pickle.none)]))])
    let body = module([
      ("_buffers", Pickle.dictionary([("mean", Pickle.tensor(shape: [1], strides: [1]))])),
      ("_modules", Pickle.dictionary([("fc", inner), ("none", Pickle.none)])),
      ("other", Pickle.tensor()), ("act", Pickle.global("torch.nn.functional", "relu")),
    ])
    #expect(try read(torchZip(Pickle.whole(body))).tensorNames == ["mean", "fc.weight"])
    let nested = try read(torchZip(Pickle.whole(Pickle.dictionary([("model", body), ("args", module([]))]))))
    #expect(nested.tensorNames == ["model.mean", "model.fc.weight"])
    #expect(nested.metadata == ["args": "mine.Net"])
  }

  @Test func filesOfTheFormatBeforeZipAreRead() throws {
    let view = Pickle.storage(view: Pickle.tuple([Pickle.text("v"), Pickle.int(2), Pickle.int(3)]))
    let body = Pickle.dictionary([
      ("a", Pickle.tensor()), ("b", Pickle.tensor(view, offset: 1, shape: [2], strides: [1])),
    ])
    let checkpoint = try read(torchStream(body))
    #expect(try checkpoint.tensor("a").floats().values == [1, 2, 3, 4, 5, 6])
    #expect(try checkpoint.tensor("b").floats().values == [4, 5])
  }

  @Test func aPickleLongerThanTheFirstWindowIsRead() throws {
    let items = (0..<300).map { ("layer\($0)", Pickle.tensor()) }
    #expect(try read(torchStream(Pickle.dictionary(items))).tensorNames == items.map(\.0))
  }

  @Test func filesOfTheFirstFormatAreRead() throws {
    #expect(try read(torchTar()).tensor("a").floats() == FloatTensor(shape: [3, 2], values: [1, 4, 2, 5, 3, 6]))
    let views = Pickle.list([Pickle.tuple([5, 1, 2, 3].map(Pickle.int))])
    let viewed = torchTar(views: views, storageKey: 5, axisCount: 1, numbers: [2, 1, 1])
    #expect(try read(viewed).tensor("a").floats().values == [4, 5])
  }

  @Test func textPicklesAreRead() throws {
    let text = "(dp0\nS'a'\np1\n(lp2\nI7\naL8L\naI01\naF1.5\naV\u{e9}\nas."
    let checkpoint = try read(torchZip(Array(text.utf8)))
    #expect(checkpoint.metadata == ["a.0": "7", "a.1": "8", "a.2": "true", "a.3": "1.5", "a.4": "é"])
  }

  @Test(arguments: TorchSample.state) func whatPyTorchWritesIsRead(sample: TorchSample) throws {
    let checkpoint = try read(sample.file)
    func floats(_ name: String) throws -> [Float] { try checkpoint.tensor(name).floats().values }
    #expect(
      try checkpoint.tensor("t").floats()
        == FloatTensor(shape: [4, 3], values: [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]))
    #expect(try floats("row") == [4, 5, 6, 7])
    #expect(try checkpoint.tensor("half").dtype == .f16)
    #expect(try floats("half") == [1.5, -2])
    #expect(try checkpoint.tensor("brain").dtype == .bf16)
    #expect(try floats("brain") == [1.5])
    #expect(try checkpoint.tensor("u16").dtype == .u16)
    #expect(try checkpoint.tensor("u16").integers() == [65535])
    #expect(try checkpoint.tensor("flag").integers() == [1, 0])
    #expect(try checkpoint.tensor("scalar").integers() == [-3])
    #expect(try checkpoint.tensor("scalar").shape == [])
    #expect(try checkpoint.tensor("empty").shape == [0, 2])
    #expect(try floats("empty") == [])
    #expect(try floats("expanded") == [5, 5, 5, 5, 5, 5])
    #expect(try checkpoint.tensor("np").doubles() == [0, 1, 2, 3])
    #expect(try floats("list.0") == [1])
    #expect(try floats("3") == [0])
    #expect(try floats("param") == [1])
    #expect(checkpoint.tensors.count == 13)
    #expect(
      checkpoint.metadata == [
        "step": "0.25", "n": "9", "list.1.x": "2", "name": "é", "size.0": "2", "size.1": "3", "device": "cpu",
        "dtype": "torch.float32",
      ])
  }

  @Test(arguments: TorchSample.modules) func modulesThatPyTorchPicklesAreRead(sample: TorchSample) throws {
    let checkpoint = try read(sample.file)
    #expect(checkpoint.tensorNames.sorted() == ["fc.bias", "fc.weight", "k"])
    #expect(try checkpoint.tensor("fc.weight").floats() == FloatTensor(shape: [1, 2], values: [1, 2]))
    #expect(try checkpoint.tensor("k").integers() == [7])
  }

  @Test func noRandomEditCrashes() {
    // Fields of numbers are what single flipped bits do not reach: several bytes are set to edge values at once.
    var generator = SplitMix(state: 0x5eed)
    let edges: [UInt8] = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x28, 0x2e, 0x52, 0x62, 0x68, 0x71, 0x93]
    for sample in TorchSample.state + TorchSample.modules {
      let file = sample.file
      #expect(!file.isEmpty)
      for _ in 0..<300 {
        var edited = file
        let start = Int(generator.next() % UInt64(file.count))
        let count = Int(1 + generator.next() % 8)
        let edge = edges[Int(generator.next() % UInt64(edges.count))]
        for index in start..<min(start + count, file.count) { edited[index] = edge }
        decodeEverything(edited)
      }
    }
  }

  @Test func noRandomEditOfAPickleCrashes() throws {
    // The checksums are right again, so that the edits reach the pickle.
    var generator = SplitMix(state: 0xfade)
    for sample in TorchSample.state where sample.name.hasPrefix("zip") {
      let archive = try ZipArchive(ByteSource(bytes: sample.file, name: "x"))
      let entry = try #require(archive["archive/data.pkl"])
      let pickle = try archive.read(entry)
      for _ in 0..<1000 {
        var edited = pickle
        for _ in 0...(generator.next() % 3) {
          edited[Int(generator.next() % UInt64(edited.count))] = UInt8(truncatingIfNeeded: generator.next())
        }
        decodeEverything(torchZip(edited))
      }
    }
  }
}

/// SplitMix64, so that a failure can be repeated.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
