// SPDX-License-Identifier: Apache-2.0

import CFunes
import Funes
import FunesC
import FunesConvert
import FunesTestSupport
import Testing

@Suite struct CInterfaceTests {
  let file: AlignedBytes
  var model = funes_model()

  init() throws {
    file = AlignedBytes(try Converter().convert(.everyOperator()).bytes)
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK)
  }

  func opened(rows: Int32 = 1, threads: Int32 = 1) -> OpaquePointer {
    var session: OpaquePointer?
    var model = model
    #expect(funes_session_open(&model, rows, threads, nil, 0, &session, nil) == FUNES_OK)
    return session!
  }

  @Test func aModelSaysWhatItHolds() {
    var model = model
    #expect(funes_model_program_count(&model) == 2)
    #expect(String(cString: funes_model_program_name(&model, 1)) == "encode")
    #expect(funes_model_find_program(&model, "encode") == 1)
    #expect(funes_model_find_program(&model, "encod") == -1)
    #expect(funes_model_input_count(&model, 0) == 2 && funes_model_output_count(&model, 0) == 2)
    var port = funes_port()
    #expect(funes_model_input(&model, 0, 1, &port) == FUNES_OK)
    #expect(String(cString: port.name) == "ids" && port.classes == 4 && port.width == 1 && port.text == 1)
    #expect(funes_model_symbol_count(&model, port.text) == 4)
    #expect(String(cString: funes_model_symbol(&model, port.text, 2)) == "ü")
    #expect(funes_model_input(&model, 1, 0, &port) == FUNES_OK)
    #expect(port.rank == 2 && port.shape == (2, 3, 1) && port.width == 6 && port.classes == 0 && port.text == -1)
    #expect(funes_model_output(&model, 0, 1, &port) == FUNES_OK && port.domain == 2)
    let index = funes_model_find_state(&model, "lstm.cell")
    var state = funes_state()
    #expect(funes_model_state(&model, index, &state) == FUNES_OK)
    #expect(String(cString: state.name) == "lstm.cell" && state.kind == 2 && state.lanes == 1 && state.width == 18)
  }

  @Test func rowsHaveTheBitsOfASession() throws {
    var reference = try Session(try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes)), rows: 5)
    let session = opened(rows: 5)
    defer { funes_session_close(session) }
    for call in 0..<4 {
      for program in 0..<Int32(2) {
        reference.fillInputs(of: Int(program), rows: 5, seed: UInt64(call))
        copyInputs(of: program, from: &reference, to: session)
        let result = reference.run(Int(program), rows: 5)
        var rows: Int32 = 0
        #expect(funes_session_run(session, program, 5, &rows).rawValue == UInt32(result.status.rawValue))
        #expect(Int(rows) == result.rows)
        for output in 0..<Int32(2) {
          let expected = reference.unsafeOutput(Int(output), of: Int(program)).map(\.bitPattern)
          let values = funes_session_output(session, program, output, &rows)!
          #expect(Int(rows) == reference.outputRows(Int(output), of: Int(program)))
          let found = UnsafeBufferPointer(start: values, count: expected.count).map(\.bitPattern)
          #expect(found == expected)
        }
      }
    }
    #expect(funes_session_row_count(session) == reference.rowCount)
    var saved = [UInt8](repeating: 0, count: funes_session_snapshot_byte_count(session))
    #expect(funes_session_snapshot(session, &saved, saved.count) == FUNES_OK)
    #expect(funes_session_restore(session, saved, saved.count, nil) == FUNES_OK)
    try reference.restore(from: saved.span)
  }

  @Test func theLastRowHasTheBitsOfASession() throws {
    var reference = try Session(try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes)), rows: 5)
    let session = opened(rows: 5)
    defer { funes_session_close(session) }
    reference.fillInputs(of: 0, rows: 5, seed: 1)
    copyInputs(of: 0, from: &reference, to: session)
    #expect(reference.run(rows: 5, outputs: .last).rows == 5)
    var rows: Int32 = 0
    #expect(funes_session_run_last(session, 0, 6, &rows) == FUNES_BAD_ARGUMENT && rows == 0)
    #expect(funes_session_run_last(session, 0, 5, &rows) == FUNES_OK && rows == 5)
    let values = funes_session_output(session, 0, 0, &rows)!
    #expect(rows == 1)
    let found = UnsafeBufferPointer(start: values, count: reference.outputWidth()).map(\.bitPattern)
    #expect(found == reference.unsafeOutput().map(\.bitPattern))
  }

  @Test func stepsAreTakenBack() throws {
    var model = model
    let session = opened()
    let other = opened(rows: 2)
    defer {
      funes_session_close(session)
      funes_session_close(other)
    }
    let ids = funes_session_input_ids(session, 0, 1)!
    var rewind: OpaquePointer?
    let needed = funes_rewind_byte_count(&model, 3)
    let memory = AlignedBytes(count: needed)
    var error = funes_error()
    #expect(
      funes_rewind_open(session, 3, memory.bytes.baseAddress, needed - 1, &rewind, &error) == FUNES_MEMORY_TOO_SMALL)
    #expect(error.expected == needed && rewind == nil)
    #expect(funes_rewind_open(session, 3, memory.bytes.baseAddress, needed, &rewind, &error) == FUNES_OK)
    for id in 0..<2 as Range<Int32> {
      ids[0] = id
      #expect(funes_session_run(session, 0, 1, nil) == FUNES_OK && funes_rewind_record(rewind) == FUNES_OK)
    }
    #expect(funes_rewind_step_count(rewind) == 2 && funes_session_take_states(other, session) == FUNES_OK)
    let saved = snapshot(session)
    #expect(snapshot(other) == saved)
    ids[0] = 3
    #expect(funes_session_run(session, 0, 1, nil) == FUNES_OK && funes_rewind_record(rewind) == FUNES_OK)
    #expect(funes_rewind_back(rewind, 4, &error) == FUNES_NOT_RECORDED && error.found == 4 && error.expected == 3)
    #expect(funes_rewind_back(rewind, 1, &error) == FUNES_OK && funes_session_row_count(session) == 2)
    #expect(
      funes_session_run(session, 1, 1, nil) == FUNES_OK && funes_rewind_back(rewind, 0, &error) == FUNES_BEGUN_AFRESH)
    #expect(funes_rewind_open(session, 0, nil, 0, &rewind, nil) == FUNES_BAD_ARGUMENT && rewind == nil)
    #expect(funes_rewind_record(nil) == FUNES_BAD_ARGUMENT && funes_rewind_step_count(nil) == 0)
    #expect(funes_session_take_states(session, session) == FUNES_BAD_ARGUMENT)
    #expect(funes_rewind_open(session, 2, nil, 0, &rewind, nil) == FUNES_OK)
    funes_rewind_close(rewind)
    #expect(funes_rewind_back(nil, 0, nil) == FUNES_BAD_ARGUMENT)
  }

  private func snapshot(_ session: OpaquePointer) -> [UInt8] {
    var saved = [UInt8](repeating: 0, count: funes_session_snapshot_byte_count(session))
    #expect(funes_session_snapshot(session, &saved, saved.count) == FUNES_OK)
    return saved
  }

  @Test func aSnapshotSaysWhatIsStillToBeFed() throws {
    let session = try Session(try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes)))
    var saved = [UInt8](repeating: 0, count: session.snapshotByteCount)
    session.snapshot(into: saved.mutableSpan)
    #expect(funes_snapshot_pending_id(saved, saved.count) == -1)
    session.snapshot(into: saved.mutableSpan, pendingID: 3)
    #expect(funes_snapshot_pending_id(saved, saved.count) == 3 && funes_snapshot_pending_id(saved, 63) == -1)
    #expect(funes_snapshot_pending_id(nil, 64) == -1)
  }

  func copyInputs(of program: Int32, from reference: inout Session, to session: OpaquePointer) {
    for input in 0..<Int32(reference.inputCount(of: Int(program))) {
      if reference.inputClasses(Int(input), of: Int(program)) > 0 {
        let ids = reference.unsafeInputIDs(Int(input), of: Int(program))
        let target = funes_session_input_ids(session, program, input)!
        for index in ids.indices { target[index] = ids[index] }
      } else {
        let values = reference.unsafeInput(Int(input), of: Int(program))
        let target = funes_session_input(session, program, input)!
        for index in values.indices { target[index] = values[index] }
      }
    }
  }

  @Test func stepHasTheBitsOfASession() throws {
    let file = AlignedBytes(try Converter().convert(.streaming(.lstm, inputs: 7, units: 20, outputs: 3)).bytes)
    var reference = try Session(try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes)))
    var model = funes_model()
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK)
    let memory = AlignedBytes(count: funes_model_session_byte_count(&model, 1, 1))
    var session: OpaquePointer?
    let bytes = memory.bytes
    #expect(funes_session_open(&model, 1, 1, bytes.baseAddress, bytes.count, &session, nil) == FUNES_OK)
    model = funes_model()  // A session does not need it.
    var numbers = TestNumbers(seed: 3)
    for _ in 0..<50 {
      let x = numbers.floats(7)
      var y = [Float](repeating: 0, count: 3)
      var expected = y
      #expect(reference.step(x.span, into: expected.mutableSpan) == .ok)
      #expect(funes_session_step(session, x, &y) == FUNES_OK)
      #expect(y.map(\.bitPattern) == expected.map(\.bitPattern))
    }
    let before = [Float](repeating: 9, count: 3)
    var y = before
    #expect(funes_session_step(session, [.nan, 0, 0, 0, 0, 0, 0], &y) == FUNES_NOT_FINITE && y == before)
    funes_session_close(session)
    #expect(funes_session_step(session, before, &y) == FUNES_BAD_ARGUMENT)
  }

  @Test func stateIsReadWrittenSavedAndRestored() {
    var model = model
    let session = opened()
    defer { funes_session_close(session) }
    funes_session_input_ids(session, 0, 1)![0] = 2
    #expect(funes_session_run(session, 0, 1, nil) == FUNES_OK)
    var saved = [UInt8](repeating: 0, count: funes_session_snapshot_byte_count(session))
    #expect(funes_session_snapshot(session, &saved, saved.count) == FUNES_OK)
    let index = funes_model_find_state(&model, "gru.hidden")
    var before = [Float](repeating: 0, count: 17)
    #expect(funes_session_read_state(session, index, &before, 17) == FUNES_OK)
    #expect(before.contains { $0 != 0 })
    #expect(funes_session_write_state(session, index, [Float](repeating: 0.5, count: 17), 17) == FUNES_OK)
    #expect(
      funes_session_write_state(session, index, [Float](repeating: .infinity, count: 17), 17) == FUNES_STATE_VALUE)
    var after = before
    #expect(
      funes_session_read_state(session, index, &after, 17) == FUNES_OK && after == [Float](repeating: 0.5, count: 17))
    #expect(funes_session_reset(session) == FUNES_OK && funes_session_row_count(session) == 0)
    #expect(funes_session_restore(session, saved, saved.count, nil) == FUNES_OK)
    #expect(funes_session_read_state(session, index, &after, 17) == FUNES_OK && after == before)
    #expect(funes_session_row_count(session) == 1)
    var error = funes_error()
    #expect(funes_session_restore(session, saved, 3, &error) == FUNES_SNAPSHOT_BYTE_COUNT)
    #expect(error.found == 3 && error.expected == saved.count)
    saved[70] ^= 1
    #expect(funes_session_restore(session, saved, saved.count, &error) == FUNES_SNAPSHOT_DAMAGED)
    #expect(error.status == FUNES_SNAPSHOT_DAMAGED)
  }

  @Test func anIDOutOfRangeEndsTheCallBeforeIt() {
    let session = opened(rows: 3)
    defer { funes_session_close(session) }
    let ids = funes_session_input_ids(session, 0, 1)!
    (ids[0], ids[1], ids[2]) = (1, 4, 2)
    var rows: Int32 = -1
    #expect(funes_session_run(session, 0, 3, &rows) == FUNES_ID_OUT_OF_RANGE && rows == 1)
  }
}
