# SPDX-License-Identifier: Apache-2.0
"""A recipe as a network of plain operations, one row a step: what peers quantise. Not a command; numpy only.

A backend gives the operations: `peer_torch.py` computes, `peer_onnx.py` writes nodes. Values are (1, width), or (1, channels,
positions) inside of a convolved row. Only what the recipes of `tools/accuracy` need is here; cells are those of `funes_kernels.h`."""
import numpy as np

GATES = {"lstm": "ifgo", "gru": "rzn"}
SAME_GATE = str.maketrans("cjuh", "ggzn")


class NetworkError(Exception):
    """A recipe that this page does not follow."""


class Network:
    """recipe: its JSON; tensors: arrays by the names that it uses."""

    def __init__(self, recipe, tensors):
        self.recipe, self.tensors, self.made = recipe, tensors, {}
        self.programs = {program["name"]: program for program in recipe["programs"]}
        self.widths = {state["name"]: state["width"] for state in recipe.get("states", [])}

    def step(self, backend, program, row):
        """The program's outputs by name, of one row or id; states go through backend.state and backend.write."""
        program = self.programs[program]
        values = {program["inputs"][0]["name"]: row}
        self.walk(backend, program["ops"], values)
        named = [{"name": each} if isinstance(each, str) else each for each in program["outputs"]]
        return {each["name"]: values[each.get("value", each["name"])] for each in named}

    def walk(self, b, ops, values):
        for op in ops:
            if "sequential" in op:
                self.walk(b, op["sequential"], values)
                continue
            taken = [values[name] for name in op.get("inputs", [op["input"]] if "input" in op else [])]
            method = getattr(self, "op_" + op["op"], None)
            if method:
                made = method(b, op, *taken)
            elif op["op"] in ("add", "multiply", "relu", "tanh", "sigmoid", "sqrt", "softmax", "log_softmax", "l2_normalize"):
                made = getattr(b, op["op"])(*taken)
            else:
                raise NetworkError(f"{self.recipe['name']}: found the operator {op['op']}, which is not done here")
            values[op["output"]] = made

    def tensor(self, reference, gates=""):
        """An array, changed as the recipe says, once. gates: the order that a cell wants them in."""
        key = (reference if isinstance(reference, str) else id(reference), gates)
        if key not in self.made:
            self.made[key] = np.ascontiguousarray(self.changed(reference, gates), np.float32)
        return self.made[key]

    def changed(self, reference, gates):
        if isinstance(reference, str):
            return self.tensors[reference]
        if "concat" in reference:
            x = np.concatenate([self.tensor(part) for part in reference["concat"]])
        else:
            x = self.tensors[reference["tensor"]]
        if "reshape" in reference:
            x = x.reshape(reference["reshape"])
        if reference.get("transpose"):
            x = x.T
        if "columns" in reference:
            x = x[:, slice(*reference["columns"])]
        if "gates" in reference and gates:
            found = reference["gates"].translate(SAME_GATE)
            parts = dict(zip(found, np.split(x, len(found))))
            added = {name.translate(SAME_GATE): value for name, value in reference.get("add_gate", {}).items()}
            x = np.concatenate([parts[gate] + np.float32(added.get(gate, 0)) for gate in gates if gate in parts])
        return x

    def field(self, op, name, gates=""):
        return self.tensor(op[name], gates) if name in op else None

    def state(self, b, name, width):
        return b.state(name, self.widths.get(name, width))

    # What has tensors or states; the rest is the backend's.

    def op_embedding(self, b, op, row):
        return b.lookup(row, op["output"], self.tensor(op["weight"]))

    def op_one_hot(self, b, op, row):
        classes = next(program["inputs"][0]["classes"] for program in self.programs.values())
        return b.one_hot(row, classes)

    def op_linear(self, b, op, x):
        return b.product(x, op["output"], self.tensor(op["weight"]), self.field(op, "bias"))

    def op_inner_conv1d(self, b, op, x):
        if op.get("dilation", 1) != 1:
            raise NetworkError(f"{op['output']}: found dilation {op['dilation']}, which is not done here")
        weight, sides = self.tensor(op["weight"]), op.get("padding", [0])
        if weight.shape[1] == 1:
            x = b.reshape(x, (1, 1, -1))
        padded = b.pad(x, (sides[0], sides[-1]), op.get("padding_mode", "zeros")) if any(sides) else x
        return b.convolve(padded, op["output"], weight, self.field(op, "bias"), op.get("stride", 1))

    def op_window(self, b, op, x):
        """Length 2 only: the row before and this one."""
        name = op["output"] + ".window"
        before = self.state(b, name, self.programs["step"]["inputs"][0]["shape"][0])
        b.write(name, x)
        return b.concat(before, x)

    def op_slice(self, b, op, x):
        return b.cut(x, op["begin"], op["count"])

    def op_reshape(self, b, op, x):
        return b.reshape(x, (1, *op["shape"]))

    def op_state_read(self, b, op):
        return b.state(op["state"], self.widths[op["state"]])

    def op_rnn(self, b, op, x):
        name, weight_h = op["output"], self.tensor(op["weight_h"])
        hidden = op.get("hidden", name + ".hidden")
        h = self.state(b, hidden, weight_h.shape[1])
        sums = b.add(b.product(x, name + ".x", self.tensor(op["weight_x"]), self.field(op, "bias_x")),
                     b.product(h, name + ".h", weight_h, self.field(op, "bias_h")))
        activation = op.get("activation", "tanh")
        h = sums if activation == "identity" else getattr(b, activation)(sums)
        b.write(hidden, h)
        return h

    def op_lstm(self, b, op, x):
        name, gates = op["output"], GATES["lstm"]
        fields = {key: self.field(op, key, gates) for key in ("weight_x", "weight_h", "bias_x", "bias_h", "peephole", "projection")}
        units = len(fields["weight_x"]) // 4
        cell, hidden = op.get("cell", name + ".cell"), op.get("hidden", name + ".hidden")
        c, h = self.state(b, cell, units), self.state(b, hidden, fields["weight_h"].shape[1])
        if b.has_lstm and fields["projection"] is None:
            h, c = b.lstm(x, h, c, name, fields)
        else:
            sums = b.add(b.product(x, name + ".x", fields["weight_x"], fields["bias_x"]),
                         b.product(h, name + ".h", fields["weight_h"], fields["bias_h"]))
            i, f, g, o = b.split(sums, 4)
            if fields["peephole"] is not None:
                w_i, w_f, w_o = (b.vector(f"{name}.{gate}", part) for gate, part in zip("ifo", fields["peephole"].reshape(3, -1)))
                i, f = b.add(i, b.multiply(w_i, c)), b.add(f, b.multiply(w_f, c))
            c = b.add(b.multiply(b.sigmoid(f), c), b.multiply(b.sigmoid(i), b.tanh(g)))
            if fields["peephole"] is not None:
                o = b.add(o, b.multiply(w_o, c))
            h = b.multiply(b.sigmoid(o), b.tanh(c))
            if fields["projection"] is not None:
                h = b.product(h, name + ".projection", fields["projection"], None)
        b.write(cell, c)
        b.write(hidden, h)
        return h

    def op_gru(self, b, op, x):
        name, gates = op["output"], GATES["gru"]
        weight_x, weight_h = self.tensor(op["weight_x"], gates), self.tensor(op["weight_h"], gates)
        bias_x, bias_h = self.field(op, "bias_x", gates), self.field(op, "bias_h", gates)
        hidden = op.get("hidden", name + ".hidden")
        h = self.state(b, hidden, weight_h.shape[1])
        a_r, a_z, a_n = b.split(b.product(x, name + ".x", weight_x, bias_x), 3)
        if op.get("reset", "after") == "after":
            u_r, u_z, u_n = b.split(b.product(h, name + ".h", weight_h, bias_h), 3)
            r, z = b.sigmoid(b.add(a_r, u_r)), b.sigmoid(b.add(a_z, u_z))
            n = b.tanh(b.add(a_n, b.multiply(r, u_n)))
        else:
            u_r, u_z = b.split(b.product(h, name + ".h", weight_h, bias_h), 2)
            r, z = b.sigmoid(b.add(a_r, u_r)), b.sigmoid(b.add(a_z, u_z))
            n = b.tanh(b.add(a_n, b.product(b.multiply(r, h), name + ".candidate", self.tensor(op["candidate"]), None)))
        h = b.add(n, b.multiply(z, b.subtract(h, n)))
        b.write(hidden, h)
        return h
