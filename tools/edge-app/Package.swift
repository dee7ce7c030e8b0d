// swift-tools-version: 6.1
// SPDX-License-Identifier: Apache-2.0
// An app that depends on Funes by version, as anybody's would. FUNES_URL names the repository; FUNES_THREADS=0 leaves
// the thread team out, and with it the OpenMP library.

import PackageDescription

let url = Context.environment["FUNES_URL"] ?? "file:///FUNES_URL/is/not/set/funes"
let traits: Set<Package.Dependency.Trait> = Context.environment["FUNES_THREADS"] == "0" ? [] : [.defaults]

let package = Package(
  name: "EdgeApp",
  dependencies: [
    .package(url: url, from: "0.2.0", traits: traits)
  ],
  targets: [
    .executableTarget(name: "EdgeApp", dependencies: [.product(name: "Funes", package: "funes")])
  ]
)
