# SPDX-License-Identifier: Apache-2.0
"""PyTorch beside Funes: a network in float, and its products by torch.ao.quantization.quantize_dynamic. Not a command.

Cells are made of nn.Linear, a row a step: what the quantised nn.LSTM, nn.GRU and nn.RNNCell do inside, and it serves cells that
have no module of their own. Convolutions and embeddings stay in float, as quantize_dynamic leaves them."""
import warnings

import torch
from torch.nn import functional

DOUBLE = torch.float64
# Engines of x86 take activations of 7 bits (reduce_range), qnnpack those of 8; qconfigs have one scale a matrix or a row.
ENGINES = [engine for engine in ("x86", "qnnpack") if engine in torch.backends.quantized.supported_engines]
SCALES = ("a matrix", "a row")


class Torch:
    """The operations of network.py, computed at once."""
    has_lstm = False

    def __init__(self, network, kind=torch.float32):
        self.network, self.kind, self.others = network, kind, {}
        self.products, self.states, self.written = torch.nn.ModuleDict(), {}, {}

    def call(self, program, row, states):
        """Outputs and the states after one row."""
        self.program, self.states, self.written = program, states, {}
        row = int(row) if row.ndim == 0 else torch.as_tensor(row[None]).to(self.kind)
        outputs = self.network.step(self, program, row)
        return {name: value[0].numpy() for name, value in outputs.items()}, {**states, **self.written}

    def quantize(self, engine, scale):
        quantization = torch.ao.quantization
        torch.backends.quantized.engine = engine
        config = quantization.per_channel_dynamic_qconfig if scale == "a row" else quantization.default_dynamic_qconfig
        self.products = quantization.quantize_dynamic(self.products, {torch.nn.Linear: config})

    def bytes_a_weight(self):
        """Scales counted as 4 bytes each."""
        held = weights = 0
        for module in self.products.values():
            count = module.in_features * module.out_features
            quantized = not isinstance(module, torch.nn.Linear)
            scales = module.out_features if quantized and module.weight().qscheme() == torch.per_channel_affine else 1
            held, weights = held + (count + 4 * scales if quantized else 4 * count), weights + count
        others = sum(tensor.numel() for tensor in self.others.values())
        return (held + 4 * others) / (weights + others)

    def state(self, name, width):
        return self.states.get(name, torch.zeros(1, width, dtype=self.kind))

    def write(self, name, value):
        self.written[name] = value

    def product(self, x, name, matrix, bias):
        key = f"{self.program}/{name}".replace(".", "/")
        if key not in self.products:
            linear = torch.nn.Linear(matrix.shape[1], matrix.shape[0], bias is not None, dtype=self.kind)
            linear.weight.data.copy_(torch.from_numpy(matrix))
            if bias is not None:
                linear.bias.data.copy_(torch.from_numpy(bias))
            self.products[key] = linear
        return self.products[key](x)

    def kept(self, name, array):
        key = self.program, name
        if key not in self.others:
            self.others[key] = torch.from_numpy(array).to(self.kind)
        return self.others[key]

    def lookup(self, row, name, table):
        return self.kept(name, table)[row:row + 1]

    def convolve(self, x, name, weight, bias, stride):
        bias = None if bias is None else torch.from_numpy(bias).to(self.kind)
        return functional.conv1d(x, self.kept(name, weight), bias, stride)

    def vector(self, name, array):
        return torch.from_numpy(array).to(self.kind)[None]

    def one_hot(self, row, classes):
        return functional.one_hot(torch.tensor([row]), classes).to(self.kind)

    def pad(self, x, sides, mode):
        return functional.pad(x, sides, mode="constant" if mode == "zeros" else mode)

    add, multiply, subtract = (staticmethod(function) for function in (torch.add, torch.mul, torch.sub))
    sigmoid, tanh, relu, sqrt = (staticmethod(function) for function in (torch.sigmoid, torch.tanh, torch.relu, torch.sqrt))

    matmul, negated = staticmethod(torch.matmul), staticmethod(torch.neg)

    def table(self, name, array):
        return torch.from_numpy(array).to(self.kind)

    def permute(self, x, axes):
        return x.permute(axes)

    def rms_norm(self, x, name, weight, epsilon):
        return functional.rms_norm(x, x.shape[-1:], torch.from_numpy(weight).to(self.kind), epsilon)

    def softmax(self, x, axis=1):
        return torch.softmax(x, axis)

    def log_softmax(self, x):
        return torch.log_softmax(x, 1)

    def l2_normalize(self, x):
        return x / x.norm(dim=1, keepdim=True)

    def concat(self, *values, axis=1):
        return torch.cat(values, axis)

    def split(self, x, count):
        return x.chunk(count, 1)

    def cut(self, x, begin, count, axis=1):
        return x.narrow(axis, begin, count)

    def reshape(self, x, shape):
        return x.reshape(shape)


@torch.no_grad()
def outputs(job, kind=torch.float32):
    """The network in float."""
    torch.set_num_threads(1)
    return job.drive(Torch(job.network, kind).call)


@torch.no_grad()
def variants(job, only=""):
    """(name, bytes a weight, outputs) of each way to quantise dynamically, or of one."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for engine in ENGINES:
        for scale in SCALES:
            name = f"{engine}, a scale {scale}"
            if only not in ("", name):
                continue
            backend = Torch(job.network)
            job.head(1).drive(backend.call)
            backend.quantize(engine, scale)
            yield name, backend.bytes_a_weight(), job.drive(backend.call)
