// SPDX-License-Identifier: Apache-2.0

import CFunes
import Funes
import FunesC
import FunesConvert
import FunesTestSupport
import Testing

/// Bad arguments and refused files: a status for each, never a trap.
@Suite struct CArgumentTests {
  let file: AlignedBytes

  init() throws { file = AlignedBytes(try Converter().convert(.everyOperator()).bytes) }

  @Test func nullPointersAreAnswered() {
    var model = funes_model()
    var error = funes_error()
    #expect(funes_model_open(nil, 128, &model, &error) == FUNES_BAD_ARGUMENT && error.status == FUNES_BAD_ARGUMENT)
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, nil, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_model_open(file.bytes.baseAddress, -1, &model, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_model_program_count(nil) == 0 && funes_model_state_count(nil) == 0)
    #expect(funes_model_program_name(nil, 0) == nil && funes_model_symbol(nil, 0, 0) == nil)
    #expect(funes_model_find_program(nil, "step") == -1 && funes_model_find_state(nil, "h") == -1)
    #expect(funes_model_session_byte_count(nil, 1, 1) == 0)
    var session: OpaquePointer?
    #expect(funes_session_open(nil, 1, 1, nil, 0, &session, nil) == FUNES_BAD_ARGUMENT)
    var x: [Float] = [0]
    #expect(funes_session_step(nil, x, &x) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_step_id(nil, 0, &x) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_input(nil, 0, 0) == nil && funes_session_input_ids(nil, 0, 0) == nil)
    #expect(funes_session_output(nil, 0, 0, nil) == nil && funes_session_run(nil, 0, 1, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_reset(nil) == FUNES_BAD_ARGUMENT && funes_session_row_count(nil) == 0)
    #expect(funes_session_snapshot_byte_count(nil) == 0)
    #expect(funes_session_snapshot(nil, &x, 4) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_restore(nil, x, 4, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_read_state(nil, 0, &x, 1) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_write_state(nil, 0, x, 1) == FUNES_BAD_ARGUMENT)
    funes_session_close(nil)
  }

