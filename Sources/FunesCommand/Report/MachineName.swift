// SPDX-License-Identifier: Apache-2.0
// What the machine calls its processor, for figures that hold on it alone.

enum MachineName {
  /// The processor as Linux names it; nil where nothing does.
  static var processor: String? {
    guard let file = try? InputFile(path: "/proc/cpuinfo"), let bytes = try? file.reader().takeAll(upTo: 1 << 16)
    else { return nil }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].hasPrefix("model name") || parts[0].hasPrefix("Model") else { continue }
      let name = parts[1].drop { $0 == " " }
      return name.isEmpty ? nil : String(name)
    }
    return nil
  }
}
