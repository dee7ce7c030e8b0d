# SPDX-License-Identifier: Apache-2.0
"""Makes the goldens of GGUF's types, by the gguf package.

From: nothing but a seed.
To:   DIR/types.gguf, a small file with metadata of every type and a tensor of every type that is read, and
      DIR/types.npz, the tensors as the package decodes them.
Run:  python tools/make_gguf_golden.py Tests/FunesConvertTests/Goldens/gguf      (needs gguf 0.19)

Tensors `<type>.random` hold random bits, with finite scales: so every bit of a block counts. `<type>.made` are random
numbers as the package quantises them, where it can.
"""

import pathlib
import sys

import numpy as np
from gguf import GGUFWriter, GGMLQuantizationType as Type, GGUFValueType as Value, GGML_QUANT_SIZES, quants

# Where a block has half-precision scales, in halves from its beginning.
SCALES = {
    Type.Q8_0: [0], Type.Q4_0: [0], Type.Q4_1: [0, 1], Type.Q5_0: [0], Type.Q5_1: [0, 1], Type.Q2_K: [40, 41],
    Type.Q3_K: [54], Type.Q4_K: [0, 1], Type.Q5_K: [0, 1], Type.Q6_K: [104],
}


def random_blocks(kind, rows, columns, random):
    """Blocks of random bits, whose scales are random halves, some subnormal."""
    block, size = GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (rows, columns // block, size), dtype=np.uint8)
    halves = data.view(np.uint16)
    for place in SCALES[kind]:
        halves[..., place] = random.normal(0, 1e-3, halves.shape[:2]).astype(np.float16).view(np.uint16)
    halves[0, 0, SCALES[kind][0]] = 3  # 3 · 2^-24
    return data.reshape(rows, -1)


def add_metadata(writer):
    writer.add_name("types")
    for kind, value in [
        ("uint8", 255), ("int8", -128), ("uint16", 65535), ("int16", -32768), ("uint32", 4294967295),
        ("int32", -2147483648), ("uint64", 2**64 - 1), ("int64", -2**63), ("float32", 0.1), ("float64", 0.1),
        ("bool", True), ("string", "Ünïcödé ▁ \n"),
    ]:
        getattr(writer, f"add_{kind}")(f"test.{kind}", value)
        if kind != "string":
            writer.add_key_value(f"test.list.{kind}", [value, value, False if kind == "bool" else 0], Value.ARRAY,
                                 sub_type=Value[kind.upper()])
    writer.add_array("test.list.string", ["", "▁a", "b" * 100])


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    writer = GGUFWriter(folder / "types.gguf", "test")
    add_metadata(writer)
    goldens = {}

    def add(name, data, kind):
        writer.add_tensor(name, data, raw_dtype=kind)
        goldens[name] = quants.dequantize(data, kind)

    floats = random.normal(0, 1, (3, 5)).astype(np.float32)
    add("f32.plain", floats, Type.F32)
    add("f16.plain", floats.astype(np.float16), Type.F16)
    add("bf16.plain", quants.quantize(random.normal(0, 1, (3, 8)).astype(np.float32), Type.BF16), Type.BF16)
    for kind in SCALES:
        block, _ = GGML_QUANT_SIZES[kind]
        add(f"{kind.name.lower()}.random", random_blocks(kind, 2, 2 * block if block == 32 else block, random), kind)
        if block == 32:  # the package only decodes the others
            add(f"{kind.name.lower()}.made", quants.quantize(random.normal(0, 1, (2, 64)).astype(np.float32), kind), kind)
    for name in ["int8", "int16", "int32", "int64", "float64"]:
        values = np.array([[-3, 0, 100], [1, 2, 127]], dtype=name)
        writer.add_tensor(f"{name}.plain", values)
        goldens[f"{name}.plain"] = values
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    np.savez_compressed(folder / "types.npz", **goldens)


if __name__ == "__main__":
    main()
