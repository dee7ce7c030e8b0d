# SPDX-License-Identifier: Apache-2.0
"""Writes a shape as ONNX, float: with ONNX's own recurrent operators ("fused") or as a cell of matrix products ("cell").

Inputs are x and the states h0, c0, …; the outputs are the last layer's y and every state's successor, h0_next, c0_next, …
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import weights


OPSET = 17
ONNX_GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}  # i, o, f, c and z, r, h


class Graph:
    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], {}

    def constant(self, name, values):
        self.constants[name] = np.ascontiguousarray(values)
        return name

    def input(self, name, *dims):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))
        return name

    def output(self, name, *dims):
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))
        return name

    def node(self, operator, inputs, outputs=None, **attributes):
        outputs = outputs or [f"v{len(self.nodes)}"]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def save(self, path, domains=()):
        graph = helper.make_graph(self.nodes, "step", self.inputs, self.outputs,
                                  [numpy_helper.from_array(values, name) for name, values in self.constants.items()])
        opsets = [helper.make_opsetid("", OPSET)] + [helper.make_opsetid(domain, 1) for domain in domains]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 8
        onnx.save(model, path)


def fused(shape, path):
    g, n = Graph(), shape.hidden
    x = g.input("x", 1, 1, shape.inputs)
    axis = g.constant("axis", np.array([1], np.int64))
    for index, layer in enumerate(weights.layers(shape)):
        d = np.zeros_like(layer.b)
        if shape.kind == "gru":
            d[2 * n:] = layer.d
        order = ONNX_GATES[shape.kind]
        recurrent_bias = weights.Layer(layer.W, layer.U, d, layer.d).reordered(order).b
        layer = layer.reordered(order)
        inputs = [x, g.constant(f"W{index}", layer.W[None]), g.constant(f"R{index}", layer.U[None]),
                  g.constant(f"B{index}", np.concatenate([layer.b, recurrent_bias])[None]), "", g.input(f"h{index}", 1, 1, n)]
        outputs = [f"Y{index}", g.output(f"h{index}_next", 1, 1, n)]
        if shape.kind == "lstm":
            inputs.append(g.input(f"c{index}", 1, 1, n))
            outputs.append(g.output(f"c{index}_next", 1, 1, n))
        attributes = {"linear_before_reset": 1} if shape.kind == "gru" else {}
        g.node(shape.kind.upper(), inputs, outputs, hidden_size=n, **attributes)
        x = g.node("Squeeze", [f"Y{index}", axis], ["y" if index == shape.layers - 1 else f"x{index + 1}"])
    g.output("y", 1, 1, n)
    g.save(path)


def product(g, x, name, matrix):
    """x · matrixᵀ, as one MatMul."""
    return g.node("MatMul", [x, g.constant(name, matrix.T)])


def cell(shape, path, product=product, domains=()):
    g, n = Graph(), shape.hidden
    x = g.input("x", 1, shape.inputs)
    thirds = g.constant("thirds", np.array([n] * 3, np.int64))
    for index, layer in enumerate(weights.layers(shape)):
        h = g.input(f"h{index}", 1, n)
        next_h = g.output(f"h{index}_next", 1, n)
        if shape.kind == "gru":
            a = g.node("Add", [product(g, x, f"W{index}", layer.W), g.constant(f"b{index}", layer.b)])
            u = product(g, h, f"U{index}", layer.U)
            a_r, a_z, a_n = g.node("Split", [a, thirds], [f"a{index}{gate}" for gate in "rzn"], axis=1)
            u_r, u_z, u_n = g.node("Split", [u, thirds], [f"u{index}{gate}" for gate in "rzn"], axis=1)
            r = g.node("Sigmoid", [g.node("Add", [a_r, u_r])])
            z = g.node("Sigmoid", [g.node("Add", [a_z, u_z])])
            scaled = g.node("Mul", [r, g.node("Add", [u_n, g.constant(f"d{index}", layer.d)])])
            candidate = g.node("Tanh", [g.node("Add", [a_n, scaled])])
            g.node("Add", [candidate, g.node("Mul", [z, g.node("Sub", [h, candidate])])], [next_h])
        else:
            # i, f, o together and g after them: one Sigmoid for three gates.
            order = (0, 1, 3, 2) if shape.kind == "lstm" else (0,)
            layer = layer.reordered(order)
            joined = g.node("Concat", [x, h], axis=1)
            both = np.concatenate([layer.W, layer.U], axis=1)
            sums = g.node("Add", [product(g, joined, f"W{index}", both), g.constant(f"b{index}", layer.b)])
            if shape.kind == "rnn":
                g.node("Tanh", [sums], [next_h])
            else:
                c = g.input(f"c{index}", 1, n)
                parts = g.constant("parts", np.array([3 * n, n], np.int64))
                s, t = g.node("Split", [sums, parts], [f"s{index}", f"t{index}"], axis=1)
                i, f, o = g.node("Split", [g.node("Sigmoid", [s]), thirds], [f"{gate}{index}" for gate in "ifo"], axis=1)
                kept, fresh = g.node("Mul", [f, c]), g.node("Mul", [i, g.node("Tanh", [t])])
                next_c = g.node("Add", [kept, fresh], [g.output(f"c{index}_next", 1, n)])
                g.node("Mul", [o, g.node("Tanh", [next_c])], [next_h])
        x = next_h
    g.node("Identity", [x], [g.output("y", 1, n)])
    g.save(path, domains)
