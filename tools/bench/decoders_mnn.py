# SPDX-License-Identifier: Apache-2.0
"""MNN's decoder, from a graph of standard operators by its native converter, with 8-bit weights.

The wheel's command `mnnconvert` would upload usage data; the converter that it wraps is called instead. 8-bit kernels are only
chosen for the number 2 of `memory`; its name as a string is ignored.

    decoders_mnn.py make SHAPE FOLDER
    decoders_mnn.py time SHAPE FOLDER POSITION VARIANT SECONDS
"""
import os
import subprocess
import sys

import MNN
import numpy as np

import decoders_models as models
import decoders_onnx as graphs
import decoders_timing as timing

CPU, NORMAL_PRECISION, LOW_MEMORY = 0, 0, 2
CONVERT = "import sys, _tools; _tools.mnnconvert(sys.argv)"


def path_of(folder, position):
    return os.path.join(folder, f"{position}.mnn")


def sizes(position):
    """Rows and old rows of a position."""
    return (models.PROMPT, 0) if position == "prefill" else (1, int(position))


def convert(*arguments):
    done = subprocess.run([sys.executable, "-c", CONVERT, *arguments], capture_output=True, text=True)
    return done.stdout + done.stderr


def make(shape, folder):
    source = os.path.join(folder, "float_for_mnn.onnx")
    for position in (*models.POSITIONS, "prefill"):
        path = path_of(folder, position)
        graphs.standard(shape, *sizes(position), source)
        said = convert("-f", "ONNX", "--modelFile", source, "--MNNModel", path, "--bizCode", "MNN", "--weightQuantBits", "8",
                       "--transformerFuse")
        if not os.path.exists(path):
            raise RuntimeError(f"{path}: the converter said {said[-300:]}")
        check(shape, position, path)
    os.remove(source)


def check(shape, position, path):
    """A product that the converter leaves in float takes four bytes a weight; operators and scales take few."""
    weights = sum(int(np.prod(extents)) for name, extents in models.tensors(shape).items() if not name.startswith("norm"))
    rows, _ = sizes(position)
    mask = 4 * rows * rows * shape.heads // shape.key_heads
    found, expected = os.path.getsize(path), 4 * shape.vocabulary * shape.width + weights + mask
    if found > 1.1 * expected + 200_000:
        raise RuntimeError(f"{path}: found {found} bytes, expected about {expected}: not all products have 8-bit weights")


def load(shape, folder, position, variant):
    rows, past = sizes(position)
    interpreter = MNN.Interpreter(path_of(folder, position))
    session = interpreter.createSession({"backend": CPU, "numThread": 1, "precision": NORMAL_PRECISION, "memory": LOW_MEMORY})
    known = np.load(os.path.join(folder, "reference.npz"))
    for name, tensor in interpreter.getSessionInputAll(session).items():
        kind = MNN.Halide_Type_Float
        if name == "tokens":
            values, kind = models.tokens(shape, past + rows)[past:].astype(np.int32).reshape(1, -1), MNN.Halide_Type_Int
        else:
            which = name.removeprefix("past_").rstrip("0123456789")
            values = known[which][int(name.removeprefix("past_" + which)), :past].transpose(1, 0, 2)[None]
            if which == "keys":
                values = np.concatenate([values[..., ::2], values[..., 1::2]], axis=-1)
        values = np.ascontiguousarray(values)
        tensor.copyFrom(MNN.Tensor(values.shape, kind, values, MNN.Tensor_DimensionType_Caffe))
    logits = interpreter.getSessionOutput(session, "logits")
    found = np.zeros(logits.getShape(), np.float32)

    def read():
        host = MNN.Tensor(found.shape, MNN.Halide_Type_Float, found, MNN.Tensor_DimensionType_Caffe)
        logits.copyToHostTensor(host)
        return np.array(host.getData()).reshape(-1)

    # What it was made from must live as long as the session.
    return lambda interpreter=interpreter: interpreter.runSession(session), read


if __name__ == "__main__":
    timing.main("mnn", MNN.version(), lambda shape: ["standard-int8"], make, load)
