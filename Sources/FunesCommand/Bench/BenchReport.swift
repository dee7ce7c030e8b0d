// SPDX-License-Identifier: Apache-2.0
// What `funes bench` prints.

import CFunesBandwidth
import Funes
import FunesConvert

struct BenchReport {
  let shape: String
  let load: BenchLoad
  let times: StepTimes
  let threads: Int
  /// That take each step together.
  let streams: Int
  let isa: ISA
  /// Bytes of weights a second at the median step, and at most on this machine.
  let bytesPerSecond: Double
  let bandwidth: Double
  private var rowsPerSecond: Double { times.stepsPerSecond * Double(load.rows * streams) }
  var share: Double { bandwidth > 0 ? bytesPerSecond / bandwidth : 0 }

  init(shape: String, load: BenchLoad, times: StepTimes, threads: Int, streams: Int, isa: ISA) {
    self.shape = shape
    self.load = load
    self.times = times
    self.threads = threads
    self.streams = streams
    self.isa = isa
    bytesPerSecond = Double(load.weightByteCount) / (max(times.median, 1e-6) * 1e-6)
    bandwidth = funes_read_bandwidth(load.weightByteCount, Int32(threads), 0.1)
  }

  var json: JSONValue {
    .members([
      "shape": .string(shape), "program": .string(load.program.name), "threads": .integer(threads),
      "isa": .string(isa.name), "weights": .integer(load.weightBits), "activations": .integer(load.activationBits),
      "rows": .integer(load.rows),
      "streams": .integer(streams),
      "position": load.position.map { .integer($0) } ?? .null, "min_us": .number(times.minimum),
      "median_us": .number(times.median), "p99_us": .number(times.quantile(0.99)),
      "p999_us": .number(times.quantile(0.999)), "steps_per_second": .number(times.stepsPerSecond),
      "rows_per_second": .number(rowsPerSecond),
      "weight_bytes": .integer(load.weightByteCount), "bytes_per_second": .number(bytesPerSecond),
      "bandwidth_bytes_per_second": .number(bandwidth), "bandwidth_share": .number(share),
      "steps": .integer(times.stepCount), "steps_per_sample": .integer(times.stepsPerSample),
      "version": .string(Converter.version),
    ])
  }

  var text: String {
    var title =
      "\(shape): \(counted(load.weightByteCount, "byte")) of \(load.weightBits)-bit weights, \(load.activationBits)-bit activations, "
    title += "\(isa), \(counted(threads, "thread"))"
    if streams > 1 { title += ", \(streams) streams together" }
    if load.rows > 1 { title += ", \(load.rows) rows a step" }
    if let position = load.position { title += ", at position \(position)" }
    var samples = counted(times.stepCount, "step")
    if times.stepsPerSample > 1 { samples += ", \(times.stepsPerSample) a sample" }
    var table = TextTable(columns: [.left("  "), .right(""), .left("")])
    table.append(["  minimum", fixed(times.minimum, 3), "µs"])
    table.append(["  median", fixed(times.median, 3), "µs"])
    table.append(["  p99", fixed(times.quantile(0.99), 3), "µs"])
    table.append(["  p99.9", fixed(times.quantile(0.999), 3), "µs"])
    table.append(["  rate", fixed(times.stepsPerSecond, 0), "steps a second"])
    if load.rows * streams > 1 { table.append(["", fixed(rowsPerSecond, 0), "rows a second"]) }
    table.append([
      "  weights", fixed(bytesPerSecond * 1e-9, 1),
      "GB/s, \(fixed(share * 100, 0)) % of the \(fixed(bandwidth * 1e-9, 1)) GB/s that this machine reads",
    ])
    return ([title.withoutControls] + table.lines.dropFirst() + ["  \(samples)"]).joined(separator: "\n") + "\n"
  }

  private func fixed(_ value: Double, _ digits: Int) -> String { Decimal.fixed(value, digits: digits) }
}
