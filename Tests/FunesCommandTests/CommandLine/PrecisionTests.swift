// SPDX-License-Identifier: Apache-2.0
// Bits of weights and activations on the command line: what is written, what inspect says of it, what is refused.

import Foundation
import Funes
import FunesConvert
import Testing

@Suite struct PrecisionTests {
  private let folder: Folder
  private let weights: String

  init() throws {
    folder = try Folder()
    weights = folder.path("gru.safetensors")
    try Data(CommandTests.stateDictionary(seed: 1)).write(to: URL(fileURLWithPath: weights))
  }

  /// Bits of weights and of activations of every matrix of what a command line makes, by name.
  private func bits(_ options: [String]) throws -> [String: [Int]] {
    let model = folder.path("m.funes")
    let made = try Shell.funes(["convert", weights, "-o", model, "--rows", "3"] + options)
    #expect(made.code == 0, "\(made.talk)")
    let found = try Shell.funes(["inspect", model, "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(found.bytes)) as? [String: Any])
    let constants = try #require(object["constants"] as? [[String: Any]])
    var bits: [String: [Int]] = [:]
    for constant in constants where constant["isMatrix"] as? Bool == true {
      let name = try #require(constant["name"] as? String)
      bits[name] = ["weightBits", "activationBits"].compactMap { constant[$0] as? Int }
    }
    return bits
  }

  @Test func theNamedPointsAreWhatTheyStandFor() throws {
    #expect(Set(try bits([]).values) == [[8, 16]])
    #expect(Set(try bits(["--precision", "default", "--activations", "16"]).values) == [[8, 16]])
    #expect(Set(try bits(["--precision", "fast"]).values) == [[8, 8]])
    #expect(Set(try bits(["--activations", "8"]).values) == [[8, 8]])
    #expect(Set(try bits(["--precision", "high"]).values) == [[16, 16]])
    #expect(try Shell.funes(["verify", folder.path("m.funes")]).code == 0)
    #expect(try Shell.funes(["inspect", folder.path("m.funes"), "--tensors"]).text.contains("int16, 16-bit"))
    let compared = try Shell.funes(["compare", folder.path("m.funes"), "--against", weights, "--limit", "snr 75"])
    #expect(compared.code == 0, "\(compared.talk)")
  }

  @Test func matricesGet16BitWeightsByName() throws {
    let names = try bits([]).keys.sorted()
    let ofX = try #require(names.first { $0.contains("weight_ih") })
    for list in [ofX, " *weight_ih*,, "] {
      let found = try bits(["--weights16", list])
      #expect(names.allSatisfy { found[$0] == ($0.contains("weight_ih") ? [16, 16] : [8, 16]) }, "\(found)")
    }
    let fast = try bits(["--weights16", "\(ofX),*_hh*", "--precision", "fast"])
    #expect(
      names.allSatisfy { fast[$0] == ($0.contains("weight_") && $0.contains("h_l") ? [16, 8] : [8, 8]) }, "\(fast)")
    let unknown = try Shell.funes(["convert", weights, "-o", folder.path("n"), "--weights16", "\(ofX),nosuch.*"])
    #expect(unknown.code == 64 && unknown.talk.contains("--weights16: found \"nosuch.*\", expected"))
    #expect(names.allSatisfy { unknown.talk.contains("\"\($0)\"") }, "\(unknown.talk)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("n")))
  }

  @Test(arguments: [
    (["--precision", "high", "--activations", "8"], "found 8, expected 16, which --precision high stands for"),
    (["--precision", "default", "--activations", "8"], "found 8, expected 16, which --precision default stands for"),
    (["--precision", "fast", "--activations", "16"], "found 16, expected 8, which --precision fast stands for"),
    (["--precision", "higher"], "--precision"), (["--activations", "4"], "expected 8 or 16 bits"),
    (["--precision", "high", "--weights16", "a"], "found beside --precision high"),
    (["--weights16", " ,"], "found no name"),
  ])
  func contradictionsAreRefused(options: [String], says: String) throws {
    let found = try Shell.funes(["convert", weights, "-o", folder.path("n")] + options)
    #expect(found.code == 64 && found.talk.contains(says), "\(found.talk)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("n")))
  }
}
