# SPDX-License-Identifier: Apache-2.0
"""Attention, pooling, patches and frames of tools/reference.py, in numpy by FORMAT.md alone. Not a command; imported by it."""
import struct

import numpy as np


def real(bits):
    """A float among an operator's numbers."""
    return struct.unpack("<f", struct.pack("<i", bits))[0]


def attend(q, keys, values, heads, key_heads, scale, bias=None, additive=None):
    """One query (H D) over rows (K D), (K E) to (H E); bias (H, rows) is added to the scores."""
    width, count = keys.shape[1] // key_heads, len(keys)
    if count == 0:
        return np.zeros(heads * (values.shape[1] // key_heads))
    y = []
    for h in range(heads):
        own, head = q.reshape(heads, -1)[h], h * key_heads // heads
        key, value = keys.reshape(count, key_heads, width)[:, head], values.reshape(count, key_heads, -1)[:, head]
        s = (key @ own if additive is None else np.tanh(own + key) @ additive) * scale
        s = s if bias is None else s + bias[h]
        weight = np.exp(s - s.max())
        y.append(weight @ value / weight.sum())
    return np.concatenate(y)


def causal(xs, states, vector, numbers):
    """Rows of q, k, v to y and the caches, kept oldest row first here, so that the slot has no use."""
    (q, k, v), old, rows = xs, states[3], len(states[0])
    heads, key_heads, window, scale, kind = *numbers[:3], real(numbers[3]), numbers[4]
    keys, values = (np.concatenate([cache[rows - old:], new]) for cache, new in zip(states, (k, v)))
    y = []
    for t in range(len(q)):
        seen = slice(max(0, old + t + 1 - window), old + t + 1)
        back = np.arange(seen.stop - seen.start)[::-1]
        table = None if kind == 0 else vector.reshape(heads, -1)
        bias = {0: lambda: None, 1: lambda: -table * back, 2: lambda: table[:, np.minimum(back, table.shape[1] - 1)]}[kind]()
        y.append(attend(q[t], keys[seen], values[seen], heads, key_heads, scale, bias))
    whole = [np.concatenate([np.zeros((rows, k.shape[1])), cache])[-rows:] for cache in (keys, values)]
    return np.array(y), [*whole, states[2], min(old + len(q), rows)]


def block(xs, vector, numbers):
    """Rows of the call that see each other, or the inner rows of each."""
    heads, key_heads, inner, scale, kind = *numbers[:3], real(numbers[3]), numbers[4]
    blocks = zip(*([x.reshape(inner, -1) for x in whole] for whole in xs)) if inner else [xs]
    y = []
    for q, k, v in blocks:
        apart = np.arange(len(k))[None] - np.arange(len(q))[:, None]
        if kind == 1:
            bias = -vector[:, None, None] * abs(apart)
        elif kind == 2:
            table = vector.reshape(heads, -1)
            bias = table[:, np.clip(apart, -(table.shape[1] // 2), table.shape[1] // 2) + table.shape[1] // 2]
        elif kind == 3:
            bias = np.broadcast_to(vector.reshape(-1, len(q), len(q)), (heads, len(q), len(q)))
        rows = [attend(q[i], k, v, heads, key_heads, scale, None if kind == 0 else bias[:, i]) for i in range(len(q))]
        y.append(np.array(rows))
    return np.array([rows.reshape(-1) for rows in y]) if inner else y[0]


def remember(xs, states, appended):
    """The memory after it has taken `appended` rows of each row."""
    after, count = list(states), states[2]
    for slot, x in enumerate(xs):
        new = x.reshape(len(x) * appended, -1)
        after[slot] = np.concatenate([states[slot][:count], new, states[slot][count + len(new):]])
    after[2] = count + len(xs[0]) * appended
    return after


def recall(q, states, vector, numbers):
    keys, values = (cache[:states[2]] for cache in states[:2])
    additive = vector if numbers[3] == 1 else None
    return np.array([attend(row, keys, values, *numbers[:2], real(numbers[2]), additive=additive) for row in q])


def pool(xs, lanes, heads):
    """Means, or sums weighted by a softmax of scores for each head."""
    x = xs[0].reshape(-1, lanes, xs[0].shape[1] // lanes) if lanes else xs[0][None]
    if len(xs) == 1:
        return x.mean(axis=1)
    s = xs[1].reshape(*x.shape[:2], heads)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    weight = np.repeat(e / e.sum(axis=1, keepdims=True), x.shape[2] // heads, axis=2)
    return (weight * x).sum(axis=1)


def patches(x, numbers):
    """Rows of (C, H, W) or (H, W, C) to (patches, C kernel)."""
    channels, layout, height, width = numbers[0] & 0xFFFF, numbers[0] >> 16, numbers[1], numbers[2]
    (kh, kw), (sh, sw), (ph, pw) = ((n & 0xFFFF, n >> 16) for n in numbers[3:6])
    x = x.reshape(-1, height, width, channels).transpose(0, 3, 1, 2) if layout else x.reshape(-1, channels, height, width)
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    cut = [x[:, :, i:i + kh, j:j + kw].reshape(len(x), -1)
           for i in range(0, x.shape[2] - kh + 1, sh) for j in range(0, x.shape[3] - kw + 1, sw)]
    return np.concatenate(cut, axis=1)


def frames(x, numbers):
    """Rows of (N, w) to (M, k w)."""
    positions, kernel, stride, dilation, padding, mode = numbers
    x = x.reshape(len(x), positions, -1)
    x = np.pad(x, ((0, 0), (padding & 0xFFFF, padding >> 16 & 0xFFFF), (0, 0)), ("constant", "reflect", "edge")[mode])
    starts = range(0, x.shape[1] - (kernel - 1) * dilation, stride)
    return np.stack([x[:, at:at + (kernel - 1) * dilation + 1:dilation] for at in starts], axis=1).reshape(len(x), -1)