  @Test func aModelThatWasNotOpenedIsNone() {
    var model = funes_model()
    #expect(funes_model_program_count(&model) == 0)
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK)
    #expect(funes_model_program_count(&model) == 2)
    #expect(funes_model_open(file.bytes.baseAddress, 100, &model, nil) == FUNES_TOO_SHORT)
    #expect(funes_model_program_count(&model) == 0)
  }

  @Test(arguments: [Int32.min, -1, 2, 100, Int32.max])
  func indicesOutOfRangeAreAnswered(index: Int32) {
    var model = funes_model()
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK)
    var port = funes_port()
    var state = funes_state()
    #expect(funes_model_program_name(&model, index) == nil)
    #expect(funes_model_input_count(&model, index) == 0 && funes_model_output_count(&model, index) == 0)
    #expect(funes_model_input(&model, 0, index, &port) == FUNES_BAD_ARGUMENT)
    #expect(funes_model_output(&model, index, 0, &port) == FUNES_BAD_ARGUMENT)
    if index < 0 || index > 50 { #expect(funes_model_state(&model, index, &state) == FUNES_BAD_ARGUMENT) }
    #expect(funes_model_symbol_count(&model, index) == 0 && funes_model_symbol(&model, index, 0) == nil)
    if index < 0 || index > 3 { #expect(funes_model_symbol(&model, 1, index) == nil) }
    var session: OpaquePointer?
    #expect(funes_session_open(&model, 1, 1, nil, 0, &session, nil) == FUNES_OK)
    defer { funes_session_close(session) }
    #expect(funes_session_input(session, 0, index) == nil && funes_session_input(session, index, 0) == nil)
    #expect(funes_session_input_ids(session, 0, index) == nil)
    var rows: Int32 = 7
    #expect(funes_session_output(session, 0, index, &rows) == nil && rows == 0)
    #expect(funes_session_run(session, index, 1, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_run(session, 0, index, nil) == FUNES_BAD_ARGUMENT)
    var values = [Float](repeating: 0, count: 400)
    #expect(funes_session_read_state(session, index, &values, 399) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_write_state(session, index, &values, 399) == FUNES_BAD_ARGUMENT)
  }

  @Test func theWrongSortOfInputIsAnswered() {
    var model = funes_model()
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK)
    var session: OpaquePointer?
    #expect(funes_session_open(&model, 1, 1, nil, 0, &session, nil) == FUNES_OK)
    defer { funes_session_close(session) }
    #expect(funes_session_input(session, 0, 1) == nil && funes_session_input_ids(session, 0, 0) == nil)
    // Two inputs, two outputs: not for `step`.
    var y = [Float](repeating: 0, count: 100)
    #expect(funes_session_step(session, y, &y) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_step_id(session, 0, &y) == FUNES_BAD_ARGUMENT)
    let counter = funes_model_find_state(&model, "phase")
    #expect(counter >= 0 && funes_session_read_state(session, counter, &y, 1) == FUNES_BAD_ARGUMENT)
  }

  @Test func sessionsThatCannotBeAreRefused() {
    var model = funes_model()
    #expect(funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK)
    var session: OpaquePointer?
    var error = funes_error()
    #expect(funes_session_open(&model, 0, 1, nil, 0, &session, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_open(&model, 1, -1, nil, 0, &session, nil) == FUNES_BAD_ARGUMENT)
    #expect(funes_session_open(&model, .max, 1, nil, 0, &session, nil) == FUNES_TOO_LARGE)
    #expect(funes_session_open(&model, 1, 1025, nil, 0, &session, nil) == FUNES_TOO_LARGE)
    #expect(funes_model_session_byte_count(&model, .max, 1) == 0 && funes_model_session_byte_count(&model, 0, 1) == 0)
    let needed = funes_model_session_byte_count(&model, 2, 1)
    let memory = AlignedBytes(count: needed + 64)
    let base = memory.bytes.baseAddress!
    #expect(funes_session_open(&model, 2, 1, base, needed - 1, &session, &error) == FUNES_MEMORY_TOO_SMALL)
    #expect(error.found == needed - 1 && error.expected == needed && session == nil)
    #expect(funes_session_open(&model, 2, 1, base + 32, needed, &session, nil) == FUNES_MEMORY_MISALIGNED)
    #expect(funes_session_open(&model, 2, 1, base, needed, &session, &error) == FUNES_OK && session != nil)
    #expect(error.status == FUNES_OK)
    funes_session_close(session)
  }

  @Test func aRefusedFileNamesThePlace() {
    var model = funes_model()
    var error = funes_error()
    let base = file.bytes.baseAddress!
    let count = file.bytes.count
    #expect(funes_model_open(base + 1, count - 1, &model, &error) == FUNES_MISALIGNED && error.found == 1)
    #expect(funes_model_open(base, count - 64, &model, &error) == FUNES_BAD_HEADER)
    #expect(error.rule == FUNES_RULE_FILE_BYTE_COUNT && error.found == count && error.expected == count - 64)
    file.bytes[count - 65] ^= 1
    #expect(funes_model_open(base, count, &model, &error) == FUNES_BAD_SECTION)
    #expect(error.rule == FUNES_RULE_CHECKSUM)
    #expect(withUnsafeBytes(of: error.section) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } == "DATA")
    file.bytes[0] = 0
    #expect(funes_model_open(base, count, &model, &error) == FUNES_NOT_A_FUNES_FILE && error.rule == FUNES_RULE_NONE)
  }

  @Test func rulesAndStatusesAreThoseOfTheRuntime() {
    #expect(Int(FUNES_RULE_GOLDEN.rawValue) == ModelError.Rule.allCases.count - 1)
    #expect(UInt8(FUNES_RULE_QMAX.rawValue) == ModelError.Rule.qmax.rawValue)
    #expect(UInt8(FUNES_RULE_ARITY.rawValue) == ModelError.Rule.arity.rawValue)
    #expect(UInt8(FUNES_RULE_GOLDEN.rawValue) == ModelError.Rule.golden.rawValue)
    #expect(String(cString: funes_status_text(FUNES_OK)) == "done")
    #expect(String(cString: funes_status_text(funes_status(999))) == "no status of this version")
  }
}
