// SPDX-License-Identifier: Apache-2.0
// What a model wants of a picture before it sees it: a size, channels, an order of values, and their scale. A recipe says
// it, the file's metadata keep it.

/// How a picture becomes a row: x = (sample · scale − mean) / deviation, samples in 0...1.
///
/// Pictures of the model's size are taken as they are. Others are made `resize`, by `filter`, and their middle is taken.
///
/// Metadata: `image.height`, `image.width`, `image.channels` (1 or 3), `image.layout` (`planes` or `pixels`), `image.scale`, `image.mean`
/// and `image.std`; these two hold one number, or one a channel, parted by blanks. `image.resize` is a height and a width, or
/// `shortest` and a number, `image.resample` a filter.
public struct ImagePreparation: Equatable, Sendable {
  public var height: Int
  public var width: Int
  /// 1 for grey, 3 for red, green and blue.
  public var channels: Int
  /// Values in the order (height, width, channels) rather than (channels, height, width).
  public var isInterleaved = false
  /// What full brightness becomes before the mean is taken away.
  public var scale = 1.0
  /// One a channel, or one for all.
  public var mean = [0.0]
  public var deviation = [1.0]
  /// What a picture of another size is made first; nil for the model's own.
  public var resize: Resize?
  public var filter = Filter.bilinear

  /// A size, of which the model sees the middle where it is more.
  public enum Resize: Equatable, Sendable {
    case exact(height: Int, width: Int)
    /// The shorter side gets so many, proportions are kept.
    case shortest(Int)
  }

  /// How pixels become others, by the names of Pillow; the new ones are weighted means of all that lie near.
  public enum Filter: String, Equatable, Sendable, CaseIterable {
    case nearest, box, bilinear, hamming, bicubic, lanczos
  }

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Values of a row.
  public var count: Int { height * width * channels }

  /// Most lines or columns.
  static let extentLimit = 1 << 14
  private static let prefix = "image."

  public var metadata: [String: String] {
    let numbers = { (all: [Double]) in all.map { "\($0)" }.joined(separator: " ") }
    var metadata = [
      "image.height": "\(height)", "image.width": "\(width)", "image.channels": "\(channels)",
      "image.layout": isInterleaved ? "pixels" : "planes", "image.scale": "\(scale)", "image.mean": numbers(mean),
      "image.std": numbers(deviation),
    ]
    switch resize {
    case .exact(let height, let width): metadata["image.resize"] = "\(height) \(width)"
    case .shortest(let count): metadata["image.resize"] = "shortest \(count)"
    case nil: break
    }
    if filter != .bilinear { metadata["image.resample"] = filter.rawValue }
    return metadata
  }

