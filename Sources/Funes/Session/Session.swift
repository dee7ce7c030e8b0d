// SPDX-License-Identifier: Apache-2.0
// All the mutable memory of one stream over a model: states, values, scratch, in one block. `step` neither allocates,
// locks nor throws.

import CFunesKernels

/// One stream over a `Model`: its hidden state, kept between calls, and everything a call writes to.
///
/// Many sessions may run over one model, each on one thread at a time. A session is not copied; take a snapshot to fork it.
/// Memory is one block of `Model.sessionByteCount(rows:threads:)` bytes, the session's own or the caller's.
public struct Session: ~Copyable {
  public let model: Model
  /// Most rows that one call may take.
  public let rowCapacity: Int
  /// The team asked for; results do not depend on it.
  public let threads: Int
  /// Rows run since the session began or was reset, over all programs; restored with a snapshot.
  public internal(set) var rowCount: UInt64 = 0

  /// Grows whenever states become other than a step makes them: a reset, a restored or written state, a program that
  /// resets. Between such events caches are only appended to.
  var epoch: UInt64 = 0
  /// The most rows that stood in an epoch before some were taken back: what was written beyond a rollback stays written.
  var highest: UInt64 = 0
  /// Grows with every rollback, so that a `Rewind` knows of those of another.
  var rollbackCount: UInt64 = 0

  let memory: UnsafeMutableRawPointer
  let ownsMemory: Bool
  let layout: SessionLayout
  @usableFromInline let plan: SessionPlan
  var context: funes_context
  /// Rows of each domain in the latest call.
  @usableFromInline var domainRows = InlineArray<16, Int32>(repeating: 0)
  /// The latest call was asked for the last row of each output.
  @usableFromInline var isLastRowOnly = false
  #if !hasFeature(Embedded)
    /// Keeps a file's bytes alive; never touched by a step.
    let file: ModelFile?
  #endif

  /// Makes a session, in memory of its own or in the caller's.
  ///
  /// - Parameters:
  ///   - rows: most rows of one call: 1 for streaming, more for chunks and prompts.
  ///   - threads: the team, fixed for the session's life. Layers below `FUNES_PARALLEL_BYTES` of weights stay on the
  ///     calling thread, and so do single steps of models below `FUNES_NEAR_BYTES`.
  ///   - isa: the instruction set; nil for the one that FUNES_ISA of the environment names, else for the best that the
  ///     machine has.
  ///   - unsafeMemory: where the session lives, at a multiple of 64, at least `sessionByteCount(rows:threads:)` bytes,
  ///     valid while the session is; nil to allocate, which builds without an operating system refuse.
  public init(
    _ model: Model, rows: Int = 1, threads: Int = 1, isa: ISA? = nil,
    unsafeMemory: UnsafeMutableRawBufferPointer? = nil
  ) throws(SessionError) {
    #if !hasFeature(Embedded)
      file = nil
    #endif
    (memory, ownsMemory, layout, context) = try Session.prepare(model, rows, threads, isa, unsafeMemory)
    self.model = model
    rowCapacity = rows
    self.threads = threads
    plan = Session.plan(model, layout, memory, rows)
    reset()
  }

  #if !hasFeature(Embedded)
    /// Makes a session over a file, which lives at least as long as the session.
    public init(_ file: ModelFile, rows: Int = 1, threads: Int = 1, isa: ISA? = nil) throws(SessionError) {
      self.file = file
      (memory, ownsMemory, layout, context) = try Session.prepare(file.model, rows, threads, isa, nil)
      model = file.model
      rowCapacity = rows
      self.threads = threads
      plan = Session.plan(model, layout, memory, rows)
      reset()
    }
  #endif

  deinit {
    if ownsMemory { Session.returnMemory(memory) }
  }

  private static func prepare(
    _ model: Model, _ rows: Int, _ threads: Int, _ isa: ISA?, _ given: UnsafeMutableRawBufferPointer?
  ) throws(SessionError) -> (UnsafeMutableRawPointer, Bool, SessionLayout, funes_context) {
    precondition(rows >= 1 && threads >= 1, "Session: rows and threads are at least 1")
    guard rows <= 1 << 24, threads <= 1024 else { throw .tooLarge }
    guard let needed = try? model.sessionByteCount(rows: rows, threads: threads) else { throw .tooLarge }
    guard let table = ISA.table(of: isa) else { throw .isaUnavailable }
    let memory: UnsafeMutableRawPointer
    if let given {
      guard given.count >= needed, let base = given.baseAddress else {
        throw .memoryTooSmall(found: given.count, expected: needed)
      }
      guard Int(bitPattern: base) & 63 == 0 else { throw .memoryMisaligned }
      memory = base
    } else {
      guard let taken = takeMemory(needed) else { throw .outOfMemory(byteCount: needed) }
      memory = taken
    }
    let layout = model.layout(rows: rows, threads: threads)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: needed)
    if threads > 1 { _ = funes_team_warm_up(Int32(threads)) }
    let context = funes_context(
      isa: table, threads: Int32(threads), turn: 0,
      is_near: model.count(.data) < Int(FUNES_NEAR_BYTES) ? 1 : 0,
      scratch: (memory + layout.scratch).assumingMemoryBound(to: UInt8.self),
      thread_scratch: (memory + layout.threadScratch).assumingMemoryBound(to: UInt8.self),
      thread_scratch_bytes: layout.threadScratchByteCount)
    return (memory, given == nil, layout, context)
  }

  private static func plan(
    _ model: Model, _ layout: SessionLayout, _ memory: UnsafeMutableRawPointer, _ rows: Int
  ) -> SessionPlan {
    let bases = SessionBases(
      states: memory + layout.states, fixedArena: memory + layout.fixedArena, rowArena: memory + layout.rowArena,
      rows: rows)
    return SessionPlan(model, at: memory, bases)
  }
}

/// Why a session could not be made.
public enum SessionError: Error, Equatable, Sendable {
  /// The caller's memory is smaller than the model needs, in bytes.
  case memoryTooSmall(found: Int, expected: Int)
  /// The caller's memory does not begin at a multiple of 64.
  case memoryMisaligned
  /// The machine or the build lacks the instruction set asked for.
  case isaUnavailable
  /// More rows or threads than a session can have, or more bytes than an address can reach.
  case tooLarge
  /// The system has not so many bytes.
  case outOfMemory(byteCount: Int)
}
