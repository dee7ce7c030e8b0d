# SPDX-License-Identifier: Apache-2.0
"""MNN, from ONNX by its native converter: the fused operators and the cell, in float and with 8-bit weights.

The wheel's command `mnnconvert` would upload usage data; the converter that it wraps is called instead. 8-bit kernels are only
chosen for the number 2 of `memory`; its name as a string is ignored.
"""
import os
import subprocess
import sys

import MNN
import MNN.expr
import MNN.nn
import numpy as np

import checking
import onnx_models
import weights

CPU, NORMAL_PRECISION, LOW_MEMORY = 0, 0, 2


def forms(shape):
    # MNN's converter knows no RNN operator.
    return ["cell"] if shape.kind == "rnn" else ["cell", "fused"]


def make(shape, folder):
    for form in forms(shape):
        source = os.path.join(folder, f"{form}.onnx")
        (onnx_models.cell if form == "cell" else onnx_models.fused)(shape, source)
        for kind, options in (("float", []), ("int8", ["--weightQuantBits", "8"])):
            target = os.path.join(folder, f"{form}-{kind}.mnn")
            converter = [sys.executable, "-c", "import sys, _tools; _tools.mnnconvert(sys.argv)"]
            result = subprocess.run([*converter, "-f", "ONNX", "--modelFile", source, "--MNNModel", target, "--bizCode", "bench",
                                     *options], capture_output=True, text=True)
            if not os.path.exists(target):
                raise RuntimeError(f"{form}-{kind}: {(result.stdout + result.stderr).strip()[-200:]}")


def variants(shape, folder, threads):
    return {f"{form}-{kind}": lambda form=form, kind=kind: load(form, kind, shape, folder, threads)
            for form in forms(shape) for kind in ("int8", "float")}


def load(form, kind, shape, folder, threads):
    path = os.path.join(folder, f"{form}-{kind}.mnn")
    if kind == "int8":
        count = sum(layer.W.size + layer.U.size for layer in weights.layers(shape))
        if os.path.getsize(path) > 2 * count + 20_000:
            raise RuntimeError("the converter left the weights in float")
    options = {"backend": CPU, "numThread": threads, "precision": NORMAL_PRECISION,
               "memory": LOW_MEMORY if kind == "int8" else 0}
    # A session may lay inputs and outputs over each other, differently for each model: take the cheapest way of feeding the
    # states back that gives the right numbers.
    for way in (by_session, by_module):
        try:
            checking.check(*way(path, shape, options), shape)
            return way(path, shape, options)
        except RuntimeError as error:
            reason = error
    raise reason


def by_session(path, shape, options):
    interpreter = MNN.Interpreter(path)
    session = interpreter.createSession(options)
    inputs, outputs = interpreter.getSessionInputAll(session), interpreter.getSessionOutputAll(session)

    def host(tensor, values):
        dims = tensor.getShape()
        values = np.ascontiguousarray(np.broadcast_to(values, dims), np.float32)
        return MNN.Tensor(dims, MNN.Halide_Type_Float, values, MNN.Tensor_DimensionType_Caffe)

    x = host(inputs["x"], weights.constant_input(shape))
    for state in shape.states:
        inputs[state].copyFrom(host(inputs[state], np.zeros(1, np.float32)))
    copies = [(inputs[state].copyFrom, outputs[state + "_next"]) for state in shape.states] + [(inputs["x"].copyFrom, x)]
    inputs["x"].copyFrom(x)
    run, last = interpreter.runSession, outputs[f"h{shape.layers - 1}_next"]

    def step():
        run(session)
        for copy, source in copies:
            copy(source)

    def read():
        values = host(last, np.zeros(1, np.float32))
        last.copyToHostTensor(values)
        return np.array(values.getData(), np.float32)

    return step, read


def by_module(path, shape, options):
    names = shape.states
    module = MNN.nn.load_module_from_file(path, ["x"] + names, [name + "_next" for name in names],
                                          runtime_manager=MNN.nn.create_runtime_manager((options,)))
    leading = [1, 1] if "fused" in os.path.basename(path) else [1]
    make = lambda values: MNN.expr.const(values.reshape(leading + [-1]), leading + [values.size], MNN.expr.NCHW, MNN.expr.float)
    x = make(weights.constant_input(shape))
    states = [[make(np.zeros(shape.hidden, np.float32)) for _ in names]]

    def step():
        states[0] = module.forward([x] + states[0])

    return step, lambda: np.array(states[0][names.index(f"h{shape.layers - 1}")].read())
