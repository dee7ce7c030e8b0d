# SPDX-License-Identifier: Apache-2.0
"""PyTorch: nn.LSTM, nn.GRU and nn.RNNCell by quantize_dynamic, int8."""
import warnings

import numpy as np
import torch
from torch import nn

import weights



def make(shape, folder):
    pass  # The modules are made from the weights as they are loaded.


def variants(shape, folder, threads):
    return {"quantize_dynamic-int8": lambda: load(shape, threads)}


def load(shape, threads):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.set_grad_enabled(False)
    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNNCell}[shape.kind]
    if shape.kind == "rnn" and shape.layers > 1:
        raise RuntimeError("nn.RNN has no dynamic int8 form, only its cell of one layer")
    module = kind(shape.inputs, shape.hidden) if shape.kind == "rnn" else kind(shape.inputs, shape.hidden, shape.layers)
    for index, layer in enumerate(weights.layers(shape)):
        suffix = "" if shape.kind == "rnn" else f"_l{index}"
        recurrent_bias = np.zeros_like(layer.b)
        if shape.kind == "gru":
            recurrent_bias[2 * shape.hidden:] = layer.d
        for name, values in (("weight_ih", layer.W), ("weight_hh", layer.U), ("bias_ih", layer.b), ("bias_hh", recurrent_bias)):
            getattr(module, name + suffix).copy_(torch.from_numpy(values))
    # A module that stands alone would silently stay in float: it must be a child.
    module = torch.ao.quantization.quantize_dynamic(nn.Sequential(module.eval()), {kind}, dtype=torch.qint8)[0]
    assert "quantized" in type(module).__module__, f"not quantized: {type(module)}"
    x = torch.from_numpy(weights.constant_input(shape))
    if shape.kind == "rnn":
        x, state = x.view(1, -1), [torch.zeros(1, shape.hidden)]

        def step():
            state[0] = module(x, state[0])
        return step, lambda: state[0].numpy()
    x, zeros = x.view(1, 1, -1), torch.zeros(shape.layers, 1, shape.hidden)
    state = [(zeros, zeros.clone()) if shape.kind == "lstm" else zeros]

    def step():
        state[0] = module(x, state[0])[1]
    return step, lambda: (state[0][0] if shape.kind == "lstm" else state[0])[-1].numpy()
