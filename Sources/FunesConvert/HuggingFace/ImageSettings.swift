// SPDX-License-Identifier: Apache-2.0
// preprocessor_config.json: what an image goes through before it is a row, as metadata that whoever reads images follows.
//
//     row = (pixel · scale − mean) / std          pixel 0…255, of each channel

/// Reads the settings of an image processor.
enum ImageSettings {
  /// Metadata by key; none where the folder has no settings.
  static func read(_ folder: ModelFolder, channels: Int) throws -> [(String, String)] {
    let path = "\(folder.path)/preprocessor_config.json"
    guard ModelFolder.isFile(path) else { return [] }
    let config = try FolderConfig(path: path)
    config.ignore([
      "image_processor_type", "feature_extractor_type", "processor_class", "do_convert_rgb", "_valid_processor_keys",
      "data_format", "input_data_format", "return_tensors", "default_to_square", "disable_grouping", "device",
      "crop_pct",
      "image_seq_length", "auto_map",
    ])
    try config.require("do_pad", .bool(false))
    config.ignore(["pad_size", "size_divisor"])
    var settings: [(String, String)] = []
    if try config.flag("do_resize", default: true), let size = try extent(config, "size") {
      settings.append(("image.resize", size))
    } else {
      config.ignore(["size"])
    }
    let resample = try config.integer("resample", 0...5, default: 2)
    settings.append(("image.resample", ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"][resample]))
    if try config.flag("do_center_crop", default: false), let size = try extent(config, "crop_size") {
      settings.append(("image.crop", size))
    } else {
      config.ignore(["crop_size"])
    }
    let factor = try config.positive("rescale_factor", default: 1.0 / 255)
    if try config.flag("do_rescale", default: true) { settings.append(("image.scale", "\(factor)")) }
    let means = try numbers(config, "image_mean", channels)
    let deviations = try numbers(config, "image_std", channels)
    if try config.flag("do_normalize", default: true) {
      if let means { settings.append(("image.mean", means)) }
      if let deviations { settings.append(("image.std", deviations)) }
    }
    try config.checkAllRead(family: "image")
    settings.append(("image.channels", channels == 1 ? "grey" : "rgb"))
    settings.append(("image.layout", "planes"))
    return settings
  }

  /// `height width`, or `shortest` and a number.
  private static func extent(_ config: FolderConfig, _ key: String) throws -> String? {
    let side = 1...16_384
    guard let value = config.value(key) else { return nil }
    if value.intValue != nil {
      let extent = try config.integer(key, side)
      return "\(extent) \(extent)"
    }
    guard let size = try config.object(key) else { return nil }
    if let shortest = try size.optionalInteger("shortest_edge", side) { return "shortest \(shortest)" }
    return "\(try size.integer("height", side)) \(try size.integer("width", side))"
  }

  /// One number a channel, with blanks between.
  private static func numbers(_ config: FolderConfig, _ key: String, _ channels: Int) throws -> String? {
    guard let value = config.value(key) else { return nil }
    let numbers = (value.elements ?? []).compactMap(\.doubleValue)
    guard numbers.count == channels, value.elements?.count == channels else {
      throw config.wrongKind(key, value, "a number for each of the \(channels) channels")
    }
    return numbers.map { "\($0)" }.joined(separator: " ")
  }
}
