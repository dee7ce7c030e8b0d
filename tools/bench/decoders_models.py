# SPDX-License-Identifier: Apache-2.0
"""The decoders that are timed, their random weights, and what they must compute.

All are of Llama's shape, and all programs get the same weights: a checkpoint in llama2.c's legacy format, its embedding also its
classifier. Beside it lies what a float decoder computes from it, so that a peer that was put together wrongly is found by its
numbers before it is timed.
"""
import os
import sys
from dataclasses import dataclass

import numpy as np

EPSILON = 1e-5
POSITIONS = (16, 256)  # tokens before the one that is timed
PROMPT = 256  # tokens of a prefill


@dataclass(frozen=True)
class Shape:
    width: int
    hidden: int
    layers: int
    heads: int
    key_heads: int
    vocabulary: int
    context: int

    @property
    def head(self):
        return self.width // self.heads

    @property
    def keys(self):
        return self.head * self.key_heads


SHAPES = {
    "d64": Shape(64, 172, 5, 8, 4, 512, 512),
    "d288": Shape(288, 768, 6, 6, 6, 32000, 512),
    "d512": Shape(512, 1376, 8, 8, 8, 32000, 1024),
}


def tensors(shape):
    """Names and shapes in the order of the file."""
    layers, width, hidden, keys = shape.layers, shape.width, shape.hidden, shape.keys
    return {"embedding": (shape.vocabulary, width), "norm1": (layers, width), "q": (layers, width, width),
            "k": (layers, keys, width), "v": (layers, keys, width), "o": (layers, width, width),
            "norm2": (layers, width), "gate": (layers, hidden, width), "down": (layers, width, hidden),
            "up": (layers, hidden, width), "norm": (width,)}


def turns(shape, rows=None):
    """Cosines and sines of rotary positions, (rows, head / 2)."""
    frequencies = 10000.0 ** (-np.arange(0, shape.head, 2) / shape.head)
    angles = np.outer(np.arange(rows or shape.context), frequencies)
    return np.cos(angles).astype("<f4"), np.sin(angles).astype("<f4")


def weights(shape):
    """Values of a trained model's size: norms of ones, matrices that keep the magnitude of a row."""
    drawn, random = {}, np.random.default_rng(7)
    for name, extents in tensors(shape).items():
        if name.startswith("norm"):
            drawn[name] = np.ones(extents, "<f4")
        else:
            scale = 0.05 if name == "embedding" else 0.8 / np.sqrt(extents[-1])
            drawn[name] = (random.standard_normal(extents, dtype=np.float32) * np.float32(scale)).astype("<f4")
    return drawn


def tokens(shape, count):
    return (np.arange(count) * 37 + 1) % shape.vocabulary


def write(shape, path):
    with open(path + ".part", "wb") as file:
        np.array([shape.width, shape.hidden, shape.layers, shape.heads, shape.key_heads, shape.vocabulary, shape.context],
                 "<i4").tofile(file)
        for values in list(weights(shape).values()) + list(turns(shape)):
            values.tofile(file)
    os.replace(path + ".part", path)


def normalized(x, gain):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPSILON) * gain


def turned(x, cosines, sines):
    """(rows, heads, head): elements 2i and 2i + 1 are turned together."""
    y, cosines, sines = np.empty_like(x), cosines[:, None], sines[:, None]
    y[..., ::2] = x[..., ::2] * cosines - x[..., 1::2] * sines
    y[..., 1::2] = x[..., ::2] * sines + x[..., 1::2] * cosines
    return y


def reference(shape):
    """What a float decoder holds and says after PROMPT + 1 tokens: `keys` and `values` (layers, rows, heads, head), and
    `logits` of the rows that are timed, by position; the row of a prefill is the last of the prompt."""
    w, rows = weights(shape), PROMPT + 1
    cosines, sines = turns(shape, rows)
    groups = shape.heads // shape.key_heads
    future = np.triu(np.full((rows, rows), -np.inf, np.float32), 1)
    x, keys, values = w["embedding"][tokens(shape, rows)], [], []
    for layer in range(shape.layers):
        a = normalized(x, w["norm1"][layer])
        q = turned((a @ w["q"][layer].T).reshape(rows, shape.heads, -1), cosines, sines)
        keys.append(turned((a @ w["k"][layer].T).reshape(rows, shape.key_heads, -1), cosines, sines))
        values.append((a @ w["v"][layer].T).reshape(rows, shape.key_heads, -1))
        scores = np.einsum("ihd,jhd->hij", q, np.repeat(keys[-1], groups, axis=1)) / np.sqrt(shape.head) + future
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = np.einsum("hij,jhd->ihd", e / e.sum(axis=-1, keepdims=True), np.repeat(values[-1], groups, axis=1))
        x = x + mixed.reshape(rows, -1) @ w["o"][layer].T
        b = normalized(x, w["norm2"][layer])
        gate = b @ w["gate"][layer].T
        x = x + (gate / (1 + np.exp(-gate)) * (b @ w["up"][layer].T)) @ w["down"][layer].T
    read = {str(position): position for position in POSITIONS} | {"prefill": PROMPT - 1}
    logits = normalized(x[list(read.values())], w["norm"]) @ w["embedding"].T
    found = {"keys": np.stack(keys), "values": np.stack(values)} | {f"logits_{at}": row for at, row in zip(read, logits)}
    return {name: values.astype(np.float32) for name, values in found.items()}


def signal_to_noise(found, truth):
    """In dB."""
    noise = ((found.astype(np.float64) - truth) ** 2).sum()
    return float(10 * np.log10((truth.astype(np.float64) ** 2).sum() / noise)) if noise else 999.0


def main():
    """decoders_models.py SHAPE FOLDER: writes model.bin and reference.npz."""
    name, folder = sys.argv[1:]
    write(SHAPES[name], os.path.join(folder, "model.bin"))
    np.savez(os.path.join(folder, "reference.npz"), **reference(SHAPES[name]))


if __name__ == "__main__":
    main()
