// SPDX-License-Identifier: Apache-2.0
// The order of weights in the file: tiles of 16 rows × 4 columns, gates of a unit block side by side, so that every
// instruction set reads them straight from the mapped file.

/// Places of a packed plane (rows, cols) of G groups. FORMAT.md, section CONS.
///
///     units = rows / G,  blocks = ⌈units / 16⌉,  quads = ⌈cols / 4⌉,  P = 16 G blocks
///     tile(block, quad, gate) at ((block · quads + quad) · G + gate) · 64,  byte lane · 4 + column
///     padded row (block · G + gate) · 16 + lane  =  row gate · units + block · 16 + lane
struct TilePacker: Equatable {
  var rows: Int
  var cols: Int
  var groups: Int

  init(rows: Int, cols: Int, groups: Int) {
    precondition(groups >= 1 && rows % groups == 0, "TilePacker: groups do not divide rows")
    self.rows = rows
    self.cols = cols
    self.groups = groups
  }

  var units: Int { rows / groups }
  var blocks: Int { roundUp(units, to: 16) / 16 }
  var quads: Int { roundUp(cols, to: 4) / 4 }
  var paddedRows: Int { 16 * groups * blocks }
  /// Of one plane.
  var tileByteCount: Int { 64 * groups * blocks * quads }

  func paddedRow(_ row: Int) -> Int {
    let (gate, unit) = row.quotientAndRemainder(dividingBy: units)
    return (unit / 16 * groups + gate) * 16 + unit % 16
  }

  /// Where the weight of a row and column lies in the tiles.
  func offset(row: Int, col: Int) -> Int {
    let (gate, unit) = row.quotientAndRemainder(dividingBy: units)
    return ((unit / 16 * quads + col / 4) * groups + gate) * 64 + unit % 16 * 4 + col % 4
  }

  /// Bytes of the matrix in the file: tiles of its planes, scales, row sums of its planes, equalizer.
  func byteCount(planes: Int, hasEqualizer: Bool) -> Int {
    equalizerOffset(planes: planes) + (hasEqualizer ? roundUp(16 * quads, to: 64) : 0)
  }

  private func equalizerOffset(planes: Int) -> Int { planes * (tileByteCount + 4 * paddedRows) + 4 * paddedRows }

  /// Values of the logical rows in padded row order, zero in between.
  func padded<T: AdditiveArithmetic>(_ values: [T]) -> [T] {
    var padded = [T](repeating: .zero, count: paddedRows)
    for row in 0..<rows { padded[paddedRow(row)] = values[row] }
    return padded
  }
}

extension TilePacker {
  init(_ matrix: QuantizedMatrix) {
    self.init(rows: matrix.rows, cols: matrix.cols, groups: matrix.groups)
  }

  /// Appends a matrix as the file holds it.
  static func append(_ matrix: QuantizedMatrix, to writer: inout ByteWriter) {
    let packer = TilePacker(matrix)
    for plane in matrix.planes { packer.append(plane, to: &writer) }
    for scale in packer.padded(matrix.scales) { writer.append(scale) }
    for plane in matrix.planes {
      for sum in packer.padded(matrix.rowSums(of: plane)) { writer.append(sum) }
    }
    if let equalizer = matrix.equalizer {
      for column in equalizer { writer.append(column) }
      writer.zeros(roundUp(16 * packer.quads, to: 64) - 4 * equalizer.count)
    }
  }

  /// Appends the tiles of one plane.
  private func append(_ plane: [Int8], to writer: inout ByteWriter) {
    let stepOfQuad = groups * 64
    writer.append(count: tileByteCount) { tiles in
      plane.withUnsafeBufferPointer { weights in
        for row in 0..<rows {
          var offset = offset(row: row, col: 0)
          for col in stride(from: 0, to: cols, by: 4) {
            for column in 0..<min(4, cols - col) {
              tiles[offset + column] = UInt8(bitPattern: weights[row * cols + col + column])
            }
            offset += stepOfQuad
          }
        }
      }
    }
  }

  /// The matrix that `append` wrote, without what the tiles do not hold (activations, energies); pads are not read.
  func unpacked(_ bytes: UnsafeRawBufferPointer, planes: Int, hasEqualizer: Bool) -> QuantizedMatrix {
    precondition(
      bytes.count >= byteCount(planes: planes, hasEqualizer: hasEqualizer), "TilePacker.unpacked: too few bytes")
    func float(_ offset: Int) -> Float {
      Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
    let equalizer = equalizerOffset(planes: planes)
    return QuantizedMatrix(
      rows: rows, cols: cols, groups: groups, weights: plane(0, of: bytes),
      low: planes == 2 ? plane(1, of: bytes) : nil,
      scales: (0..<rows).map { float(planes * tileByteCount + 4 * paddedRow($0)) },
      equalizer: hasEqualizer ? (0..<cols).map { float(equalizer + 4 * $0) } : nil, activationPlanes: 0, qmax: 0,
      signalEnergy: 0, errorEnergy: 0)
  }

  /// The weights of one plane (rows, cols).
  private func plane(_ index: Int, of bytes: UnsafeRawBufferPointer) -> [Int8] {
    let (first, stepOfQuad) = (index * tileByteCount, groups * 64)
    return [Int8](unsafeUninitializedCapacity: rows * cols) { weights, count in
      for row in 0..<rows {
        var offset = first + self.offset(row: row, col: 0)
        for col in stride(from: 0, to: cols, by: 4) {
          for column in 0..<min(4, cols - col) {
            weights.initializeElement(at: row * cols + col + column, to: Int8(bitPattern: bytes[offset + column]))
          }
          offset += stepOfQuad
        }
      }
      count = rows * cols
    }
  }
}
