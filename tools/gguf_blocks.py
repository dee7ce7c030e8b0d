# SPDX-License-Identifier: Apache-2.0
"""Quantises to Q4_K and Q6_K, which the gguf package only decodes. Not a command; imported by make_gguf_models.py.

Nearest levels, without the search that llama.cpp makes for better ones. Layouts: ggml-common.h of github.com/ggml-org/ggml.
"""

import numpy as np
from gguf import GGMLQuantizationType as Type


def quantize_k(weight, kind):
    """(rows, columns) float32 to (rows, bytes) uint8; columns in blocks of 256."""
    blocks = weight.reshape(-1, 256)
    data = {Type.Q4_K: q4_k, Type.Q6_K: q6_k}[kind](blocks)
    return data.reshape(weight.shape[0], -1)


def halves(values):
    return values.astype(np.float16).reshape(-1, 1).view(np.uint8)


def divided(x, by):
    return np.divide(x, by, out=np.zeros_like(x), where=by != 0)


def q4_k(blocks):
    """x = d s q − m l: eight groups of 32; q of 4 bits, s and l of 6."""
    groups = blocks.reshape(-1, 8, 32)
    least = np.maximum(0, -groups.min(axis=2))
    step = (groups.max(axis=2) + least).clip(0) / 15
    d = (step.max(axis=1) / 63).astype(np.float16).astype(np.float32)
    m = (least.max(axis=1) / 63).astype(np.float16).astype(np.float32)
    s = divided(step, np.repeat(d[:, None], 8, 1)).round().clip(0, 63).astype(np.uint8)
    l = divided(least, np.repeat(m[:, None], 8, 1)).round().clip(0, 63).astype(np.uint8)
    scale = np.repeat((d[:, None] * s)[..., None], 32, 2)
    q = divided(groups + (m[:, None] * l)[..., None], scale).round().clip(0, 15).astype(np.uint8)
    # Groups 0 to 3 have bytes of their own, whose upper two bits belong to groups 4 to 7.
    packed = np.concatenate([
        s[:, :4] | (s[:, 4:] >> 4) << 6, l[:, :4] | (l[:, 4:] >> 4) << 6, (s[:, 4:] & 15) | (l[:, 4:] & 15) << 4], axis=1)
    pairs = q.reshape(-1, 4, 2, 32)
    nibbles = (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(-1, 128)
    return np.concatenate([halves(d), halves(m), packed, nibbles], axis=1)


def q6_k(blocks):
    """x = d s (q − 32): 16 groups of 16; q of 6 bits, s of 8."""
    groups = blocks.reshape(-1, 16, 16)
    step = np.abs(groups).max(axis=2) / 31
    d = (step.max(axis=1) / 127).astype(np.float16).astype(np.float32)
    s = divided(step, np.repeat(d[:, None], 16, 1)).round().clip(-128, 127)
    scale = np.repeat((d[:, None] * s)[..., None], 16, 2).astype(np.float32)
    q = (divided(groups, scale).round().clip(-32, 31) + 32).astype(np.uint8).reshape(-1, 2, 4, 32)
    low = q & 15
    lows = np.stack([low[:, :, 0] | low[:, :, 2] << 4, low[:, :, 1] | low[:, :, 3] << 4], axis=2).reshape(-1, 128)
    high = q >> 4
    highs = (high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6).reshape(-1, 64)
    return np.concatenate([lows, highs, s.astype(np.int8).view(np.uint8), halves(d)], axis=1)
