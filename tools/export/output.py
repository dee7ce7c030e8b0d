# SPDX-License-Identifier: Apache-2.0
"""Writes what an exporter has: tensors as a safetensors file, and a recipe as `funes` reads it. Not a command."""
import json
import os
import struct

import numpy as np

from environment import ExportError

NAMES = {"f2": "F16", "f4": "F32", "f8": "F64"}


def save_tensors(path, tensors):
    """tensors: arrays of floats by name. Names ascend, so that equal tensors make equal files."""
    header, data, end = {}, [], 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        array = array.astype(array.dtype.newbyteorder("<"))
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        if kind not in NAMES:
            raise ExportError(f'tensor "{name}": found elements of type {array.dtype}, expected floats')
        if not np.isfinite(array).all():
            raise ExportError(f'tensor "{name}": found elements that are not finite, expected trained weights')
        header[name] = {"dtype": NAMES[kind], "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]}
        data.append(array.tobytes())
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def recipe_text(recipe, width=120):
    """JSON with what fits a line on one line."""
    def lay(value, indent, used):
        flat = json.dumps(value, ensure_ascii=False)
        if indent + used + len(flat) <= width or not isinstance(value, (dict, list)) or not value:
            return flat
        inner = " " * (indent + 2)
        if isinstance(value, dict):
            parts = [f"{inner}{json.dumps(key)}: {lay(item, indent + 2, len(key) + 5)}" for key, item in value.items()]
            return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
        return "[\n" + ",\n".join(inner + lay(item, indent + 2, 1) for item in value) + "\n" + " " * indent + "]"
    lines = [f"  {json.dumps(key)}: {lay(value, 2, len(key) + 5)}" for key, value in recipe.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def derive(arrays, emitter):
    """What batch norms become, x · scale + shift: worked out in float64, rounded once."""
    for layer, scale, shift in emitter.derived.values():
        array = {role: arrays[name].astype(np.float64) for role, name in layer.tensors.items()}
        mean, variance = array["moving_mean"], array["moving_variance"]
        factor = array.get("gamma", np.ones_like(mean)) / np.sqrt(variance + layer.option("epsilon", 0.001))
        arrays[scale] = factor.astype(np.float32)
        arrays[shift] = (array.get("beta", np.zeros_like(mean)) - mean * factor).astype(np.float32)


def export(folder, arrays, recipe, emitter):
    """Writes FOLDER/<name>.safetensors, of the arrays that the emitter took, and FOLDER/<name>.json; says what was written
    and what was assumed."""
    derive(arrays, emitter)
    os.makedirs(folder, exist_ok=True)
    name = recipe["name"]
    weights, path = os.path.join(folder, f"{name}.safetensors"), os.path.join(folder, f"{name}.json")
    save_tensors(weights, {tensor: arrays[tensor] for tensor in emitter.used})
    with open(path, "w") as file:
        file.write(recipe_text(recipe))
    for note in emitter.notes:
        print(f"assumed: {note}")
    print(f"wrote {weights}, {path}")
    print(f"next: funes convert {weights} --recipe {path} -o {name}.funes")
