// SPDX-License-Identifier: Apache-2.0
// From the unpacked lines of a PNG file to its picture: filters undone, samples widened, colours looked up, what is
// transparent laid over a background.

extension PNGFile {
  func image(_ background: RasterImage.Background) throws(ImageError) -> RasterImage {
    var bytes = try unpacked()
    try undoFilters(&bytes)
    let channels = colour == .grey || colour == .greyAlpha ? 1 : 3
    let maximum = colour == .palette ? 255 : 1 << depth - 1
    var samples: [UInt16] = []
    samples.reserveCapacity(width * height * channels)
    var pixel = [Int](repeating: 0, count: 4)
    for line in 0..<height {
      let start = line * (lineByteCount + 1) + 1
      for column in 0..<width {
        for part in 0..<samplesPerPixel { pixel[part] = sample(bytes, start, column * samplesPerPixel + part) }
        let alpha = try resolve(&pixel)
        let behind = background == .white ? maximum : 0
        for channel in 0..<channels {
          let sum = pixel[channel] * alpha + behind * (maximum - alpha)
          samples.append(UInt16(alpha == maximum ? pixel[channel] : (sum + maximum / 2) / maximum))
        }
      }
    }
    return RasterImage(width: width, height: height, channels: channels, maximum: maximum, samples: samples)
  }

  /// A sample of a line that begins at `start`.
  private func sample(_ bytes: [UInt8], _ start: Int, _ index: Int) -> Int {
    switch depth {
    case 16: return Int(bytes[start + 2 * index]) << 8 | Int(bytes[start + 2 * index + 1])
    case 8: return Int(bytes[start + index])
    default:
      // The leftmost pixel is in the highest bits.
      let bit = index * depth
      return Int(bytes[start + bit / 8]) >> (8 - depth - bit % 8) & (1 << depth - 1)
    }
  }

  /// Makes a pixel's samples grey or colours and returns its alpha, both up to the maximum.
  private func resolve(_ pixel: inout [Int]) throws(ImageError) -> Int {
    let maximum = 1 << depth - 1
    func isKey(_ channels: Int) -> Bool {
      !transparency.isEmpty
        && (0..<channels).allSatisfy {
          (Int(transparency[2 * $0]) << 8 | Int(transparency[2 * $0 + 1])) & maximum == pixel[$0]
        }
    }
    switch colour {
    case .grey: return isKey(1) ? 0 : maximum
    case .rgb: return isKey(3) ? 0 : maximum
    case .greyAlpha: return pixel[1]
    case .rgbAlpha: return pixel[3]
    case .palette:
      let index = pixel[0]
      guard 3 * index < palette.count else {
        throw .broken(
          what: "pixels", offset: 0, found: "colour \(index)", expected: "one of the palette's \(palette.count / 3)")
      }
      for channel in 0..<3 { pixel[channel] = Int(palette[3 * index + channel]) }
      return index < transparency.count ? Int(transparency[index]) : 255
    }
  }

  /// Each byte is a difference to a guess from the bytes of the pixel before it (a), of the line above (b), and of the
  /// one before that (c).
  private func undoFilters(_ bytes: inout [UInt8]) throws(ImageError) {
    let count = lineByteCount
    let step = max(1, samplesPerPixel * depth / 8)
    for line in 0..<height {
      let start = line * (count + 1) + 1
      let filter = bytes[start - 1]
      guard filter <= 4 else {
        throw .broken(what: "line \(line)", offset: 0, found: "filter \(filter)", expected: "0 to 4")
      }
      if filter == 0 { continue }
      for index in 0..<count {
        let a = index >= step ? Int(bytes[start + index - step]) : 0
        let b = line > 0 ? Int(bytes[start + index - count - 1]) : 0
        let c = line > 0 && index >= step ? Int(bytes[start + index - count - 1 - step]) : 0
        let guess =
          switch filter {
          case 1: a
          case 2: b
          case 3: (a + b) / 2
          default: Self.paeth(a, b, c)
          }
        bytes[start + index] &+= UInt8(truncatingIfNeeded: guess)
      }
    }
  }

  /// The neighbour that is closest to a + b − c; the first of equals.
  private static func paeth(_ a: Int, _ b: Int, _ c: Int) -> Int {
    let (left, above, corner) = (abs(b - c), abs(a - c), abs(a + b - 2 * c))
    return left <= above && left <= corner ? a : above <= corner ? b : c
  }
}
