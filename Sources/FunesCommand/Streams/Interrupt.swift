// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and a polite kill end a stream as the end of its input does: what is complete is written, the state is saved.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The signal that asked the command to end, if any.
enum Interrupt {
  /// SIGINT or SIGTERM, or 0; written by the handler alone.
  nonisolated(unsafe) private static var number: Int32 = 0

  static var isRequested: Bool { number != 0 }

  /// 128 plus the signal, as shells report it; nil where none came.
  static var exitCode: Int32? { number == 0 ? nil : 128 + number }

  /// From here on the first SIGINT or SIGTERM is noted and interrupts a waiting read; the second kills.
  static func watch() {
    // Without SA_RESTART, so that a read that waits returns.
    var action = sigaction()
    let note: @convention(c) (Int32) -> Void = { number in
      Interrupt.number = number
      signal(number, SIG_DFL)
    }
    #if canImport(Darwin)
      action.__sigaction_u.__sa_handler = note
    #else
      action.__sigaction_handler.sa_handler = note
    #endif
    var watched = sigset_t()
    sigemptyset(&watched)
    for signal in [SIGINT, SIGTERM] {
      sigaction(signal, &action, nil)
      sigaddset(&watched, signal)
    }
    // Who started the command may have blocked them.
    sigprocmask(SIG_UNBLOCK, &watched, nil)
  }

  /// From here on writing to a closed pipe is an error of the write and no signal.
  static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }
}
