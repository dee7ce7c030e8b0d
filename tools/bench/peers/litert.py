# SPDX-License-Identifier: Apache-2.0
"""LiteRT (TensorFlow Lite): its sequence LSTM and RNN with states inside ("fused"), and a cell around FULLY_CONNECTED, which
its XNNPACK delegate takes ("cell"); float and hybrid int8 (int8 weights, activations quantised at each step).
"""
import os

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

import weights


OPERATOR, OPTIONS, ACTIVATION, TYPE = (schema.BuiltinOperator, schema.BuiltinOptions, schema.ActivationFunctionType,
                                       schema.TensorType)


def forms(shape):
    # There is no GRU operator.
    return ["cell"] if shape.kind == "gru" else ["fused", "cell"]


class Model:
    def __init__(self):
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.buffers, self.model.operatorCodes = 3, [schema.BufferT()], []
        self.model.subgraphs = [self.graph]
        self.graph.tensors, self.graph.operators, self.graph.inputs, self.graph.outputs = [], [], [], []
        self.codes = {}

    def tensor(self, name, dims, values=None, state=False, scales=None, kind=TYPE.FLOAT32):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.isVariable, tensor.buffer = name.encode(), list(dims), kind, state, 0
        if scales is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = list(scales), [0] * len(scales)
            tensor.quantization.quantizedDimension = 0
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, name, values, kind=TYPE.FLOAT32):
        return self.tensor(name, values.shape, values, kind=kind)

    def weight(self, name, values, precision, per_row):
        if precision == "float":
            return self.constant(name, np.ascontiguousarray(values))
        scales = np.abs(values).max(axis=1 if per_row else None, keepdims=True).reshape(-1) / 127
        codes = np.rint(values / scales[:, None]).astype(np.int8)
        return self.tensor(name, codes.shape, codes, scales=scales.astype(np.float32), kind=TYPE.INT8)

    def node(self, code, inputs, outputs, options_kind=None, options=None, version=1):
        if (code, version) not in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), version
            self.model.operatorCodes.append(entry)
            self.codes[code, version] = len(self.model.operatorCodes) - 1
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self.codes[code, version], inputs, outputs
        if options is not None:
            operator.builtinOptionsType, operator.builtinOptions = options_kind, options
        self.graph.operators.append(operator)
        return outputs[0]

    def save(self, path):
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        with open(path, "wb") as file:
            file.write(bytes(builder.Output()))


def make(shape, folder):
    for form in forms(shape):
        for precision in ("float", "int8"):
            (fused if form == "fused" else cell)(shape, precision, os.path.join(folder, f"{form}-{precision}.tflite"))


def fused(shape, precision, path):
    m, n = Model(), shape.hidden
    x = m.tensor("x", [1, 1, shape.inputs])
    m.graph.inputs = [x]
    for index, layer in enumerate(weights.layers(shape)):
        gates = lambda values: np.split(values, shape.gates)
        W = [m.weight("W", part, precision, False) for part in gates(layer.W)]
        U = [m.weight("U", part, precision, False) for part in gates(layer.U)]
        b = [m.constant("b", part) for part in gates(layer.b)]
        h, y = m.tensor(f"h{index}", [1, n], state=True), m.tensor(f"y{index}", [1, 1, n])
        if shape.kind == "lstm":
            c = m.tensor(f"c{index}", [1, n], state=True)
            options = schema.UnidirectionalSequenceLSTMOptionsT()
            code, kind = OPERATOR.UNIDIRECTIONAL_SEQUENCE_LSTM, OPTIONS.UnidirectionalSequenceLSTMOptions
            inputs = [x, *W, *U, -1, -1, -1, *b, -1, -1, h, c, -1, -1, -1, -1]
        else:
            options = schema.SequenceRNNOptionsT()
            code, kind = OPERATOR.UNIDIRECTIONAL_SEQUENCE_RNN, OPTIONS.SequenceRNNOptions
            inputs = [x, *W, *U, *b, h]
        options.fusedActivationFunction, options.timeMajor, options.asymmetricQuantizeInputs = ACTIVATION.TANH, True, False
        x = m.node(code, inputs, [y], kind, options, version=2)
    m.graph.outputs = [x]
    m.save(path)


