# SPDX-License-Identifier: Apache-2.0
"""Layers as Keras and TensorFlow 1 store them, and the recipe's operators that they become. Not a command.

A layer has tensors by role (kernel, recurrent_kernel, bias, ...), options by name as Keras calls them, and one input."""
from environment import ExportError

ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "softmax": "softmax", "gelu": "gelu_tanh",
               "silu": "silu", "swish": "silu", "log_softmax": "log_softmax", "sqrt": "sqrt"}
CELLS = {"lstm": 4, "gru": 3, "rnn": 1}
# Keras' gates i f c o are i f g o; those of its GRU are z r h.
GATES = {"lstm": {}, "gru": {"gates": "zrh"}, "rnn": {}}


class Layer:
    def __init__(self, name, kind, tensors, shapes, options=None):
        self.name, self.kind, self.tensors, self.shapes = name, kind, tensors, shapes
        self.options = options or {}

    def option(self, key, usual):
        value = self.options.get(key)
        return usual if value is None else value

    @property
    def input_shape(self):
        """Of a row; None where the layer takes any."""
        shape = self.shapes.get("kernel")
        if self.kind in CELLS or self.kind == "dense":
            return [shape[0]]
        if self.kind == "conv1d":
            return [shape[1]]
        if self.kind in ("tf_lstm", "tf_gru"):
            return [shape[0] - self.units]
        if self.kind in ("layer_norm", "batch_norm"):
            return list(next(iter(self.shapes.values())))
        return None

    @property
    def units(self):
        return self.shapes["kernel"][1] // 4 if self.kind == "tf_lstm" else self.shapes["kernel"][1] // 2


