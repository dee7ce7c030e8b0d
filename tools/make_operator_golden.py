# SPDX-License-Identifier: Apache-2.0
"""Makes the goldens of patches, frames, pooling, positions and constants, by PyTorch.

From: nothing but a seed.
To:   DIR/operators.npz, which holds <case>.input, <case>.output and the weights of each case.
Run:  python tools/make_operator_golden.py Tests/FunesConvertTests/Goldens
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn

STEPS = 5


def cases():
    # A convolution is patches and a product; its output, pixel after pixel, is that of unfold.
    conv = nn.Conv2d(2, 4, (3, 2), stride=(2, 3), padding=(1, 1))
    x = torch.randn(STEPS, 2, 7, 9)
    patches = nn.functional.unfold(x, (3, 2), stride=(2, 3), padding=(1, 1)).mT
    y = conv(x).flatten(2).mT
    weights = {"weight": conv.weight, "bias": conv.bias}
    yield "planes", {"input": x, "patches": patches, "output": y, **weights}
    yield "pixels", {"input": x.permute(0, 2, 3, 1), "patches": patches, "output": y, **weights}

    # One channel without an axis for it, patches beside each other: what a vision transformer begins with.
    x = torch.randn(STEPS, 6, 8)
    patches = nn.functional.unfold(x[:, None], 2, stride=2).mT
    token, table = torch.randn(1, 1, 4), torch.randn(1, 13, 4)
    y = torch.cat([token.expand(STEPS, 1, 4), patches], 1) + table
    yield "tokens", {"input": x, "token": token, "table": table, "output": y * 0.125}

    # Each head has its own scores, for its part of the columns.
    x, score = torch.randn(STEPS, 7, 6), nn.Linear(6, 2)
    weights = score(x).softmax(1)
    y = torch.cat([(weights[:, :, :1] * x[:, :, :3]).sum(1), (weights[:, :, 1:] * x[:, :, 3:]).sum(1)], 1)
    yield "heads", {"input": x, "output": y, "weight": score.weight, "bias": score.bias}

    # The same over rows, by one score, and a mean; then the first row.
    x, score = torch.randn(9, 6), nn.Linear(6, 1)
    y = (score(x).softmax(0) * x).sum(0)
    yield "rows", {"input": x, "output": torch.cat([y, x.mean(0), x[0]]), "weight": score.weight, "bias": score.bias}

    table = nn.Embedding(11, 6)
    x = torch.randn(11, 6)
    yield "position", {"input": x, "output": x + table(torch.arange(11)), "table": table.weight}

    # Convolutions inside a row, whose positions come first here; then the root of what they make, squared.
    for name, mode, padding, options in (
        ("inner", "constant", (1, 1), {}), ("inner.wide", "reflect", (4, 2), {"stride": 2, "dilation": 3}),
        ("inner.held", "replicate", (5, 0), {"stride": 3}),
    ):
        conv = nn.Conv1d(3, 4, 3, **options)
        x = torch.randn(STEPS, 3, 11)
        padded = nn.functional.pad(x, padding, mode)
        weights = {"weight": conv.weight, "bias": conv.bias}
        yield name, {"input": x.mT, "output": conv(padded).abs().mT, **weights}

    # A spectrum of one channel, and the frames that it is made of.
    conv = nn.Conv1d(1, 6, 8, stride=4, bias=False)
    x = torch.randn(STEPS, 1, 24)
    padded = nn.functional.pad(x, (0, 4), "reflect")
    patches = nn.functional.unfold(padded[:, :, None], (1, 8), stride=(1, 4)).mT
    yield "spectrum", {"input": x.squeeze(1), "patches": patches, "output": conv(padded).mT, "weight": conv.weight}


def main():
    torch.manual_seed(21)
    folder = pathlib.Path(sys.argv[1])
    out = {}
    for name, arrays in cases():
        for key, value in arrays.items():
            out[f"{name}.{key}"] = value.detach().contiguous().numpy()
    np.savez(folder / "operators.npz", **out)


if __name__ == "__main__":
    main()
