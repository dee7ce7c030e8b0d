// SPDX-License-Identifier: Apache-2.0
// Pictures made rows: order, scale, grey and colours, sizes; and what recipes and metadata say of them.

import Testing

@testable import FunesConvert

@Suite struct PreparationTests {
  private let colour = RasterImage(
    width: 2, height: 1, channels: 3, maximum: 10, samples: [0, 5, 10, 10, 0, 5])

  @Test func rowsAreInTheModelsOrderAndScale() throws {
    var wanted = ImagePreparation(height: 1, width: 2, channels: 3)
    #expect(try wanted.row(of: colour, isResizing: false) == [0, 1, 0.5, 0, 1, 0.5])
    wanted.isInterleaved = true
    #expect(try wanted.row(of: colour, isResizing: false) == [0, 0.5, 1, 1, 0, 0.5])
    (wanted.scale, wanted.mean, wanted.deviation) = (255, [10, 20, 30], [2])
    #expect(try wanted.row(of: colour, isResizing: false) == [-5, 53.75, 112.5, 122.5, -10, 48.75])
    #expect(wanted.row(ofBytes: [0, 127.5, 255, 255, 0, 127.5]) == [-5, 53.75, 112.5, 122.5, -10, 48.75])
  }

  @Test func greyAndColoursBecomeEachOther() throws {
    let grey = ImagePreparation(height: 1, width: 2, channels: 1)
    #expect(try grey.row(of: colour, isResizing: false) == [Float(0.4075), Float(0.356)])
    let plain = RasterImage(width: 2, height: 1, channels: 1, maximum: 255, samples: [51, 255])
    let three = ImagePreparation(height: 1, width: 2, channels: 3)
    #expect(try three.row(of: plain, isResizing: false) == [0.2, 1, 0.2, 1, 0.2, 1])
  }

