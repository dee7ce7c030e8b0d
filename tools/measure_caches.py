# SPDX-License-Identifier: Apache-2.0
"""What attention's caches lose: the logits of a Llama with caches rounded, against float32 without any rounding.

The products are float32, so that what is lost is the caches' alone, or, with --int8, those of the default precision:
8-bit weights with a scale a row and an equalizer, 16-bit activations with one scale a vector.

From: a checkpoint of llama2.c, legacy format, and ids to feed it (.npz with `input_tokens`), or none for its own text.
To:   stdout, a line for each sort of cache: bits, signal-to-noise ratio of all logits, largest error, mean KL divergence.

    python3 tools/measure_caches.py stories260K.bin [golden.npz] [--tokens 256] [--int8]
"""
import argparse

import numpy as np

EPSILON = 1e-5


def read(path):
    """Header and weights by name; the classifier is the embedding where the vocabulary's size is positive."""
    numbers = np.fromfile(path, "<i4", 7)
    dim, hidden, layers, heads, key_heads, vocabulary, length = (int(n) for n in numbers)
    width, keys = dim // heads, dim // heads * key_heads
    shapes = [("embedding", (abs(vocabulary), dim)), ("norm1", (layers, dim)), ("q", (layers, dim, dim)),
              ("k", (layers, keys, dim)), ("v", (layers, keys, dim)), ("o", (layers, dim, dim)),
              ("norm2", (layers, dim)), ("gate", (layers, hidden, dim)), ("down", (layers, dim, hidden)),
              ("up", (layers, hidden, dim)), ("norm", (dim,)), ("cosines", (length, width // 2)),
              ("sines", (length, width // 2))]
    data, at, weights = np.fromfile(path, "<f4", offset=28), 0, {}
    for name, shape in shapes:
        count = int(np.prod(shape))
        weights[name], at = data[at:at + count].reshape(shape), at + count
    weights["out"] = weights["embedding"] if vocabulary > 0 else data[at:].reshape(-1, dim)
    return (layers, heads, key_heads, length), weights


def rounded_by_head(bits):
    """Whole numbers with a scale for each head and row."""
    def rounded(x):
        scale = np.abs(x).max(axis=-1, keepdims=True) / (2 ** (bits - 1) - 1)
        return np.where(scale > 0, np.round(x / np.where(scale > 0, scale, 1)) * scale, 0).astype(np.float32)
    return rounded


CACHES = {"f32": lambda x: x, "f16": lambda x: x.astype(np.float16).astype(np.float32), "i16": rounded_by_head(16),
          "i8": rounded_by_head(8)}


class Product:
    """W x in the default precision."""

    def __init__(self, weight):
        largest = np.abs(weight).max(axis=0)
        self.equalizer = np.sqrt(np.where(largest > 0, largest, 1))
        even = weight / self.equalizer
        scale = np.abs(even).max(axis=1, keepdims=True) / 127
        self.weight = np.round(even / np.where(scale > 0, scale, 1)) * scale

    def __matmul__(self, x):
        even = x * self.equalizer
        scale = np.abs(even).max() / 32639
        return (self.weight @ (np.round(even / scale) * scale if scale > 0 else even)).astype(np.float32)


def in_int8(weights):
    """Every matrix that multiplies; the embedding that is gathered from stays float32."""
    made = dict(weights, out=Product(weights["out"]))
    for name in ("q", "k", "v", "o", "gate", "down", "up"):
        made[name] = [Product(weight) for weight in weights[name]]
    return made


class Llama:
    def __init__(self, header, weights, cache):
        (self.layers, self.heads, self.key_heads, _), self.weights, self.cache = header, weights, cache
        self.keys, self.values = ([[] for _ in range(self.layers)] for _ in range(2))

    def step(self, token):
        w = self.weights
        x = w["embedding"][token]
        at = len(self.keys[0])
        for layer in range(self.layers):
            a = norm(x, w["norm1"][layer])
            q, k, v = ((w[name][layer] @ a).reshape(count, -1) for name, count in
                       (("q", self.heads), ("k", self.key_heads), ("v", self.key_heads)))
            q, k = (turn(y, w["cosines"][at], w["sines"][at]) for y in (q, k))
            self.keys[layer].append(self.cache(k))
            self.values[layer].append(self.cache(v))
            keys, values = (np.repeat(np.stack(c[layer]), self.heads // self.key_heads, axis=1)
                            for c in (self.keys, self.values))
            scores = np.einsum("hd,jhd->hj", q, keys) / np.sqrt(q.shape[1])
            e = np.exp(scores - scores.max(axis=1, keepdims=True))
            x = x + w["o"][layer] @ np.einsum("hj,jhd->hd", e / e.sum(axis=1, keepdims=True), values).reshape(-1)
            b = norm(x, w["norm2"][layer])
            gate = w["gate"][layer] @ b
            x = x + w["down"][layer] @ (gate / (1 + np.exp(-gate)) * (w["up"][layer] @ b))
        return w["out"] @ norm(x, w["norm"])


def norm(x, gain):
    return x / np.sqrt((x * x).mean() + EPSILON) * gain


def turn(x, cosine, sine):
    y = np.empty_like(x)
    y[:, ::2], y[:, 1::2] = x[:, ::2] * cosine - x[:, 1::2] * sine, x[:, ::2] * sine + x[:, 1::2] * cosine
    return y


def logarithms(x):
    x = x.astype(np.float64) - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("golden", nargs="?")
    parser.add_argument("--tokens", type=int, default=256, help="of its own text, without ids to feed")
    parser.add_argument("--int8", action="store_true", help="products in the default precision")
    options = parser.parse_args()
    header, weights = read(options.checkpoint)
    exact, ids, truth = Llama(header, weights, CACHES["f32"]), [], []
    given = np.load(options.golden)["input_tokens"] if options.golden else None
    for at in range(len(given) if given is not None else min(options.tokens, header[3])):
        ids.append(int(given[at]) if given is not None else int(np.argmax(truth[-1])) if truth else 1)
        truth.append(exact.step(ids[-1]))
    truth = np.stack(truth)
    used = in_int8(weights) if options.int8 else weights
    for name, cache in list(CACHES.items())[0 if options.int8 else 1:]:
        model = Llama(header, used, cache)
        found = np.stack([model.step(token) for token in ids])
        error = (found - truth).astype(np.float64)
        snr = 10 * np.log10((truth.astype(np.float64) ** 2).sum() / (error ** 2).sum())
        p, q = logarithms(truth), logarithms(found)
        divergence = (np.exp(p) * (p - q)).sum(axis=1).mean()
        print(f"{name}: {snr:.2f} dB, largest error {np.abs(error).max():.2g}, KL divergence {divergence:.2g}"
              f" over {len(ids)} tokens")


if __name__ == "__main__":
    main()
