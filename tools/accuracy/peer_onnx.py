# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime beside Funes: a network as ONNX, and its products by onnxruntime.quantization.quantize_dynamic.

Run in the peer's own environment: peer_onnx.py JOB FOLDER [WAY]. Writes an npz of outputs for each way into FOLDER and prints a
JSON line for each; the way `float` runs the network as it is."""
import json
import logging
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "bench"))

import jobs
from onnx_models import ONNX_GATES, Graph


class Onnx:
    """The operations of network.py, as nodes of one program. Constants named w… are matrices, b… are biases."""

    def __init__(self, network, program, has_lstm):
        self.graph, self.has_lstm, self.states, self.operators = Graph(), has_lstm, {}, set()
        about = network.programs[program]["inputs"][0]
        if "classes" in about:
            row = "row"
            self.graph.inputs.append(helper.make_tensor_value_info(row, TensorProto.INT64, [1]))
        else:
            row = self.graph.input("row", 1, int(np.prod(about["shape"])))
        self.outputs = network.step(self, program, row)
        for name, value in self.outputs.items():
            self.graph.output(self.named("Identity", name, value))

    def node(self, operator, *inputs, **attributes):
        self.operators.add(operator)
        return self.graph.node(operator, list(inputs), **attributes)

    def named(self, operator, name, *inputs):
        return self.graph.node(operator, list(inputs), [name])

    def vector(self, name, array):
        return self.graph.constant("b." + name, array[None])

    def numbers(self, *values):
        return self.graph.constant("n." + "_".join(map(str, values)), np.array(values, np.int64))

    def state(self, name, width):
        if name not in self.states:
            self.states[name] = width
            self.graph.input(name, 1, width)
        return name

    def write(self, name, value):
        self.graph.output(self.named("Identity", name + ".next", value), 1, None)

    def product(self, x, name, matrix, bias):
        y = self.node("MatMul", x, self.graph.constant("w." + name, matrix.T))
        return y if bias is None else self.add(y, self.vector(name, bias))

    def lookup(self, row, name, table):
        return self.node("Gather", self.graph.constant("w." + name, table), row, axis=0)

    def one_hot(self, row, classes):
        return self.node("Gather", self.graph.constant("k.ones", np.eye(classes, dtype=np.float32)), row, axis=0)

    def convolve(self, x, name, weight, bias, stride):
        biases = [] if bias is None else [self.table(name, bias)]
        return self.node("Conv", x, self.graph.constant("w." + name, weight), *biases, strides=[stride])

    def pad(self, x, sides, mode):
        return self.node("Pad", x, self.numbers(0, 0, sides[0], 0, 0, sides[1]), mode="constant" if mode == "zeros" else mode)

    def lstm(self, x, h, c, name, fields):
        """The whole cell as one operator, which has gates i o f g."""
        units, order = len(fields["weight_x"]) // 4, ONNX_GATES["lstm"]

        def stacked(array):
            return np.concatenate([array.reshape(4, units, -1)[gate] for gate in order])[None]

        biases = [fields[key] if fields[key] is not None else np.zeros(4 * units, np.float32) for key in ("bias_x", "bias_h")]
        bias = self.table(name, np.concatenate([stacked(each).reshape(1, -1) for each in biases], axis=1))
        inputs = [self.node("Unsqueeze", x, self.numbers(0)), self.graph.constant(f"w.{name}.x", stacked(fields["weight_x"])),
                  self.graph.constant(f"w.{name}.h", stacked(fields["weight_h"])), bias, "",
                  self.node("Unsqueeze", h, self.numbers(0)), self.node("Unsqueeze", c, self.numbers(0))]
        if fields["peephole"] is not None:
            w_i, w_f, w_o = fields["peephole"].reshape(3, -1)
            inputs.append(self.table(name + ".peephole", np.concatenate([w_i, w_o, w_f])[None]))
        self.operators.add("LSTM")
        outputs = [f"{name}.{kind}" for kind in ("all", "last", "last_cell")]
        self.graph.node("LSTM", inputs, outputs, hidden_size=units)
        return tuple(self.node("Squeeze", each, self.numbers(0)) for each in outputs[1:])

    def add(self, x, y):
        return self.node("Add", x, y)

    def subtract(self, x, y):
        return self.node("Sub", x, y)

    def multiply(self, x, y):
        return self.node("Mul", x, y)

    def sigmoid(self, x):
        return self.node("Sigmoid", x)

    def tanh(self, x):
        return self.node("Tanh", x)

    def relu(self, x):
        return self.node("Relu", x)

    def sqrt(self, x):
        return self.node("Sqrt", x)

    def matmul(self, x, y):
        return self.graph.node("MatMul", [x, y])

    def negated(self, x):
        return self.node("Neg", x)

    def table(self, name, array):
        return self.graph.constant("b." + name, array)

    def permute(self, x, axes):
        return self.node("Transpose", x, perm=axes)

    def rms_norm(self, x, name, weight, epsilon):
        mean = self.node("ReduceMean", self.multiply(x, x), axes=[1])
        root = self.sqrt(self.add(mean, self.vector("epsilon", np.array([epsilon], np.float32))))
        return self.multiply(self.node("Div", x, root), self.vector(name, weight))

    def softmax(self, x, axis=1):
        return self.node("Softmax", x, axis=axis)

    def log_softmax(self, x):
        return self.node("LogSoftmax", x, axis=1)

    def l2_normalize(self, x):
        return self.node("LpNormalization", x, axis=1, p=2)

    def concat(self, *values, axis=1):
        return self.node("Concat", *values, axis=axis)

    def split(self, x, count):
        self.parts = getattr(self, "parts", 0) + 1
        return self.graph.node("Split", [x], [f"part{self.parts}.{index}" for index in range(count)], axis=1)

    def cut(self, x, begin, count, axis=1):
        return self.node("Slice", x, self.numbers(begin), self.numbers(begin + count), self.numbers(axis))

    def reshape(self, x, shape):
        return self.node("Reshape", x, self.numbers(*shape))


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def caller(paths, programs):
    """What a job drives, of the model file of each program."""
    sessions = {name: session(path) for name, path in paths.items()}

    def call(program, row, states):
        about = programs[program]
        feeds = {name: states.get(name, np.zeros((1, width), np.float32)) for name, width in about.states.items()}
        feeds["row"] = np.array([row], np.int64) if row.ndim == 0 else row[None].astype(np.float32)
        names = [output.name for output in sessions[program].get_outputs()]
        made = dict(zip(names, sessions[program].run(names, feeds)))
        after = {name[:-5]: value for name, value in made.items() if name.endswith(".next")}
        return {name: made[name][0] for name in about.outputs}, {**states, **after}

    return call


def bytes_a_weight(paths, weights):
    """All that stands for matrices in the files, scales and zero points among them."""
    held = sum(onnx.numpy_helper.to_array(tensor).nbytes for path in paths.values() for tensor in onnx.load(path).graph.initializer
               if tensor.name.startswith("w."))
    return held / weights


def ways(programs, has_lstm):
    """(name, options of quantize_dynamic): all operators, or all but convolutions; a scale a matrix or a row."""
    operators = set().union(*(program.operators for program in programs.values()))
    # Without VNNI, products of 8 bits by 8 saturate.
    with open("/proc/cpuinfo") as file:
        reduced = "vnni" not in file.read()
    for kept in [[], ["Conv"]] if "Conv" in operators else [[]]:
        for per_channel in (True, False):
            types = [each for each in ("MatMul", "LSTM", "Gather", "Conv") if each in operators and each not in kept]
            name = ("LSTM operator" if has_lstm else "MatMul") + (", convolutions in float" if kept else "")
            yield name + f", a scale a {'row' if per_channel else 'matrix'}", {
                "op_types_to_quantize": types, "per_channel": per_channel, "reduce_range": reduced, "weight_type": QuantType.QInt8}


def main(path, folder, only=""):
    logging.disable(logging.WARNING)
    job = jobs.load(path)
    for has_lstm in (False, True):
        programs = {name: Onnx(job.network, name, has_lstm) for name in job.network.programs}
        if has_lstm and not any("LSTM" in program.operators for program in programs.values()):
            continue
        paths, weights = {}, 0
        for name, program in programs.items():
            paths[name] = os.path.join(folder, f"{name}.onnx")
            program.graph.save(paths[name])
            weights += sum(array.size for key, array in program.graph.constants.items() if key.startswith("w."))
        for index, (name, options) in enumerate([("float", None)] if only == "float" else ways(programs, has_lstm)):
            if only not in ("", name):
                continue
            line = {"variant": name, "file": os.path.join(folder, f"{int(has_lstm)}-{index}.npz")}
            try:
                used = paths
                if options:
                    used = {each: file[:-5] + ".int8.onnx" for each, file in paths.items()}
                    for each, file in paths.items():
                        quantize_dynamic(file, used[each], **options)
                np.savez(line["file"], **job.drive(caller(used, programs)))
                line["bytes"] = bytes_a_weight(used, weights)
            except Exception as error:
                line["error"] = f"{type(error).__name__}: {error}"[:300]
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
