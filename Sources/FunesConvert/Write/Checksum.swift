// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli) of sections and headers, by the function that the runtime checks them with.

import CFunesKernels

enum Checksum {
  static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress, $0.count) }
  }
}