  @Test func anotherSizeIsRefusedUnlessAskedFor() throws {
    let wanted = ImagePreparation(height: 2, width: 2, channels: 3)
    #expect(throws: ImageError.size(width: 2, height: 1, expectedWidth: 2, expectedHeight: 2)) {
      _ = try wanted.row(of: colour, isResizing: false)
    }
    #expect(try wanted.row(of: colour, isResizing: true) == [0, 1, 0, 1, 0.5, 0, 0.5, 0, 1, 0.5, 1, 0.5])
  }

  /// PyTorch's interpolation with antialiasing.
  @Test(arguments: ["small", "large", "mixed"], [ImagePreparation.Filter.bilinear, .bicubic])
  func resizingIsPyTorchs(name: String, filter: ImagePreparation.Filter) throws {
    let golden = try Checkpoint.read(path: CellGoldens.path("images.npz"))
    let input = try golden.tensor("resize.input").floats()
    let expected = try golden.tensor("resize.\(filter.rawValue).\(name)").floats()
    let image = RasterImage(
      width: input.shape[1], height: input.shape[0], channels: 1, maximum: 255, samples: input.values.map { UInt16($0) }
    )
    var wanted = ImagePreparation(height: expected.shape[0], width: expected.shape[1], channels: 1)
    wanted.filter = filter
    expectClose(try wanted.row(of: image, isResizing: true), expected.values, limit: 1e-6, name)
  }

  /// Every filter keeps what is even, and none but nearest passes over a pixel.
  @Test(arguments: ImagePreparation.Filter.allCases) func filtersAreMeans(filter: ImagePreparation.Filter) throws {
    var image = RasterImage(
      width: 9, height: 7, channels: 1, maximum: 4, samples: [UInt16](repeating: 3, count: 63))
    for (height, width) in [(2, 3), (30, 11), (1, 1)] {
      var wanted = ImagePreparation(height: height, width: width, channels: 1)
      wanted.filter = filter
      #expect(try wanted.row(of: image, isResizing: true).allSatisfy { abs($0 - 0.75) < 1e-6 })
    }
    image.samples[0] = 0
    var wanted = ImagePreparation(height: 2, width: 3, channels: 1)
    wanted.filter = filter
    #expect((try wanted.row(of: image, isResizing: true)[0] != 0.75) == (filter != .nearest))
  }

  @Test func theMiddleIsTaken() throws {
    let image = RasterImage(width: 4, height: 2, channels: 1, maximum: 8, samples: [0, 1, 2, 3, 4, 5, 6, 7])
    var wanted = ImagePreparation(height: 2, width: 2, channels: 1)
    wanted.resize = .shortest(2)
    #expect(try wanted.row(of: image, isResizing: true) == [1, 2, 5, 6].map { $0 / 8 })
    (wanted.resize, wanted.filter) = (.exact(height: 4, width: 4), .nearest)
    #expect(try wanted.row(of: image, isResizing: true) == [1, 2, 5, 6].map { $0 / 8 })
    (wanted.resize, wanted.filter) = (.shortest(4), .box)
    #expect(try wanted.row(of: image, isResizing: true) == [1, 2, 5, 6].map { $0 / 8 })
    let tall = RasterImage(
      width: 1, height: 65_536, channels: 1, maximum: 1, samples: [UInt16](repeating: 1, count: 65_536))
    #expect(throws: ImageError.self) { _ = try wanted.row(of: tall, isResizing: true) }
  }

  // MARK: Metadata

  private func read(_ change: [String: String?]) throws -> ImagePreparation? {
    var metadata = ImagePreparation(height: 28, width: 30, channels: 3).metadata
    metadata["name"] = "x"
    for (key, value) in change { metadata[key] = value }
    return try ImagePreparation(metadata: metadata.map { (key: $0.key, value: $0.value) })
  }

  @Test func metadataReadBackAsTheyWereWritten() throws {
    var image = ImagePreparation(height: 28, width: 30, channels: 3)
    (image.isInterleaved, image.scale, image.mean, image.deviation) = (true, 255, [0.1307], [0.25, 0.3081, 1e-3])
    #expect(try ImagePreparation(metadata: image.metadata.map { (key: $0.key, value: $0.value) }) == image)
    for resize in [ImagePreparation.Resize.exact(height: 40, width: 31), .shortest(32)] {
      (image.resize, image.filter) = (resize, .lanczos)
      #expect(try ImagePreparation(metadata: image.metadata.map { (key: $0.key, value: $0.value) }) == image)
    }
    #expect(try ImagePreparation(metadata: [("name", "x")]) == nil)
    let least = ["image.layout", "image.scale", "image.mean", "image.std"]
    let change = Dictionary(uniqueKeysWithValues: least.map { ($0, String?.none) })
    #expect(try read(change) == ImagePreparation(height: 28, width: 30, channels: 3))
  }

  @Test(
    arguments: [
      ("image.height", nil), ("image.height", "0"), ("image.height", "16385"), ("image.width", "2.5"),
      ("image.width", " 2"), ("image.channels", "2"), ("image.channels", "4"), ("image.layout", "rows"),
      ("image.scale", "nan"), ("image.scale", "inf"), ("image.scale", "1 1"), ("image.mean", "1 2"), ("image.mean", ""),
      ("image.mean", "1e300"), ("image.std", "0"), ("image.std", "-1"), ("image.std", "1,2,3"), ("image.size", "3"),
      ("image.resample", "cubic"),
      ("image.resize", "27 40"), ("image.resize", "28"), ("image.resize", "shortest 29"), ("image.resize", "40 16385"),
    ] as [(String, String?)]) func metadataThatMakeNoSenseAreRefused(key: String, value: String?)
  {
    do {
      _ = try read([key: value])
      Issue.record("were taken")
    } catch {
      guard let error = error as? ImageError, case .metadata(let found, _, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(found == key)
    }
  }

  // MARK: Recipes

  private func recipe(_ image: String, shape: String = "[2, 3]") throws -> Graph {
    let text = """
      {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "w.npz"}, "image": \(image), "programs": [
        {"name": "step", "inputs": [{"name": "x", "shape": \(shape)}],
         "ops": [{"op": "relu", "input": "x", "output": "y"}], "outputs": ["y"]}]}
      """
    let recipe = try Recipe.parse(text)
    #expect(try Recipe.parse(recipe.json()) == recipe)
    return try recipe.graph(sources: ["weights": TensorSource([])])
  }

  @Test func recipesSayHowPicturesArePrepared() throws {
    let graph = try recipe(#"{"height": 2, "width": 3, "mean": [0.1307], "std": [0.3081]}"#)
    #expect(graph.metadata["image.mean"] == "0.1307" && graph.metadata["image.channels"] == "1")
    let colour = try recipe(
      #"{"height": 1, "width": 2, "channels": 3, "layout": "pixels", "scale": 255, "mean": [1, 2, 3]}"#, shape: "[6]")
    #expect(colour.metadata["image.layout"] == "pixels" && colour.metadata["image.mean"] == "1.0 2.0 3.0")
    #expect(throws: RecipeError.imageWidth(found: 6, expected: [5])) {
      _ = try recipe(#"{"height": 2, "width": 3}"#, shape: "[5]")
    }
    for bad in [
      #"{"height": 2}"#, #"{"height": 0, "width": 3}"#, #"{"height": 2, "width": 3, "channels": 2}"#,
      #"{"height": 2, "width": 3, "mean": [1, 2]}"#, #"{"height": 2, "width": 3, "std": [0]}"#,
      #"{"height": 2, "width": 3, "layout": "rows"}"#, #"{"height": 2, "width": 3, "size": 1}"#,
      #"{"height": 2, "width": 3, "scale": 1e16}"#,
    ] {
      #expect(throws: RecipeError.self) { _ = try recipe(bad) }
    }
  }
}
