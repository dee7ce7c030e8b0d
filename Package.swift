// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
  name: "Funes",
  products: [
    .library(name: "Funes", targets: ["Funes"]),
    .library(name: "FunesConvert", targets: ["FunesConvert"]),
    .library(name: "FunesC", type: .static, targets: ["FunesC"]),
    .executable(name: "funes", targets: ["FunesCommand"]),
  ],
  traits: [
    .default(enabledTraits: ["OpenMP"]),
    .trait(name: "OpenMP", description: "Spread large layers over threads through the OpenMP runtime."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(
      name: "CFunesKernels",
      cSettings: [.define("FUNES_OPENMP", .when(traits: ["OpenMP"]))],
      linkerSettings: [.linkedLibrary("omp5", .when(platforms: [.linux], traits: ["OpenMP"]))]
    ),
    .target(name: "Funes", dependencies: ["CFunesKernels"]),
    .systemLibrary(name: "CFunes", path: "Sources/FunesC/include"),
    .target(name: "FunesC", dependencies: ["CFunes", "Funes"], exclude: ["include", "allocation.h"]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CFunesReference"),
    .target(name: "FunesConvert", dependencies: ["CFunesKernels", "CFunesReference", "Funes", "CZlib"]),
    .target(name: "CFunesBandwidth"),
    .executableTarget(
      name: "FunesCommand",
      dependencies: [
        "CFunesBandwidth", "CFunesKernels", "Funes", "FunesConvert",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
    ),
    .testTarget(name: "CFunesKernelsTests", dependencies: ["CFunesKernels"]),
    .target(name: "FunesTestSupport", dependencies: ["FunesConvert"], path: "Tests/FunesTestSupport"),
    .executableTarget(
      name: "FixtureWriter", dependencies: ["Funes", "FunesConvert", "FunesTestSupport"], path: "Tests/FixtureWriter"),
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .executableTarget(
      name: "AllocationProof",
      dependencies: ["CAllocationCounter", "CFunes", "Funes", "FunesC", "FunesConvert", "FunesTestSupport"],
      path: "Tests/AllocationProof"),
    .testTarget(
      name: "FunesTests",
      dependencies: [
        "AllocationProof", "Funes", "FunesConvert", "FunesTestSupport", "CFunesKernels", "CFunesTestSupport",
      ]),
    .target(name: "CFunesTestSupport", path: "Tests/CFunesTestSupport"),
    .testTarget(
      name: "FunesConvertTests", dependencies: ["Funes", "FunesConvert", "FunesCommand", "FunesTestSupport"],
      exclude: ["Goldens", "HuggingFace/Fixtures"]),
    .testTarget(
      name: "FunesCTests", dependencies: ["CFunes", "Funes", "FunesC", "FunesConvert", "FunesTestSupport"]),
    .testTarget(name: "FunesCommandTests", dependencies: ["FunesCommand", "FunesConvert", "FunesTestSupport"]),
  ]
)
