# SPDX-License-Identifier: Apache-2.0
"""Decoders as ONNX graphs of standard operators, with what attention has read before as inputs.

A graph is of one size: `rows` new tokens behind `past` old ones. Heads are turned in halves, as these operators are quickest
at it, so rows of the query's and key's matrices change places; a score is the same sum in another order.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import decoders_models as models

OPSET = 17


def halves(matrix, head):
    """Rows (…, head pairs) to (…, first of each pair, second of each pair), head by head."""
    heads = matrix.reshape(-1, head // 2, 2, *matrix.shape[1:])
    return np.ascontiguousarray(np.swapaxes(heads, 1, 2).reshape(matrix.shape))


class Graph:
    """Nodes and constants, added by name."""

    def __init__(self):
        self.nodes, self.constants, self.inputs, self.outputs, self.count = [], {}, [], [], 0

    def add(self, operator, *inputs, outputs=1, names=None, domain="", **attributes):
        self.count += 1
        names = names or [f"t{self.count}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names[0] if len(names) == 1 else names

    def constant(self, name, values):
        self.constants[name] = np.ascontiguousarray(values)
        return name

    def numbers(self, *values):
        return self.constant("n_" + "_".join(map(str, values)), np.array(values, np.int64))

    def number(self, value):
        return self.constant(f"f_{value}", np.array(value, np.float32))

    def input(self, name, extents, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, extents))
        return name

    def output(self, name, extents, kind=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, kind, extents))

    def save(self, path, domains=()):
        constants = [numpy_helper.from_array(values, name) for name, values in self.constants.items()]
        graph = helper.make_graph(self.nodes, "decoder", self.inputs, self.outputs, constants)
        opsets = [helper.make_opsetid("", OPSET)] + [helper.make_opsetid(domain, 1) for domain in domains]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 8
        if not domains:
            onnx.checker.check_model(model)
        onnx.save(model, path)


def standard(shape, rows, past, path):
    """`tokens` (1, rows), `past_keys0`, … (1, key heads, past, head) to `logits` of the last row, and the new keys and values."""
    w, graph = models.weights(shape), Graph()
    head, key_heads, groups = shape.head, shape.key_heads, shape.heads // shape.key_heads
    cosines, sines = (table[past:] for table in models.turns(shape, past + rows))
    cosines, sines = graph.constant("cosines", cosines), graph.constant("sines", sines)
    graph.constant("embedding", w["embedding"])
    x = graph.add("Gather", "embedding", graph.input("tokens", [1, rows], TensorProto.INT64))

    def normalized(value, name, gain):
        mean = graph.add("ReduceMean", graph.add("Mul", value, value), axes=[-1])
        root = graph.add("Sqrt", graph.add("Add", mean, graph.number(models.EPSILON)))
        return graph.add("Mul", graph.add("Div", value, root), graph.constant(name, gain))

    def product(value, name, matrix, **names):
        return graph.add("MatMul", value, graph.constant(name, matrix.T), **names)

    def by_heads(value, count, **names):
        return graph.add("Transpose", graph.add("Reshape", value, graph.numbers(1, rows, count, head)), perm=[0, 2, 1, 3],
                         **names)

    def turned(value, **names):
        a, b = graph.add("Split", value, graph.numbers(head // 2, head // 2), outputs=2, axis=3)
        return graph.add("Concat", graph.add("Sub", graph.add("Mul", a, cosines), graph.add("Mul", b, sines)),
                         graph.add("Add", graph.add("Mul", a, sines), graph.add("Mul", b, cosines)), axis=3, **names)

    for layer in range(shape.layers):
        def tensor(name):
            return w[name][layer]

        a = normalized(x, f"norm1_{layer}", tensor("norm1"))
        q = turned(by_heads(product(a, f"q{layer}", halves(tensor("q"), head)), shape.heads))
        k = turned(by_heads(product(a, f"k{layer}", halves(tensor("k"), head)), key_heads), names=[f"new_keys{layer}"])
        v = by_heads(product(a, f"v{layer}", tensor("v")), key_heads, names=[f"new_values{layer}"])
        for name in (k, v):
            graph.output(name, [1, key_heads, rows, head])
        if past:
            k, v = (graph.add("Concat", graph.input(f"past_{name}{layer}", [1, key_heads, past, head]), value, axis=2)
                    for name, value in (("keys", k), ("values", v)))
        # Heads that share keys lie one behind the other, as more rows.
        q = graph.add("Reshape", q, graph.numbers(1, key_heads, groups * rows, head))
        scores = graph.add("Mul", graph.add("MatMul", q, graph.add("Transpose", k, perm=[0, 1, 3, 2])),
                           graph.number(head ** -0.5))
        if rows > 1:
            future = np.triu(np.full((rows, past + rows), -1e9, np.float32), past + 1)
            scores = graph.add("Add", scores, graph.constant("future", np.tile(future, (groups, 1))))
        mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), v)
        mixed = graph.add("Transpose", graph.add("Reshape", mixed, graph.numbers(1, shape.heads, rows, head)), perm=[0, 2, 1, 3])
        x = graph.add("Add", x, product(graph.add("Reshape", mixed, graph.numbers(1, rows, shape.width)), f"o{layer}", tensor("o")))
        b = normalized(x, f"norm2_{layer}", tensor("norm2"))
        gate = product(b, f"gate{layer}", tensor("gate"))
        gated = graph.add("Mul", graph.add("Mul", gate, graph.add("Sigmoid", gate)), product(b, f"up{layer}", tensor("up")))
        x = graph.add("Add", x, product(gated, f"down{layer}", tensor("down")))
    if rows > 1:
        x = graph.add("Slice", x, graph.numbers(rows - 1), graph.numbers(rows), graph.numbers(1))
    product(normalized(x, "norm", w["norm"]), "classifier", w["embedding"], names=["logits"])
    graph.output("logits", [1, 1, shape.vocabulary])
    graph.save(path)


def grouped(shape, path):
    """The same decoder in ONNX Runtime's own operators, for any number of rows: GroupQueryAttention writes new rows into caches
    of the whole context in place. Queries, keys and values are one product, gate and up another."""
    w, graph, own = models.weights(shape), Graph(), "com.microsoft"
    cosines, sines = models.turns(shape)
    graph.constant("cosines", cosines), graph.constant("sines", sines), graph.constant("embedding", w["embedding"])
    x, delta = graph.add("Gather", "embedding", graph.input("tokens", [1, "rows"], TensorProto.INT64)), None
    graph.input("last_row", [1], TensorProto.INT32), graph.input("total", [], TensorProto.INT32)

    def product(value, name, matrix, **names):
        return graph.add("MatMul", value, graph.constant(name, matrix.T), **names)

    def normalized(name, gain):
        nonlocal x, delta
        graph.constant(name, gain)
        if delta is None:
            return graph.add("SimplifiedLayerNormalization", x, name, epsilon=models.EPSILON, axis=-1, stash_type=1)
        y, _, _, x = graph.add("SkipSimplifiedLayerNormalization", x, delta, name, outputs=4, domain=own,
                               epsilon=models.EPSILON)
        return y

    for layer in range(shape.layers):
        def tensor(name):
            return w[name][layer]

        together = np.concatenate([halves(tensor("q"), shape.head), halves(tensor("k"), shape.head), tensor("v")])
        packed = product(normalized(f"norm1_{layer}", tensor("norm1")), f"qkv{layer}", together)
        caches = [graph.input(f"past_{name}{layer}", [1, shape.key_heads, shape.context, shape.head])
                  for name in ("keys", "values")]
        grown = [f"new_keys{layer}", f"new_values{layer}"]
        graph.add("GroupQueryAttention", packed, "", "", *caches, "last_row", "total", "cosines", "sines",
                  names=[f"mixed{layer}"] + grown, domain=own, num_heads=shape.heads, kv_num_heads=shape.key_heads,
                  do_rotary=1, rotary_interleaved=0, scale=shape.head ** -0.5)
        for name in grown:
            graph.output(name, [1, shape.key_heads, shape.context, shape.head])
        delta = product(f"mixed{layer}", f"o{layer}", tensor("o"))
        both = product(normalized(f"norm2_{layer}", tensor("norm2")), f"gate_up{layer}",
                       np.concatenate([tensor("gate"), tensor("up")]))
        gate, up = graph.add("Split", both, graph.numbers(shape.hidden, shape.hidden), outputs=2, axis=2)
        gated = graph.add("Mul", graph.add("Mul", gate, graph.add("Sigmoid", gate)), up)
        delta = product(gated, f"down{layer}", tensor("down"))
    x, delta = (graph.add("Slice", value, graph.numbers(-1), graph.numbers(1 << 30), graph.numbers(1)) for value in (x, delta))
    product(normalized("norm", w["norm"]), "classifier", w["embedding"], names=["logits"])
    graph.output("logits", [1, 1, shape.vocabulary])
    graph.save(path, domains=[own])
