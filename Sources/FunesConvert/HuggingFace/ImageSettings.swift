// SPDX-License-Identifier: Apache-2.0
// preprocessor_config.json: what an image goes through before it is a row, as metadata that whoever reads images follows.

/// Reads the settings of an image processor.
enum ImageSettings {
  /// How pictures are prepared, as metadata; none where the folder has no settings, or the model sees other channels than
  /// grey or red, green and blue.
  static func read(_ folder: ModelFolder, channels: Int, size: Graph.Patches.Extent) throws -> [String: String] {
    let path = "\(folder.path)/preprocessor_config.json"
    guard FilePath.isFile(path), channels == 1 || channels == 3 else { return [:] }
    let config = try FolderConfig(path: path)
    config.ignore([
      "image_processor_type", "feature_extractor_type", "processor_class", "do_convert_rgb", "_valid_processor_keys",
      "data_format", "input_data_format", "return_tensors", "default_to_square", "disable_grouping", "device",
      "crop_pct",
      "image_seq_length", "auto_map",
    ])
    try config.require("do_pad", .bool(false))
    config.ignore(["pad_size", "size_divisor"])
    var image = ImagePreparation(height: size.height, width: size.width, channels: channels)
    let isResized = try config.flag("do_resize", default: true)
    let isCropped = try config.flag("do_center_crop", default: false)
    if isCropped, let crop = try extent(config, "crop_size") {
      guard crop == .exact(height: size.height, width: size.width) else {
        throw config.wrongKind(
          "crop_size", config.value("crop_size") ?? .null, "the model's \(size.height) and \(size.width)")
      }
    } else {
      config.ignore(["crop_size"])
    }
    if isResized, let wanted = try extent(config, "size") {
      try check(wanted, isCropped: isCropped, size, config)
      if wanted != .exact(height: size.height, width: size.width) { image.resize = wanted }
    } else {
      config.ignore(["size"])
    }
    let filters: [ImagePreparation.Filter] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
    image.filter = filters[try config.integer("resample", 0...5, default: 2)]
    // Factors there are of pixels 0...255.
    let factor = try config.positive("rescale_factor", default: 1.0 / 255)
    image.scale = try config.flag("do_rescale", default: true) ? factor * 255 : 255
    let means = try numbers(config, "image_mean", channels)
    let deviations = try numbers(config, "image_std", channels)
    if try config.flag("do_normalize", default: true) {
      if let means { image.mean = means }
      if let deviations { image.deviation = deviations }
    }
    try config.checkAllRead(family: "image")
    return image.metadata
  }

  /// What is resized is at least what the model sees; without a crop it is that.
  private static func check(
    _ wanted: ImagePreparation.Resize, isCropped: Bool, _ size: Graph.Patches.Extent, _ config: FolderConfig
  ) throws {
    let isFit =
      switch wanted {
      case .exact(let height, let width):
        isCropped
          ? height >= size.height && width >= size.width : height == size.height && width == size.width
      case .shortest(let count): count >= max(size.height, size.width)
      }
    guard isFit else {
      throw config.wrongKind("size", config.value("size") ?? .null, "the model's \(size.height) and \(size.width)")
    }
  }

  /// A height and a width, or the shorter of both.
  private static func extent(_ config: FolderConfig, _ key: String) throws -> ImagePreparation.Resize? {
    let side = 1...16_384
    guard let value = config.value(key) else { return nil }
    if value.intValue != nil {
      let extent = try config.integer(key, side)
      return .exact(height: extent, width: extent)
    }
    guard let size = try config.object(key) else { return nil }
    if let shortest = try size.optionalInteger("shortest_edge", side) { return .shortest(shortest) }
    return .exact(height: try size.integer("height", side), width: try size.integer("width", side))
  }

  /// One number a channel.
  private static func numbers(_ config: FolderConfig, _ key: String, _ channels: Int) throws -> [Double]? {
    guard let value = config.value(key) else { return nil }
    let numbers = (value.elements ?? []).compactMap(\.doubleValue)
    guard numbers.count == channels, value.elements?.count == channels else {
      throw config.wrongKind(key, value, "a number for each of the \(channels) channels")
    }
    return numbers
  }
}
