// SPDX-License-Identifier: Apache-2.0
// Builds small checkpoint files byte by byte, so that a test can break exactly one rule.

import CZlib
import Foundation
import FunesTestSupport
import Testing

@testable import FunesConvert

/// Appends fields to a list of bytes, least significant byte first.
extension [UInt8] {
  mutating func append16(_ value: Int) { append(contentsOf: littleEndian(value, 2)) }
  mutating func append32(_ value: Int) { append(contentsOf: littleEndian(value, 4)) }
  mutating func append64(_ value: UInt64) {
    for shift in 0..<8 { append(UInt8(truncatingIfNeeded: value >> UInt64(8 * shift))) }
  }
}

func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

func bytes(of floats: [Float]) -> [UInt8] {
  floats.flatMap { littleEndian(Int($0.bitPattern), 4) }
}

/// A safetensors file: the header as it is given, then the data.
func safetensors(_ header: String, data: [UInt8] = [], headerCount: UInt64? = nil) -> [UInt8] {
  var file: [UInt8] = []
  file.append64(headerCount ?? UInt64(header.utf8.count))
  return file + Array(header.utf8) + data
}

/// A `.npy` array with a header as numpy writes it, or as it is given.
func npy(_ descr: String, _ shape: String, data: [UInt8], fortran: Bool = false, header: String? = nil) -> [UInt8] {
  var text =
    header ?? "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
  while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
  text += "\n"
  var file: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
  file.append16(text.utf8.count)
  return file + Array(text.utf8) + data
}

/// One member of a zip archive to be built; what is not nil overrides the truth.
struct ZipMember {
  var name: String
  var data: [UInt8]
  var isDeflated = false
  var method: Int?
  var flags = 0
  var checksum: UInt32?
  var byteCount: Int?
  var packedByteCount: Int?
  var headerOffset: Int?
  var localName: String?
  var isZip64 = false
}

/// A zip archive of these members.
func zip(_ members: [ZipMember], comment: [UInt8] = [], entryCount: Int? = nil, isZip64: Bool = false) -> [UInt8] {
  var file: [UInt8] = []
  var directory: [UInt8] = []
  for member in members {
    let packed = member.isDeflated ? deflated(member.data) : member.data
    let offset = member.headerOffset ?? file.count
    let checksum = Int(member.checksum ?? Inflate.checksum(member.data))
    let packedByteCount = member.packedByteCount ?? packed.count
    let byteCount = member.byteCount ?? member.data.count
    let method = member.method ?? (member.isDeflated ? 8 : 0)
    let localName = member.localName ?? member.name
    var common: [UInt8] = []
    common.append16(20)
    common.append16(member.flags)
    common.append16(method)
    common.append32(0)
    common.append32(checksum)
    if member.isZip64 {
      common.append32(0xffff_ffff)
      common.append32(0xffff_ffff)
    } else {
      common.append32(packedByteCount)
      common.append32(byteCount)
    }
    file.append32(0x0403_4b50)
    file += common
    file.append16(localName.utf8.count)
    file.append16(0)
    file += Array(localName.utf8) + packed

    var extra: [UInt8] = []
    if member.isZip64 {
      extra.append16(1)
      extra.append16(24)
      extra.append64(UInt64(byteCount))
      extra.append64(UInt64(packedByteCount))
      extra.append64(UInt64(offset))
    }
    directory.append32(0x0201_4b50)
    directory.append16(20)
    directory += common
    directory.append16(member.name.utf8.count)
    directory.append16(extra.count)
    directory.append16(0)
    directory += [UInt8](repeating: 0, count: 8)
    directory.append32(member.isZip64 ? 0xffff_ffff : offset)
    directory += Array(member.name.utf8) + extra
  }
  let directoryOffset = file.count
  file += directory
  let count = entryCount ?? members.count
  if isZip64 {
    let end64Offset = file.count
    file.append32(0x0606_4b50)
    file.append64(44)
    file.append16(45)
    file.append16(45)
    file.append32(0)
    file.append32(0)
    file.append64(UInt64(count))
    file.append64(UInt64(count))
    file.append64(UInt64(directory.count))
    file.append64(UInt64(directoryOffset))
    file.append32(0x0706_4b50)
    file.append32(0)
    file.append64(UInt64(end64Offset))
    file.append32(1)
  }
  file.append32(0x0605_4b50)
  file.append32(0)
  file.append16(isZip64 ? 0xffff : count)
  file.append16(isZip64 ? 0xffff : count)
  file.append32(isZip64 ? 0xffff_ffff : directory.count)
  file.append32(isZip64 ? 0xffff_ffff : directoryOffset)
  file.append16(comment.count)
  return file + comment
}

/// A raw deflate stream.
func deflated(_ data: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = data
  var output = [UInt8](repeating: 0, count: data.count + data.count / 1000 + 64)
  let capacity = output.count
  let count = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(capacity)
      deflate(&stream, Z_FINISH)
      return capacity - Int(stream.avail_out)
    }
  }
  return Array(output.prefix(count))
}

/// The error that reading a file in memory ends with, nil when it is read.
func refusal(_ bytes: [UInt8]) -> CheckpointError? {
  do throws(CheckpointError) {
    _ = try Checkpoint.read(bytes: bytes, name: "x")
    return nil
  } catch {
    expectBadDataExit(of: error)
    return error
  }
}

/// Reads a file and decodes every tensor as whatever it is; the error of the first that fails.
@discardableResult
func decodeEverything(_ bytes: [UInt8]) -> CheckpointError? {
  do throws(CheckpointError) {
    for tensor in try Checkpoint.read(bytes: bytes, name: "x").tensors {
      switch tensor.dtype {
      case .unicode, .byteString: _ = try tensor.strings()
      default: _ = try tensor.doubles()
      }
    }
    return nil
  } catch {
    return error
  }
}

/// Cuts a file at every byte and flips every bit of it, thinned in debug, and decodes whatever is still read. Returns how many cut files
/// were read all the same: none should be. Of the zeros of a large file, which are padding, one byte in sixteen is flipped.
func tortured(_ file: [UInt8]) -> Int {
  let cuts = stride(from: 0, to: file.count, by: thinning)
  let accepted = cuts.count { decodeEverything(Array(file[..<$0])) == nil }
  for bit in stride(from: 0, to: file.count * 8, by: thinning) {
    if file.count > 4096, file[bit / 8] == 0, bit / 8 % 16 != 0 { continue }
    var flipped = file
    flipped[bit / 8] ^= 1 << UInt8(bit % 8)
    decodeEverything(flipped)
  }
  return accepted
}