  /// What a model's metadata say; nil where they say nothing of pictures.
  package init?(metadata: [(key: String, value: String)]) throws(ImageError) {
    let own = metadata.filter { $0.key.hasPrefix(Self.prefix) }
    if own.isEmpty { return nil }
    let known = ImagePreparation(height: 1, width: 1, channels: 1).metadata.keys + ["image.resize", "image.resample"]
    for (key, value) in own where !known.contains(key) {
      throw .metadata(key: key, found: value, expected: "a key of pictures")
    }
    func text(_ key: String) -> String? { own.first { $0.key == key }?.value }
    func whole(_ key: String, _ range: ClosedRange<Int>) throws(ImageError) -> Int {
      guard let found = text(key), let number = Int(found), range.contains(number) else {
        throw .metadata(
          key: key, found: text(key), expected: "a whole number of \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    height = try whole("image.height", 1...Self.extentLimit)
    width = try whole("image.width", 1...Self.extentLimit)
    channels = try whole("image.channels", 1...3)
    guard channels != 2 else { throw .metadata(key: "image.channels", found: "2", expected: "1 or 3") }
    switch text("image.layout") {
    case "planes", nil: isInterleaved = false
    case "pixels": isInterleaved = true
    case let other: throw .metadata(key: "image.layout", found: other, expected: "planes or pixels")
    }
    func numbers(_ key: String, _ usual: [Double], _ count: Int) throws(ImageError) -> [Double] {
      guard let found = text(key) else { return usual }
      let all = found.split(separator: " ").map { Double($0) }
      guard all.count == 1 || all.count == count, all.allSatisfy({ $0 != nil && $0!.magnitude <= 0x1p50 }) else {
        throw .metadata(key: key, found: found, expected: "a number, or one for each of \(count) channels")
      }
      return all.compactMap(\.self)
    }
    scale = try numbers("image.scale", [1], 1)[0]
    mean = try numbers("image.mean", [0], channels)
    deviation = try numbers("image.std", [1], channels)
    if let found = text("image.resample") {
      guard let known = Filter(rawValue: found) else {
        throw .metadata(
          key: "image.resample", found: found, expected: Filter.allCases.map(\.rawValue).joined(separator: " "))
      }
      filter = known
    }
    if let found = text("image.resize") { resize = try Self.resize(found, height, width) }
    guard deviation.allSatisfy({ $0 >= 0x1p-50 }) else {
      throw .metadata(key: "image.std", found: text("image.std"), expected: "numbers above 0")
    }
  }

  private static func resize(_ text: String, _ height: Int, _ width: Int) throws(ImageError) -> Resize {
    let words = text.split(separator: " ")
    let range = 1...extentLimit
    if words.count == 2, words[0] == "shortest", let count = Int(words[1]), range.contains(count),
      count >= max(height, width)
    {
      return .shortest(count)
    }
    let numbers = words.compactMap { Int($0) }
    guard words.count == 2, numbers.count == 2, numbers.allSatisfy(range.contains), numbers[0] >= height,
      numbers[1] >= width
    else {
      throw .metadata(
        key: "image.resize", found: text,
        expected:
          "a height and a width of at least \(height) and \(width), or shortest and a number of at least as many")
    }
    return .exact(height: numbers[0], width: numbers[1])
  }

  /// What a picture is made before its middle is taken.
  private func size(for image: RasterImage) -> (height: Int, width: Int) {
    switch resize {
    case nil: return (height, width)
    case .exact(let height, let width): return (height, width)
    case .shortest(let count):
      let short = min(image.height, image.width)
      return (count * image.height / short, count * image.width / short)
    }
  }

  /// The row of a picture, which must have the model's size unless it may be made to have it.
  package func row(of image: RasterImage, isResizing: Bool) throws(ImageError) -> [Float] {
    guard isResizing || (image.width == width && image.height == height) else {
      throw .size(width: image.width, height: image.height, expectedWidth: width, expectedHeight: height)
    }
    if image.width == width, image.height == height {
      return row(of: (0..<channels).map { image.plane($0, of: channels, width: width, height: height, filter) })
    }
    let size = size(for: image)
    try RasterImage.check(width: size.width, height: size.height)
    let (top, left) = ((size.height - height) / 2, (size.width - width) / 2)
    let planes = (0..<channels).map { channel in
      let whole = image.plane(channel, of: channels, width: size.width, height: size.height, filter)
      return (top..<top + height).flatMap { y in
        let begin = y * size.width + left
        return whole[begin..<begin + width]
      }
    }
    return row(of: planes)
  }

  /// The row of samples 0...255 that are in the model's own order already.
  package func row(ofBytes samples: some Collection<Float>) -> [Float] {
    samples.enumerated().map { index, sample in
      let channel = isInterleaved ? index % channels : index / (height * width)
      return prepared(Double(sample) / 255, channel)
    }
  }

  private func row(of planes: [[Float]]) -> [Float] {
    let pixels = height * width
    return (0..<count).map { index in
      let channel = isInterleaved ? index % channels : index / pixels
      return prepared(Double(planes[channel][isInterleaved ? index / channels : index % pixels]), channel)
    }
  }

  private func prepared(_ sample: Double, _ channel: Int) -> Float {
    let (mean, deviation) = (mean[min(channel, mean.count - 1)], deviation[min(channel, deviation.count - 1)])
    return Float((sample * scale - mean) / deviation)
  }
}
