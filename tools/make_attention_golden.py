# SPDX-License-Identifier: Apache-2.0
"""Makes the goldens of attention over caches, blocks and memories, by PyTorch.

From: nothing but a seed.
To:   DIR/attention.npz with <case>.<name>: inputs, weights, biases and outputs of the cases below.
Run:  python tools/make_attention_golden.py Tests/FunesConvertTests/Goldens
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention as attend

ROWS = 11


def heads(x, count):
    """(rows, count · d) to (count, rows, d)."""
    return x.reshape(len(x), count, -1).transpose(0, 1)


def flat(y):
    """(heads, rows, d) to (rows, heads · d)."""
    return y.transpose(0, 1).flatten(1)


def blocks(keep):
    # Self-attention as PyTorch's own module has it, packed projections and all.
    module = nn.MultiheadAttention(12, 3, batch_first=True)
    nn.init.normal_(module.in_proj_bias)
    nn.init.normal_(module.out_proj.bias)
    x = 2 * torch.randn(ROWS, 12)
    keep("multihead", input=x, output=module(x[None], x[None], x[None])[0][0], **dict(module.named_parameters()))

    # Two heads of queries on one of keys, values of another width, every distance beyond 3 alike.
    q, k, v = torch.randn(ROWS, 8), torch.randn(ROWS, 4), torch.randn(ROWS, 5)
    table = torch.randn(2, 7)
    apart = torch.arange(ROWS)[None] - torch.arange(ROWS)[:, None]
    y = attend(heads(q, 2), heads(k, 1), heads(v, 1), attn_mask=table[:, apart.clamp(-3, 3) + 3], enable_gqa=True)
    keep("distances", input=torch.cat([q, k, v], 1), table=table, output=flat(y))

    slopes = torch.tensor([0.5, 0.125])
    y = attend(heads(q, 2), heads(k, 1), heads(v, 1), attn_mask=-slopes[:, None, None] * apart.abs(), enable_gqa=True)
    keep("slopes", values=slopes, output=flat(y))

    # Rows that each hold a block of five, under one mask for both heads and under one for each. -1e9 shuts a pair out.
    q, k, v = torch.randn(ROWS, 5, 6), torch.randn(ROWS, 5, 6), torch.randn(ROWS, 5, 4)
    for name, mask in ("shared", torch.randn(5, 5)), ("own", torch.randn(2, 5, 5)):
        mask[..., 1, 3] = mask[..., 4, 0] = -1e9
        y = [flat(attend(heads(a, 2), heads(b, 2), heads(c, 2), attn_mask=mask)) for a, b, c in zip(q, k, v)]
        keep(f"mask_{name}", mask=mask, output=torch.stack(y))
    keep("mask", input=torch.cat([q.flatten(1), k.flatten(1), v.flatten(1)], 1))


def caches(keep):
    # A window of four rows, scores lowered along the past or by a table of it.
    q, k, v = torch.randn(ROWS, 8), torch.randn(ROWS, 8), torch.randn(ROWS, 8)
    back = torch.arange(ROWS)[:, None] - torch.arange(ROWS)[None]
    seen = torch.where((back >= 0) & (back < 4), 0.0, -torch.inf)
    slopes, table = torch.tensor([0.5, 0.125]), torch.randn(2, 3)
    for name, bias in ("slopes", -slopes[:, None, None] * back), ("distances", table[:, back.clamp(0, 2)]):
        y = attend(heads(q, 2), heads(k, 2), heads(v, 2), attn_mask=seen + bias)
        keep(f"causal_{name}", output=flat(y))
    keep("causal", input=torch.cat([q, k, v], 1), slopes=slopes, table=table)


def memories(keep):
    # Cross-attention of PyTorch's own module over a source of other width.
    module = nn.MultiheadAttention(12, 3, kdim=7, vdim=7, batch_first=True)
    nn.init.normal_(module.in_proj_bias)
    source, x = torch.randn(6, 7), 2 * torch.randn(ROWS, 12)
    y = module(x[None], source[None], source[None])[0][0]
    keep("cross", source=source, input=x, output=y, **dict(module.named_parameters()))

    # Bahdanau, Cho and Bengio 2015: e = v tanh(W q + U h), written out. Luong, Pham and Manning 2015: e = q (W h).
    query, key, v = torch.randn(9, 12), torch.randn(9, 7), torch.randn(9)
    e = torch.tanh((x @ query.T)[:, None] + (source @ key.T)[None]) @ v
    keep("additive", query=query, key=key, score=v, output=e.softmax(1) @ source)
    general = torch.randn(12, 7)
    keep("general", key=general, output=(x @ (source @ general.T).T).softmax(1) @ source)


def main():
    torch.manual_seed(21)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    out = {}

    def keep(case, **arrays):
        out.update({f"{case}.{name}": array.detach().numpy() for name, array in arrays.items()})

    for make in blocks, caches, memories:
        make(keep)
    np.savez(folder / "attention.npz", **out)


if __name__ == "__main__":
    main()
