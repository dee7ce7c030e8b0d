# SPDX-License-Identifier: Apache-2.0
"""OpenVINO by its C interface, states bound to two sets of buffers in turn.

Variants of the cell: "compressed", int8 weights that its CPU plugin multiplies with activations quantised at each step;
"static", weights and activations through FakeQuantize with fixed ranges, which become int8 products. And its LSTM, GRU or RNN
cell in the precision that the plugin chooses for float, bfloat16 where the processor has it.
"""
import ctypes
import os

import numpy as np
import openvino
from openvino import opset13 as ops

import timing
import weights

# OpenVINO's gates: LSTM f, i, c, o; GRU z, r, h.
ORDER = {"lstm": (1, 0, 2, 3), "gru": (1, 0, 2), "rnn": (0,)}
F32 = 4  # of ov_element_type_e
NAMES = ("cell-int8-compressed", "cell-int8-static", "fused")
# Ranges of the fixed quantisation: inputs and states of these models lie within ±1.
RANGE = 1.0


def make(shape, folder):
    for name in NAMES:
        model = build(shape, name)
        openvino.save_model(model, os.path.join(folder, f"{name}.xml"), compress_to_fp16=False)
        if name != "fused":
            check_types(model, name)


def check_types(model, name):
    """Asserts that the plugin runs the products in int8."""
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1})
    products = []
    for node in compiled.get_runtime_model().get_ops():
        info = {key: node.get_rt_info()[key].astype(str) for key in ("layerType", "runtimePrecision", "primitiveType")
                if key in node.get_rt_info()}
        if info.get("layerType") in ("FullyConnected", "MatMul"):
            products.append((info.get("runtimePrecision"), info.get("primitiveType")))
    assert products, "no product found in the plugin's graph"
    if name == "cell-int8-static":
        assert all("8" in precision for precision, _ in products), f"products run as {products}"


def build(shape, name):
    node = lambda values: ops.constant(np.array(values, order="C"))
    n, parameters, results = shape.hidden, [], []

    def parameter(text, count):
        made = ops.parameter([1, count], np.float32, text)
        made.output(0).set_names({text})
        parameters.append(made)
        return made

    def result(value, text):
        made = ops.result(value)
        made.output(0).set_names({text})
        results.append(made)

    def product(x, matrix):
        scales = np.maximum(np.abs(matrix).max(axis=1, keepdims=True) / 127, 1e-8).astype(np.float32)
        codes = np.rint(matrix / scales).astype(np.int8)
        if name == "cell-int8-static":
            x = ops.fake_quantize(x, node(np.float32(-RANGE)), node(np.float32(RANGE * 127 / 128)), node(np.float32(-RANGE)),
                                  node(np.float32(RANGE * 127 / 128)), 256)
            limit = scales * 127
            weight = ops.fake_quantize(node(matrix), node(-limit), node(limit), node(-limit), node(limit), 255)
        else:
            weight = ops.multiply(ops.convert(node(codes), np.float32), node(scales))
        return ops.matmul(x, weight, False, True)

    x = parameter("x", shape.inputs)
    for index, layer in enumerate(weights.layers(shape)):
        h = parameter(f"h{index}", n)
        c = parameter(f"c{index}", n) if shape.kind == "lstm" else None
        if name == "fused":
            part = layer.reordered(ORDER[shape.kind])
            bias = part.b
            if shape.kind == "gru":
                bias = np.concatenate([bias, layer.d])
            constants = [node(part.W), node(part.U), node(bias)]
            if shape.kind == "lstm":
                cell = ops.lstm_cell(x, h, c, *constants, n)
                x, next_c = cell.output(0), cell.output(1)
            elif shape.kind == "gru":
                x = ops.gru_cell(x, h, *constants, n, linear_before_reset=True).output(0)
            else:
                x = ops.rnn_cell(x, h, *constants, n, ["tanh"], [], [], 0.0).output(0)
        elif shape.kind == "gru":
            a, u = ops.add(product(x, layer.W), node(layer.b[None])), product(h, layer.U)
            (a_r, a_z, a_n), (u_r, u_z, u_n) = (ops.split(v, node(np.int64(1)), 3).outputs() for v in (a, u))
            r, z = ops.sigmoid(ops.add(a_r, u_r)), ops.sigmoid(ops.add(a_z, u_z))
            candidate = ops.tanh(ops.add(a_n, ops.multiply(r, ops.add(u_n, node(layer.d[None])))))
            x = ops.add(candidate, ops.multiply(z, ops.subtract(h, candidate)))
        else:
            joined = ops.concat([x, h], 1)
            sums = ops.add(product(joined, np.concatenate([layer.W, layer.U], axis=1)), node(layer.b[None]))
            if shape.kind == "rnn":
                x = ops.tanh(sums)
            else:
                i, f, g, o = ops.split(sums, node(np.int64(1)), 4).outputs()
                next_c = ops.add(ops.multiply(ops.sigmoid(f), c), ops.multiply(ops.sigmoid(i), ops.tanh(g)))
                x = ops.multiply(ops.sigmoid(o), ops.tanh(next_c))
        result(x, f"h{index}_next")
        if shape.kind == "lstm":
            result(next_c, f"c{index}_next")
    return openvino.Model(results, parameters, name)


