// SPDX-License-Identifier: Apache-2.0
// The part of funes.h that opens a model and says what it holds.

import CFunes
import Funes

@c @implementation
public func funes_model_open(
  _ bytes: UnsafeRawPointer?, _ byteCount: Int, _ model: UnsafeMutablePointer<funes_model>?,
  _ error: UnsafeMutablePointer<funes_error>?
) -> funes_status {
  guard let model, byteCount >= 0 else { return funes_error(FUNES_BAD_ARGUMENT).report(to: error) }
  precondition(MemoryLayout<ModelBox>.size <= MemoryLayout<funes_model>.size, "funes_model is too small")
  model.pointee = funes_model()
  guard let bytes else { return funes_error(FUNES_BAD_ARGUMENT).report(to: error) }
  do throws(ModelError) {
    let opened = try Model(unsafeBytes: UnsafeRawBufferPointer(start: bytes, count: byteCount))
    UnsafeMutableRawPointer(model).bindMemory(to: ModelBox.self, capacity: 1).initialize(to: ModelBox(model: opened))
    return funes_error(FUNES_OK).report(to: error)
  } catch let refusal {
    return funes_error(refusal).report(to: error)
  }
}

@c @implementation
public func funes_model_program_count(_ model: UnsafePointer<funes_model>?) -> Int32 {
  Int32(opened(model)?.programCount ?? 0)
}

@c @implementation
public func funes_model_program_name(_ model: UnsafePointer<funes_model>?, _ program: Int32) -> UnsafePointer<CChar>? {
  guard let model = opened(model), model.has(program: program) else { return nil }
  return model.unsafeProgramName(Int(program))
}

@c @implementation
public func funes_model_find_program(_ model: UnsafePointer<funes_model>?, _ name: UnsafePointer<CChar>?) -> Int32 {
  guard let model = opened(model), let name else { return -1 }
  for program in 0..<model.programCount where areEqual(model.unsafeProgramName(program), name) { return Int32(program) }
  return -1
}

@c @implementation
public func funes_model_input_count(_ model: UnsafePointer<funes_model>?, _ program: Int32) -> Int32 {
  guard let model = opened(model), model.has(program: program) else { return 0 }
  return Int32(model.inputCount(of: Int(program)))
}

@c @implementation
public func funes_model_output_count(_ model: UnsafePointer<funes_model>?, _ program: Int32) -> Int32 {
  guard let model = opened(model), model.has(program: program) else { return 0 }
  return Int32(model.outputCount(of: Int(program)))
}

@c @implementation
public func funes_model_input(
  _ model: UnsafePointer<funes_model>?, _ program: Int32, _ index: Int32, _ port: UnsafeMutablePointer<funes_port>?
) -> funes_status {
  guard let model = opened(model), let port, model.has(input: index, of: program) else { return FUNES_BAD_ARGUMENT }
  port.pointee = funes_port(model.inputShape(Int(index), of: Int(program)))
  return FUNES_OK
}

@c @implementation
public func funes_model_output(
  _ model: UnsafePointer<funes_model>?, _ program: Int32, _ index: Int32, _ port: UnsafeMutablePointer<funes_port>?
) -> funes_status {
  guard let model = opened(model), let port, model.has(output: index, of: program) else { return FUNES_BAD_ARGUMENT }
  port.pointee = funes_port(model.outputShape(Int(index), of: Int(program)))
  return FUNES_OK
}

@c @implementation
public func funes_model_state_count(_ model: UnsafePointer<funes_model>?) -> Int32 {
  Int32(opened(model)?.stateCount ?? 0)
}

@c @implementation
public func funes_model_state(
  _ model: UnsafePointer<funes_model>?, _ index: Int32, _ state: UnsafeMutablePointer<funes_state>?
) -> funes_status {
  guard let model = opened(model), let state, index >= 0, Int(index) < model.stateCount else {
    return FUNES_BAD_ARGUMENT
  }
  let shape = model.stateShape(Int(index))
  state.pointee = funes_state(
    name: shape.unsafeName, kind: Int32(shape.kind), lanes: Int32(shape.lanes), width: Int32(shape.width))
  return FUNES_OK
}

@c @implementation
public func funes_model_find_state(_ model: UnsafePointer<funes_model>?, _ name: UnsafePointer<CChar>?) -> Int32 {
  guard let model = opened(model), let name else { return -1 }
  for index in 0..<model.stateCount where areEqual(model.stateShape(index).unsafeName, name) { return Int32(index) }
  return -1
}

@c @implementation
public func funes_model_symbol_count(_ model: UnsafePointer<funes_model>?, _ text: Int32) -> Int32 {
  guard let model = opened(model), text >= 0, Int(text) < model.textCount else { return 0 }
  return Int32(model.symbolCount(of: Int(text)))
}

@c @implementation
public func funes_model_symbol(
  _ model: UnsafePointer<funes_model>?, _ text: Int32, _ id: Int32
) -> UnsafePointer<CChar>? {
  guard let model = opened(model), text >= 0, Int(text) < model.textCount, id >= 0 else { return nil }
  guard Int(id) < model.symbolCount(of: Int(text)) else { return nil }
  return model.unsafeSymbol(Int(id), of: Int(text))
}

@c @implementation
public func funes_model_session_byte_count(
  _ model: UnsafePointer<funes_model>?, _ rows: Int32, _ threads: Int32
) -> Int {
  guard let model = opened(model), rows >= 1, rows <= 1 << 24, threads >= 1, threads <= 1024 else { return 0 }
  guard let needed = try? model.sessionByteCount(rows: Int(rows), threads: Int(threads)) else { return 0 }
  return SessionBox.byteCount + needed
}

private func areEqual(_ a: UnsafePointer<CChar>, _ b: UnsafePointer<CChar>) -> Bool {
  var index = 0
  while a[index] != 0, a[index] == b[index] { index += 1 }
  return a[index] == b[index]
}

extension funes_port {
  fileprivate init(_ port: PortShape) {
    self.init(
      name: port.unsafeName, width: Int32(port.width), rank: Int32(port.rank),
      shape: (Int32(port.shape[0]), Int32(port.shape[1]), Int32(port.shape[2])), classes: Int32(port.classes),
      domain: Int32(port.domain), text: Int32(port.text ?? -1))
  }
}
