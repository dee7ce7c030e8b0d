# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime's decoders: attention in standard operators or as its GroupQueryAttention over caches in place, products as
DynamicQuantizeMatMul (u8 activations, one scale a row) or as MatMulNBits (8 bits, blocks of 32, int8 accumulation).

    decoders_onnxruntime.py make SHAPE FOLDER
    decoders_onnxruntime.py time SHAPE FOLDER POSITION VARIANT SECONDS
"""
import collections
import logging
import os

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

import decoders_models as models
import decoders_onnx as graphs
import decoders_timing as timing

BLOCK, INT8_ACCUMULATION = 32, 4
# What each form of a product is stored as; all others would be left in float.
STORED = {"dynamic": "MatMulInteger", "nbits8": "MatMulNBits"}


def variants(shape):
    # GroupQueryAttention turns no smaller heads.
    attentions = ("standard", "grouped") if shape.head % 16 == 0 else ("standard",)
    return [f"{attention}-{form}" for attention in attentions for form in STORED]


def sizes(position):
    """Rows and old rows of a position."""
    return (models.PROMPT, 0) if position == "prefill" else (1, int(position))


def path_of(folder, position, variant):
    attention, form = variant.split("-")
    return os.path.join(folder, f"{attention}_{position}_{form}.onnx" if attention == "standard" else f"{attention}_{form}.onnx")


def make(shape, folder):
    logging.disable(logging.WARNING)
    float_path = os.path.join(folder, "float.onnx")
    for position in (*models.POSITIONS, "prefill"):
        graphs.standard(shape, *sizes(position), float_path)
        for form in STORED:
            quantize(float_path, path_of(folder, position, f"standard-{form}"), form)
    if "grouped-dynamic" in variants(shape):
        graphs.grouped(shape, float_path)
        for form in STORED:
            quantize(float_path, path_of(folder, None, f"grouped-{form}"), form)
    os.remove(float_path)


def quantize(source, path, form):
    if form == "dynamic":
        quantize_dynamic(source, path, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"],
                         extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT})
    else:
        onnx.save(in_blocks(onnx.load(source)), path)
    model = onnx.load(path)
    constants = {constant.name: constant.data_type for constant in model.graph.initializer}
    found = collections.Counter(node.op_type for node in model.graph.node)
    in_float = [node.name for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in constants]
    if in_float or not found[STORED[form]]:
        raise RuntimeError(f"{path}: found {in_float or dict(found)}, expected every product as {STORED[form]}")
    for node in model.graph.node:
        if node.op_type == "MatMulInteger" and constants[node.input[1]] != onnx.TensorProto.INT8:
            raise RuntimeError(f"{path}: {node.name}'s weights are not int8")


def in_blocks(model):
    """Products with constants as MatMulNBits: rows of the transposed matrix in blocks, each with a scale, zero at 128."""
    constants = {constant.name: constant for constant in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.input[1] not in constants:
            continue
        constant = constants[node.input[1]]
        matrix = onnx.numpy_helper.to_array(constant).T
        rows, width = matrix.shape
        blocks = np.pad(matrix, ((0, 0), (0, -width % BLOCK))).reshape(rows, -1, BLOCK)
        scales = np.abs(blocks).max(axis=2) / np.float32(127)
        codes = np.rint(blocks / np.where(scales > 0, scales, 1)[..., None]) + 128
        scales_name = node.input[1] + "_scales"
        constant.CopyFrom(onnx.numpy_helper.from_array(codes.astype(np.uint8), node.input[1]))
        model.graph.initializer.append(onnx.numpy_helper.from_array(scales.reshape(-1), scales_name))
        node.CopyFrom(onnx.helper.make_node("MatMulNBits", [*node.input, scales_name], node.output, domain="com.microsoft",
                                            K=width, N=rows, bits=8, block_size=BLOCK, accuracy_level=INT8_ACCUMULATION))
    if "com.microsoft" not in [opset.domain for opset in model.opset_import]:
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    return model


def load(shape, folder, position, variant):
    rows, past = sizes(position)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path_of(folder, position, variant), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    known = np.load(os.path.join(folder, "reference.npz"))
    ids = models.tokens(shape, past + rows)[past:].reshape(1, -1)
    held = {"tokens": ids, "last_row": np.array([past + rows - 1], np.int32), "total": np.array(past + rows, np.int32)}
    wanted = {node.name for node in session.get_inputs()}
    for name, values in held.items():
        if name in wanted:
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(values))
    in_place = variant.startswith("grouped")
    for layer in range(shape.layers):
        for name in ("keys", "values"):
            # (rows, heads, head) to (1, heads, rows, head)
            old = known[name][layer, :past].transpose(1, 0, 2)
            if name == "keys":
                old = np.concatenate([old[..., ::2], old[..., 1::2]], axis=-1)
            if in_place:
                cache = np.zeros((shape.key_heads, shape.context, shape.head), np.float32)
                cache[:, :past] = old
                value = onnxruntime.OrtValue.ortvalue_from_numpy(cache[None])
                binding.bind_ortvalue_output(f"new_{name}{layer}", value)
            else:
                value = onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(old[None]))
                extents = [1, shape.key_heads, rows, shape.head]
                binding.bind_ortvalue_output(f"new_{name}{layer}", onnxruntime.OrtValue.ortvalue_from_shape_and_type(
                    extents, np.float32, "cpu"))
            if f"past_{name}{layer}" in wanted:
                binding.bind_ortvalue_input(f"past_{name}{layer}", value)
    logits = onnxruntime.OrtValue.ortvalue_from_shape_and_type([1, 1, shape.vocabulary], np.float32, "cpu")
    binding.bind_ortvalue_output("logits", logits)
    return lambda: session.run_with_iobinding(binding), lambda: logits.numpy()


if __name__ == "__main__":
    timing.main("onnxruntime", onnxruntime.__version__, variants, make, load)