def variants(shape, folder, threads):
    return {name: lambda name=name: load(name, shape, folder, threads) for name in NAMES}


class Dims(ctypes.Structure):
    _fields_ = [("rank", ctypes.c_int64), ("dims", ctypes.c_void_p)]


def load(name, shape, folder, threads):
    libraries = os.path.join(os.path.dirname(openvino.__file__), "libs")
    name_of_library = next(file for file in sorted(os.listdir(libraries)) if file.startswith("libopenvino_c.so"))
    library = ctypes.CDLL(os.path.join(libraries, name_of_library))

    library.ov_get_last_err_msg.restype = ctypes.c_char_p

    def call(function, *arguments):
        status = getattr(library, function)(*arguments)
        if status:
            raise RuntimeError(f"{function}: {library.ov_get_last_err_msg().decode().strip()[-200:]}")

    def made(function, *arguments):
        pointer = ctypes.c_void_p()
        call(function, *arguments, ctypes.byref(pointer))
        return pointer

    text = lambda string: ctypes.c_char_p(string.encode())
    core = made("ov_core_create")
    model = made("ov_core_read_model", core, text(os.path.join(folder, f"{name}.xml")), None)
    properties = {"INFERENCE_NUM_THREADS": str(threads), "NUM_STREAMS": "1", "PERFORMANCE_HINT": "LATENCY"}
    compiled = ctypes.c_void_p()
    call("ov_core_compile_model", core, model, text("CPU"), ctypes.c_size_t(2 * len(properties)), ctypes.byref(compiled),
         *[text(word) for pair in properties.items() for word in pair])
    kept = []

    def tensor(array):
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        kept.extend((array, dims))
        pointer = ctypes.c_void_p()
        call("ov_tensor_create_from_host_ptr", ctypes.c_int(F32), Dims(array.ndim, ctypes.addressof(dims)),
             ctypes.c_void_p(array.ctypes.data), ctypes.byref(pointer))
        return pointer

    x = tensor(weights.constant_input(shape).reshape(1, -1))
    buffers = [{state: np.zeros((1, shape.hidden), np.float32) for state in shape.states} for _ in range(2)]
    states = [{state: tensor(array) for state, array in half.items()} for half in buffers]
    infer, calls = ctypes.cast(library.ov_infer_request_infer, ctypes.c_void_p).value, []
    for turn in range(2):
        request = made("ov_compiled_model_create_infer_request", compiled)
        call("ov_infer_request_set_tensor", request, text("x"), x)
        for state in shape.states:
            call("ov_infer_request_set_tensor", request, text(state), states[turn][state])
            call("ov_infer_request_set_tensor", request, text(state + "_next"), states[1 - turn][state])
        calls.append((infer, [request.value]))
    steps = timing.NativeSteps(calls, folder)
    steps.kept = kept
    return steps, lambda: buffers[0][f"h{shape.layers - 1}"]
