# SPDX-License-Identifier: Apache-2.0
"""ncnn's LSTM, GRU and RNN layers, in float and with int8 weights; the states go through the extractor."""
import os
import struct

import ncnn
import numpy as np

import weights


# Gates in ncnn's order, from PyTorch's: i, f, o, g; GRU and RNN as they are.
ORDER = {"lstm": (0, 1, 3, 2), "gru": (0, 1, 2), "rnn": (0,)}
INT8_TAG, FLOAT_TAG = 0x000D4B38, 0


def make(shape, folder):
    for kind in ("float", "int8"):
        write(shape, kind, os.path.join(folder, kind))


def matrix(values, kind):
    """A weight blob, and the scale of each row that it needs in int8."""
    if kind == "float":
        return struct.pack("<I", FLOAT_TAG) + values.astype("<f4").tobytes(), b""
    scales = 127 / np.abs(values).max(axis=1)
    codes = np.rint(values * scales[:, None]).astype(np.int8).tobytes()
    return struct.pack("<I", INT8_TAG) + codes + b"\0" * (-len(codes) % 4), scales.astype("<f4").tobytes()


def write(shape, kind, path):
    names, n = shape.states, shape.hidden
    lines = ["Input x 0 1 x"] + [f"Input {state} 0 1 {state}" for state in names]
    blobs, data, x = 1 + len(names), b"", "x"
    for index, layer in enumerate(weights.layers(shape)):
        states = [state for state in names if state[1:] == str(index)]
        outputs = [f"y{index}"] + [state + "_next" for state in states]
        options = (f"0={n} 1={layer.W.size} 2=0" + (f" 3={n}" if shape.kind == "lstm" else "")
                   + (" 8=2" if kind == "int8" else ""))
        lines.append(f"{shape.kind.upper()} layer{index} {1 + len(states)} {len(outputs)} {x} {' '.join(states)} "
                     f"{' '.join(outputs)} {options}")
        blobs, x = blobs + len(outputs), outputs[0]
        layer = layer.reordered(ORDER[shape.kind])
        # The GRU's fourth row is the recurrent bias of n.
        bias = np.concatenate([layer.b, layer.d]) if shape.kind == "gru" else layer.b
        (W, W_scales), (U, U_scales) = matrix(layer.W, kind), matrix(layer.U, kind)
        data += W + struct.pack("<I", FLOAT_TAG) + bias.astype("<f4").tobytes() + U + W_scales + U_scales
    with open(path + ".param", "w") as file:
        file.write(f"7767517\n{len(lines)} {blobs}\n" + "\n".join(lines) + "\n")
    with open(path + ".bin", "wb") as file:
        file.write(data)


def variants(shape, folder, threads):
    return {kind: lambda kind=kind: load(kind, shape, folder, threads) for kind in ("int8", "float")}


def load(kind, shape, folder, threads):
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    for option in ("use_bf16_storage", "use_fp16_arithmetic", "use_fp16_storage", "use_fp16_packed"):
        setattr(net.opt, option, False)
    path = os.path.join(folder, kind)
    if net.load_param(path + ".param") or net.load_model(path + ".bin"):
        raise RuntimeError("ncnn does not load the model")
    if kind == "int8":
        # 8=2 asks for int8 weights; the blobs above have no other reading.
        assert os.path.getsize(path + ".bin") < 0.5 * os.path.getsize(os.path.join(folder, "float.bin")) + 2000
    # A Mat made of an array only refers to it, so both arrays must live until it is cloned.
    given, zeros = weights.constant_input(shape).reshape(1, -1), np.zeros((1, shape.hidden), np.float32)
    x, states = ncnn.Mat(given).clone(), {state: ncnn.Mat(zeros).clone() for state in shape.states}
    last = f"y{shape.layers - 1}"

    def step():
        extractor = net.create_extractor()
        extractor.input("x", x)
        for state, value in states.items():
            extractor.input(state, value)
        extractor.extract(last)
        for state in states:
            states[state] = extractor.extract(state + "_next")[1]

    return step, lambda: np.array(states[f"h{shape.layers - 1}"])
