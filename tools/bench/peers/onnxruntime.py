# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime by its C interface, states bound to two sets of buffers in turn.

Variants: its fused operators in float and, for LSTM, as DynamicQuantizeLSTM; the cell as MatMulInteger and as MatMulNBits
with 8 bits and int8 accumulation.
"""
import ctypes
import os

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

import onnx_models
import timing
import weights

# Places in OrtApi, whose order never changes.
(CREATE_ENV, CREATE_SESSION, CREATE_SESSION_OPTIONS, SET_OPTIMIZATION, SET_THREADS, CREATE_TENSOR, CREATE_CPU_MEMORY_INFO,
 RUN_WITH_BINDING, CREATE_BINDING, BIND_INPUT, BIND_OUTPUT, GET_ERROR_MESSAGE) = (
    3, 7, 10, 23, 24, 49, 69, 133, 134, 136, 137, 2)
API_VERSION, WARNINGS, ALL_OPTIMIZATIONS, ARENA, DEFAULT_MEMORY, FLOAT = 14, 3, 99, 1, 0, 1


def variant_names(shape):
    names = ["fused-float", "cell-int8", "cell-nbits8"]
    return names + ["fused-int8"] if shape.kind == "lstm" else names


def make(shape, folder):
    path = lambda name: os.path.join(folder, f"{name}.onnx")
    onnx_models.fused(shape, path("fused-float"))
    onnx_models.cell(shape, path("cell-float"))
    quantize_dynamic(path("cell-float"), path("cell-int8"), weight_type=QuantType.QInt8)
    onnx_models.cell(shape, path("cell-nbits8"), product_nbits, ["com.microsoft"])
    if shape.kind == "lstm":
        quantize_dynamic(path("fused-float"), path("fused-int8"), weight_type=QuantType.QInt8, op_types_to_quantize=["LSTM"])
    for name in variant_names(shape):
        check_types(name, path(name), shape)


def product_nbits(g, x, name, matrix):
    """x · matrixᵀ by MatMulNBits: 8-bit blocks around 128, one scale a block; accuracy level 4 lets it compute in int8."""
    rows, cols = matrix.shape
    size = next((size for size in (256, 128, 64, 32) if cols % size == 0), 16)
    blocks = -(-cols // size)
    padded = np.pad(matrix, ((0, 0), (0, blocks * size - cols))).reshape(rows, blocks, size)
    scales = np.maximum(np.abs(padded).max(axis=2) / 127, 1e-8).astype(np.float32)
    bytes_ = (np.rint(padded / scales[:, :, None]) + 128).astype(np.uint8)
    return g.node("MatMulNBits", [x, g.constant(name, bytes_), g.constant(name + "_scales", scales)],
                  domain="com.microsoft", K=cols, N=rows, bits=8, block_size=size, accuracy_level=4)


def check_types(name, path, shape):
    """Asserts the weights' type in the file and the operators that the optimised graph runs."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = path + ".optimized"
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    operators = {node.op_type for node in onnx.load(path + ".optimized").graph.node}
    os.remove(path + ".optimized")
    expected = {"fused-float": {shape.kind.upper()}, "fused-int8": {"DynamicQuantizeLSTM"}, "cell-nbits8": {"MatMulNBits"},
                "cell-int8": {"MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"}}[name]
    assert operators & expected, f"runs {operators}, expected {expected}"
    if name != "fused-float":
        assert not operators & {"MatMul", "Gemm", "LSTM", "FusedMatMul"}, f"runs {operators}, some of it in float"
        tensors = onnx.load(path).graph.initializer
        int8 = sum(int(np.prod(t.dims)) for t in tensors if t.data_type in (onnx.TensorProto.INT8, onnx.TensorProto.UINT8))
        assert int8 >= sum(w.W.size + w.U.size for w in weights.layers(shape)), "the weights are not int8"


class Ort:
    def __init__(self):
        folder = os.path.join(os.path.dirname(onnxruntime.__file__), "capi")
        name = next(name for name in sorted(os.listdir(folder)) if name.startswith("libonnxruntime.so"))
        base = ctypes.CDLL(os.path.join(folder, name)).OrtGetApiBase
        base.restype = ctypes.POINTER(ctypes.c_void_p)
        get_api = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(base()[0])
        self.functions = ctypes.cast(get_api(API_VERSION), ctypes.POINTER(ctypes.c_void_p))

    def call(self, place, *arguments):
        function = ctypes.CFUNCTYPE(ctypes.c_void_p, *map(type, arguments))(self.functions[place])
        status = function(*arguments)
        if status:
            message = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)(self.functions[GET_ERROR_MESSAGE])(status)
            raise RuntimeError(message.decode())

    def make(self, place, *arguments):
        """Calls a function whose last argument is the address of what it makes."""
        made = ctypes.c_void_p()
        self.call(place, *arguments, ctypes.c_void_p(ctypes.addressof(made)))
        return made


def variants(shape, folder, threads):
    return {name: lambda name=name: load(name, shape, folder, threads) for name in variant_names(shape)}


def load(name, shape, folder, threads):
    ort, path = Ort(), os.path.join(folder, f"{name}.onnx")
    text = lambda string: ctypes.c_char_p(string.encode())
    env = ort.make(CREATE_ENV, ctypes.c_int(WARNINGS), text("bench"))
    options = ort.make(CREATE_SESSION_OPTIONS)
    ort.call(SET_THREADS, options, ctypes.c_int(threads))
    ort.call(SET_OPTIMIZATION, options, ctypes.c_int(ALL_OPTIMIZATIONS))
    session = ort.make(CREATE_SESSION, env, text(path), options)
    memory = ort.make(CREATE_CPU_MEMORY_INFO, ctypes.c_int(ARENA), ctypes.c_int(DEFAULT_MEMORY))
    kept = [env, options, session, memory]

    def value(array):
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        kept.extend((array, dims))
        return ort.make(CREATE_TENSOR, memory, ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes),
                        ctypes.c_void_p(ctypes.addressof(dims)), ctypes.c_size_t(array.ndim), ctypes.c_int(FLOAT))

    leading = (1, 1) if name.startswith("fused") else (1,)
    zeros = lambda: np.zeros((*leading, shape.hidden), np.float32)
    x, y = value(weights.constant_input(shape).reshape(*leading, -1)), value(zeros())
    buffers = [{state: zeros() for state in shape.states} for _ in range(2)]
    states = [{state: value(array) for state, array in half.items()} for half in buffers]
    calls = []
    for turn in range(2):
        binding = ort.make(CREATE_BINDING, session)
        ort.call(BIND_INPUT, binding, text("x"), x)
        ort.call(BIND_OUTPUT, binding, text("y"), y)
        for state in shape.states:
            ort.call(BIND_INPUT, binding, text(state), states[turn][state])
            ort.call(BIND_OUTPUT, binding, text(state + "_next"), states[1 - turn][state])
        calls.append((ort.functions[RUN_WITH_BINDING], [session.value, None, binding.value]))
    steps = timing.NativeSteps(calls, folder)
    steps.kept = kept
    # Both calls are one turn of `steps`: after it the newest states stand in the first set of buffers.
    return steps, lambda: buffers[0][f"h{shape.layers - 1}"]