def cell(shape, precision, path):
    m, n = Model(), shape.hidden
    vector = lambda name, count=n: m.tensor(name, [1, count])
    x = vector("x", shape.inputs)
    m.graph.inputs, axis = [x], m.constant("axis", np.array(1, np.int32), TYPE.INT32)

    def product(x, matrix, bias, rows):
        weight = m.weight("W", matrix, precision, True)
        return m.node(OPERATOR.FULLY_CONNECTED, [x, weight, m.constant("b", bias)], [vector("sums", rows)],
                      OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT(), version=5 if precision == "int8" else 1)

    def split(x, count):
        options = schema.SplitOptionsT()
        options.numSplits = count
        parts = [vector("part") for _ in range(count)]
        m.node(OPERATOR.SPLIT, [axis, x], parts, OPTIONS.SplitOptions, options)
        return parts

    def combine(code, a, b):
        kind, options = {OPERATOR.ADD: (OPTIONS.AddOptions, schema.AddOptionsT()),
                         OPERATOR.SUB: (OPTIONS.SubOptions, schema.SubOptionsT()),
                         OPERATOR.MUL: (OPTIONS.MulOptions, schema.MulOptionsT())}[code]
        return m.node(code, [a, b], [vector("v")], kind, options)

    add, sub, mul = (lambda a, b, code=code: combine(code, a, b) for code in (OPERATOR.ADD, OPERATOR.SUB, OPERATOR.MUL))
    sigmoid, tanh = (lambda a, code=code: m.node(code, [a], [vector("v")]) for code in (OPERATOR.LOGISTIC, OPERATOR.TANH))
    for index, layer in enumerate(weights.layers(shape)):
        h = vector(f"h{index}")
        m.graph.inputs.append(h)
        if shape.kind == "gru":
            a_r, a_z, a_n = split(product(x, layer.W, layer.b, 3 * n), 3)
            bias = np.concatenate([np.zeros(2 * n, np.float32), layer.d])
            u_r, u_z, u_n = split(product(h, layer.U, bias, 3 * n), 3)
            candidate = tanh(add(a_n, mul(sigmoid(add(a_r, u_r)), u_n)))
            x = add(candidate, mul(sigmoid(add(a_z, u_z)), sub(h, candidate)))
            m.graph.outputs.append(x)
            continue
        options = schema.ConcatenationOptionsT()
        options.axis = 1
        joined = vector("joined", shape.input_of(index) + n)
        m.node(OPERATOR.CONCATENATION, [x, h], [joined], OPTIONS.ConcatenationOptions, options)
        sums = product(joined, np.concatenate([layer.W, layer.U], axis=1), layer.b, shape.gates * n)
        if shape.kind == "rnn":
            x = tanh(sums)
            m.graph.outputs.append(x)
            continue
        c = vector(f"c{index}")
        m.graph.inputs.append(c)
        i, f, g, o = split(sums, 4)
        next_c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
        x = mul(sigmoid(o), tanh(next_c))
        m.graph.outputs.extend((x, next_c))
    m.save(path)


def variants(shape, folder, threads):
    return {f"{form}-{precision}": lambda form=form, precision=precision: load(form, precision, shape, folder, threads)
            for form in forms(shape) for precision in ("int8", "float")}


def load(form, precision, shape, folder, threads):
    interpreter = Interpreter(os.path.join(folder, f"{form}-{precision}.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    if precision == "int8":
        matrices = [t["shape"] for t in interpreter.get_tensor_details() if t["dtype"] == np.int8 and len(t["shape"]) == 2]
        int8 = sum(int(np.prod(dims)) for dims in matrices)
        assert int8 >= sum(layer.W.size + layer.U.size for layer in weights.layers(shape)), "the weights are not int8"
    views = {"in": [interpreter.tensor(t["index"])() for t in interpreter.get_input_details()],
             "out": [interpreter.tensor(t["index"])() for t in interpreter.get_output_details()]}
    views["in"][0][:] = weights.constant_input(shape)
    # The wrapped interpreter: it takes a step without looking for views that could go stale, and none goes stale here.
    invoke = interpreter._interpreter.Invoke
    if form == "fused":
        # The step's default argument holds the interpreter, and with it all memory, alive.
        def step(kept=interpreter):
            invoke()
        return step, lambda: views["out"][0]
    for state in views["in"][1:]:
        state[:] = 0
    # As bytes: no other copy costs Python so little.
    plain = lambda view: memoryview(view.reshape(-1)).cast("B")
    pairs = [(plain(state), plain(successor)) for state, successor in zip(views["in"][1:], views["out"])]

    def step(kept=interpreter):
        invoke()
        for state, successor in pairs:
            state[:] = successor

    return step, lambda: views["in"][-2 if shape.kind == "lstm" else -1]
