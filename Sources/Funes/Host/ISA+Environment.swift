// SPDX-License-Identifier: Apache-2.0
// FUNES_ISA in the environment forces an instruction set on every session of a process that does not choose one.

#if !hasFeature(Embedded)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  extension ISA {
    /// What FUNES_ISA named when the process first asked; nil where it is not set, empty or `auto`.
    public static let environmentName: String? = {
      guard let value = getenv("FUNES_ISA") else { return nil }
      let name = String(cString: value)
      return name.isEmpty || name == "auto" ? nil : name
    }()

    /// What sessions use that choose none: FUNES_ISA of the environment, or the best that this machine has. Nil where
    /// FUNES_ISA names none that this machine and build have, which such a session refuses with `isaUnavailable`.
    public static let preferred: ISA? = {
      guard let environmentName else { return best }
      guard let isa = ISA(named: environmentName), isa.isAvailable else { return nil }
      return isa
    }()
  }
#endif
