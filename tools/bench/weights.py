# SPDX-License-Identifier: Apache-2.0
"""The weights that every peer gets for a shape, and what it must compute with them.

All peers get the same weights and the same constant input, so a peer whose states are not fed back, or whose gates stand in
another order than was thought, is found by its numbers before it is timed.
"""
from dataclasses import dataclass

import numpy as np


@dataclass
class Layer:
    """PyTorch's gate order (i, f, g, o; r, z, n). W (gates·hidden, input), U (gates·hidden, hidden), b (gates·hidden), and
    the bias d (hidden) that the GRU's reset gate scales with the recurrent product."""
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    d: np.ndarray

    def reordered(self, order):
        """The same layer with its gates in the order of these indices."""
        hidden = len(self.d)
        rows = np.concatenate([np.arange(gate * hidden, (gate + 1) * hidden) for gate in order])
        return Layer(self.W[rows], self.U[rows], self.b[rows], self.d)


def layers(shape):
    """Uniform within ±1/√hidden, as PyTorch starts its layers."""
    random = np.random.default_rng(20)
    bound = shape.hidden ** -0.5
    draw = lambda *size: random.uniform(-bound, bound, size).astype(np.float32)
    rows = shape.gates * shape.hidden
    return [Layer(draw(rows, shape.input_of(layer)), draw(rows, shape.hidden), draw(rows), draw(shape.hidden))
            for layer in range(shape.layers)]


def constant_input(shape):
    return np.sin(np.arange(shape.inputs)).astype(np.float32)


def expected(shape, steps):
    """The last layer's h after so many steps from zero, in float."""
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    all_layers, n = layers(shape), shape.hidden
    h, c = np.zeros((shape.layers, n), np.float32), np.zeros((shape.layers, n), np.float32)
    for _ in range(steps):
        x = constant_input(shape)
        for index, layer in enumerate(all_layers):
            a, u = layer.W @ x + layer.b, layer.U @ h[index]
            if shape.kind == "lstm":
                i, f, g, o = np.split(a + u, 4)
                c[index] = sigmoid(f) * c[index] + sigmoid(i) * np.tanh(g)
                h[index] = sigmoid(o) * np.tanh(c[index])
            elif shape.kind == "gru":
                r, z = sigmoid(a[:n] + u[:n]), sigmoid(a[n:2 * n] + u[n:2 * n])
                candidate = np.tanh(a[2 * n:] + r * (u[2 * n:] + layer.d))
                h[index] = (1 - z) * candidate + z * h[index]
            else:
                h[index] = np.tanh(a + u)
            x = h[index]
    return h[-1]
