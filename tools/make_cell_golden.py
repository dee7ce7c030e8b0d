# SPDX-License-Identifier: Apache-2.0
"""Makes the goldens of recurrent cells and row operators, by PyTorch.

From: nothing but a seed.
To:   DIR/<case>.pt (plain state dictionaries, for inference without a recipe) and DIR/cells.npz, which holds
      <case>.input and <case>.output of those, and inputs, weights and outputs of the cases that need a recipe.
Run:  python tools/make_cell_golden.py Tests/FunesConvertTests/Goldens
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn

STEPS = 7


class Chain(nn.Module):
    """Modules in order; recurrent ones give their output, a batch of one."""

    def __init__(self, **modules):
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x):
        for module in self.children():
            x = module(x)
            x = x[0] if isinstance(x, tuple) else x
        return x


def unroll(cell, x):
    """Outputs of a cell over rows."""
    state = None
    rows = []
    for row in x:
        state = cell(row[None], state)
        rows.append(state[0] if isinstance(state, tuple) else state)
    return torch.cat(rows)


def plain_cases():
    """Models that names and shapes tell; the third entry is the number of ids, 0 for float input."""
    yield "rnn", Chain(rnn=nn.RNN(5, 6, num_layers=2)), 0
    yield "lstm", Chain(encoder=nn.Embedding(11, 9), rnn=nn.LSTM(9, 20, num_layers=2), decoder=nn.Linear(20, 11)), 11
    yield "lstm_no_bias", Chain(rnn=nn.LSTM(5, 7, bias=False), head=nn.Linear(7, 3, bias=False)), 0
    yield "lstm_projected", Chain(rnn=nn.LSTM(5, 8, num_layers=2, proj_size=3)), 0
    yield "gru", Chain(rnn=nn.GRU(5, 6, num_layers=2), fc=nn.Linear(6, 4)), 0
    yield "lstm_bidirectional", Chain(rnn=nn.LSTM(5, 4, num_layers=2, bidirectional=True), fc=nn.Linear(8, 3)), 0
    yield "gru_bidirectional", Chain(rnn=nn.GRU(5, 4, num_layers=2, bidirectional=True)), 0
    yield "rnn_cell", nn.RNNCell(5, 6), 0
    yield "lstm_cell", nn.LSTMCell(5, 6), 0
    yield "gru_cell", nn.GRUCell(5, 6), 0


def recipe_cases(out):
    """Cases whose architecture only a recipe tells."""

    def keep(name, **arrays):
        for key, value in arrays.items():
            out[f"{name}.{key}"] = value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)

    relu = nn.RNN(5, 6, nonlinearity="relu")
    x = torch.randn(STEPS, 5)
    keep("rnn_relu", input=x, output=relu(x)[0], **dict(relu.named_parameters()))

    # Lanes are a batch: three streams through one set of weights.
    lanes = nn.GRU(4, 5)
    x = torch.randn(STEPS, 3, 4)
    keep("gru_lanes", input=x, output=lanes(x)[0], **dict(lanes.named_parameters()))

    # An inner axis of six steps, walked both ways in every row, from zero.
    inner = nn.LSTM(4, 3, bidirectional=True, batch_first=True)
    x = torch.randn(STEPS, 6, 4)
    keep("lstm_inner", input=x, output=inner(x)[0], **dict(inner.named_parameters()))

    # Gates of an LSTM, and its variants that PyTorch has not: coupled, clipped, hard gates. Written out in torch.
    weight_x, weight_h = torch.randn(12, 5), torch.randn(12, 4)
    bias = torch.randn(12)
    x = torch.randn(STEPS, 5)
    for name in ("gates", "coupled", "clipped", "hard"):
        h, c = torch.zeros(4), torch.zeros(4)
        hs, gates = [], []
        full = torch.cat([torch.zeros(4, 5), weight_x]), torch.cat([torch.zeros(4, 4), weight_h])
        for row in x:
            if name == "coupled":
                f, g, o = (weight_x @ row + weight_h @ h + bias).chunk(3)
                f, g, o = f.sigmoid(), g.tanh(), o.sigmoid()
                i = 1 - f
            else:
                shift = torch.cat([torch.ones(4), bias])
                i, f, g, o = (full[0] @ row + full[1] @ h + shift).chunk(4)
                gate = (lambda v: (0.2 * v + 0.5).clamp(0, 1)) if name == "hard" else torch.sigmoid
                i, f, g, o = gate(i), gate(f), g.tanh(), gate(o)
            c = f * c + i * g
            if name == "clipped":
                c = c.clamp(-0.25, 0.25)
            h = o * c.tanh()
            hs.append(h)
            gates.append(torch.cat([i, f, g, o]))
        keep(f"lstm_{name}", output=torch.stack(hs), gates=torch.stack(gates))
    keep("lstm_variants", input=x, weight_x=weight_x, weight_h=weight_h, bias=bias)

    # A dilated causal convolution with a stride: left padding makes it causal.
    conv = nn.Conv1d(3, 4, 3, dilation=2, stride=2)
    x = torch.randn(STEPS, 3)
    y = conv(nn.functional.pad(x.T[None], (4, 0)))[0].T
    keep("conv1d", input=x, output=y, weight=conv.weight, bias=conv.bias)

    mean = torch.cumsum(x, 0) / torch.arange(1, STEPS + 1)[:, None]
    keep("mean", input=x, output=mean)


def main():
    torch.manual_seed(20)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    out = {}
    for name, model, ids in plain_cases():
        torch.save(model.state_dict(), folder / f"{name}.pt")
        x = torch.randint(ids, (STEPS,)) if ids else torch.randn(STEPS, 5)
        y = model(x) if isinstance(model, Chain) else unroll(model, x)
        out[f"{name}.input"] = x.numpy()
        out[f"{name}.output"] = y.detach().numpy()
    recipe_cases(out)
    np.savez(folder / "cells.npz", **out)


if __name__ == "__main__":
    main()