def kind_of(name, shapes):
    """What a layer is, by the roles and shapes of its tensors; None for what is not known."""
    kernel, recurrent = shapes.get("kernel"), shapes.get("recurrent_kernel")
    if recurrent is not None and kernel is not None and len(recurrent) == 2:
        by_gates = {gates: kind for kind, gates in CELLS.items()}
        return by_gates.get(recurrent[1] // recurrent[0]) if recurrent[1] % recurrent[0] == 0 else None
    if "gates/kernel" in shapes and "candidate/kernel" in shapes:
        return "tf_gru"
    if kernel is not None and len(kernel) == 2:
        is_cell = "lstm_cell" in name and kernel[1] % 4 == 0
        return "tf_lstm" if is_cell else "dense"
    if kernel is not None and len(kernel) == 3:
        return "conv1d"
    if "embeddings" in shapes:
        return "embedding"
    if "moving_mean" in shapes:
        return "batch_norm"
    if "gamma" in shapes or "beta" in shapes:
        return "layer_norm"
    return None


def activation(word, layer, is_keras3):
    """A recipe's word for a function of Keras; None for none."""
    if word in (None, "linear"):
        return None
    if word == "hard_sigmoid" and not is_keras3:
        return "hard_sigmoid"
    if word in ACTIVATIONS:
        return ACTIVATIONS[word]
    raise ExportError(f'layer "{layer}": found the activation "{word}"'
                      + (" of Keras 3, which is not that of Keras 2" if word == "hard_sigmoid" else "")
                      + f", expected one of {', '.join(sorted(ACTIVATIONS))}")


class Emitter:
    """Collects the operators of one program."""

    def __init__(self, is_keras3=False):
        self.ops, self.used, self.notes, self.derived = [], set(), [], {}
        self.is_keras3 = is_keras3

    def take(self, layer, role, **changes):
        name = layer.tensors[role]
        self.used.add(name)
        return {"tensor": name, **changes} if changes else name

    def function(self, word, value, output):
        self.ops.append({"op": word, "input": value, "output": output})
        return output

    def layer(self, layer, value):
        """Adds a layer over `value`; the name of what it makes."""
        made = getattr(self, f"add_{layer.kind}")(layer, value)
        word = None
        if layer.kind in ("dense", "conv1d"):
            word = activation(layer.options.get("activation"), layer.name, self.is_keras3)
        return made if word is None else self.function(word, made, f"{layer.name}.{word}")

    def finish(self, layer, fields, value):
        op = {"op": fields.pop("op"), "input": value, "output": layer.name, **fields}
        self.ops.append(op)
        return layer.name

    def biased(self, layer, fields):
        if "bias" in layer.tensors:
            fields["bias"] = self.take(layer, "bias")
        return fields

    def add_dense(self, layer, value):
        return self.finish(
            layer, self.biased(layer, {"op": "linear", "weight": self.take(layer, "kernel", transpose=True)}), value)

    def add_conv1d(self, layer, value):
        taps, channels, outputs = layer.shapes["kernel"]
        stride, dilation = layer.option("strides", 1), layer.option("dilation_rate", 1)
        if taps == 1 and stride == 1:
            weight = self.take(layer, "kernel", reshape=[channels, outputs], transpose=True)
            return self.finish(layer, self.biased(layer, {"op": "linear", "weight": weight}), value)
        if layer.option("padding", "causal") != "causal":
            raise ExportError(f'layer "{layer.name}": found the padding "{layer.options["padding"]}" over time, expected '
                              "\"causal\": rows of a stream come one by one")
        fields = self.biased(layer, {"op": "conv1d", "weight": self.take(layer, "kernel", permute=[2, 1, 0])})
        fields.update({key: n for key, n in (("dilation", dilation), ("stride", stride)) if n != 1})
        return self.finish(layer, fields, value)

    def cell_fields(self, layer):
        """The fields of a Keras cell, without names of values."""
        kind, gates = layer.kind, GATES[layer.kind]
        fields = {"weight_x": self.take(layer, "kernel", transpose=True, **gates),
                  "weight_h": self.take(layer, "recurrent_kernel", transpose=True, **gates)}
        bias = layer.shapes.get("bias")
        if bias is not None and len(bias) == 2:
            rows = bias[1]
            for row, key in enumerate(("bias_x", "bias_h")):
                fields[key] = self.take(layer, "bias", reshape=[2 * rows], rows=[row * rows, (row + 1) * rows], **gates)
        elif bias is not None:
            fields["bias_x"] = self.take(layer, "bias", **gates)
        if kind == "gru" and not layer.option("reset_after", bias is not None and len(bias) == 2):
            fields["reset"] = "before"
        inner = activation(layer.option("activation", "tanh"), layer.name, self.is_keras3) or "identity"
        if inner != "tanh":
            fields["activation"] = inner
        if kind != "rnn":
            gate = activation(layer.option("recurrent_activation", "sigmoid"), layer.name, self.is_keras3) or "identity"
            if gate != "sigmoid":
                fields["gate_activation"] = gate
        if layer.options.get("go_backwards"):
            fields["reversed"] = True
        return fields

    def add_cell(self, layer, value):
        return self.finish(layer, {"op": layer.kind, **self.cell_fields(layer)}, value)

    add_lstm = add_gru = add_rnn = add_cell

    def add_embedding(self, layer, value):
        return self.finish(layer, {"op": "embedding", "weight": self.take(layer, "embeddings")}, value)

    def add_layer_norm(self, layer, value):
        width = list(next(iter(layer.shapes.values())))
        gain = self.take(layer, "gamma") if "gamma" in layer.tensors else {"zeros": width, "add": 1}
        fields = {"op": "layer_norm", "weight": gain}
        if "beta" in layer.tensors:
            fields["bias"] = self.take(layer, "beta")
        fields["eps"] = layer.option("epsilon", 0.001)
        if "epsilon" not in layer.options:
            self.notes.append(f"{layer.name}: epsilon 0.001, Keras' own; eps= in the chain gives another")
        return self.finish(layer, fields, value)

    def add_batch_norm(self, layer, value):
        """y = x · scale + shift, which the exporter works out."""
        scale, shift = f"{layer.name}/scale", f"{layer.name}/shift"
        self.derived[layer.name] = (layer, scale, shift)
        self.used.update((scale, shift))
        for name, tensor in ((f"{layer.name}.scale", scale), (f"{layer.name}.shift", shift)):
            self.ops.append({"op": "constant", "output": name, "value": tensor})
        self.ops.append({"op": "multiply", "inputs": [value, f"{layer.name}.scale"], "output": f"{layer.name}.scaled"})
        self.ops.append({"op": "add", "inputs": [f"{layer.name}.scaled", f"{layer.name}.shift"], "output": layer.name})
        return layer.name

    def add_tf_lstm(self, layer, value):
        inputs, rows = layer.input_shape[0], layer.shapes["kernel"][0]
        fields = {"op": "lstm"}
        for key, columns in (("weight_x", [0, inputs]), ("weight_h", [inputs, rows])):
            fields[key] = self.take(layer, "kernel", transpose=True, columns=columns, gates="ijfo")
        fields["bias_x"] = self.take(layer, "bias", gates="ijfo", add_gate={"f": layer.option("forget_bias", 1.0)})
        if "forget_bias" not in layer.options:
            self.notes.append(f"{layer.name}: forget bias 1, TensorFlow's own; forget= in the chain gives another")
        return self.finish(layer, fields, value)

    def add_tf_gru(self, layer, value):
        inputs, rows = layer.input_shape[0], layer.shapes["kernel"][0]
        def part(role, columns, **gates):
            return self.take(layer, role, transpose=True, columns=columns, **gates)
        return self.finish(layer, {
            "op": "gru",
            "weight_x": {"concat": [part("kernel", [0, inputs], gates="ru"), part("candidate/kernel", [0, inputs])]},
            "weight_h": part("kernel", [inputs, rows], gates="ru"),
            "bias_x": {"concat": [self.take(layer, "gates/bias", gates="ru"), self.take(layer, "candidate/bias")]},
            "candidate": part("candidate/kernel", [inputs, rows]), "reset": "before"}, value)
