# SPDX-License-Identifier: Apache-2.0
"""The decoder of tools/train_decoder.py as a network of plain operations, a token a step over a cache that slides. Not a command;
numpy only.

Keys are cached as they are made and turned by their age at each step, the query not at all: the same sums as turning both by their
position, without a position that grows."""
import numpy as np


class Decoder:
    """recipe: the folder's config.json; tensors: those of model.safetensors."""

    def __init__(self, recipe, tensors):
        self.recipe, self.tensors = recipe, tensors
        self.programs = {"step": {"inputs": [{"name": "token", "classes": recipe["vocab_size"]}]}}
        self.window, self.heads = recipe["sliding_window"], recipe["num_attention_heads"]
        self.key_heads, self.head = recipe["num_key_value_heads"], recipe["hidden_size"] // recipe["num_attention_heads"]
        ages = np.arange(self.window - 1, -1, -1)[:, None]
        angles = ages * recipe["rope_theta"] ** (-np.arange(0, self.head, 2) / self.head)
        # (window, 1, head): a key of age a is turned by −a, halves together.
        self.cosines, self.sines = (np.tile(f(-angles), 2)[:, None].astype(np.float32) for f in (np.cos, np.sin))

    def step(self, b, program, row):
        table = self.tensors["model.embed_tokens.weight"]
        x = b.lookup(row, "embed", table)
        before = b.state("seen", self.window)
        seen = b.concat(b.cut(before, 1, self.window - 1), b.vector("one", np.ones(1, np.float32)))
        b.write("seen", seen)
        # 0 where a row is cached, −10⁹ before the first.
        hidden = b.multiply(b.subtract(seen, b.vector("one", np.ones(1, np.float32))), b.vector("far", np.full(1, 1e9, np.float32)))
        for layer in range(self.recipe["num_hidden_layers"]):
            x = self.layer(b, x, f"model.layers.{layer}.", hidden)
        return {"logits": b.product(self.norm(b, x, "model.norm"), "logits", table, None)}

    def product(self, b, x, name):
        return b.product(x, name, self.tensors[name + ".weight"], None)

    def norm(self, b, x, name):
        return b.rms_norm(x, name, self.tensors[name + ".weight"], self.recipe["rms_norm_eps"])

    def cached(self, b, name, row):
        """(1, window · width): the rows before, and this one."""
        width = self.key_heads * self.head
        before = b.state(name, self.window * width)
        rows = b.concat(b.cut(before, width, (self.window - 1) * width), row)
        b.write(name, rows)
        return b.reshape(rows, (self.window, self.key_heads, self.head))

    def layer(self, b, x, name, hidden):
        a = self.norm(b, x, name + "input_layernorm")
        q, k, v = (self.product(b, a, f"{name}self_attn.{each}_proj") for each in "qkv")
        keys, values = self.cached(b, name + "keys", k), self.cached(b, name + "values", v)
        half = self.head // 2
        other = b.concat(b.negated(b.cut(keys, half, half, 2)), b.cut(keys, 0, half, 2), axis=2)
        turned = b.add(b.multiply(keys, b.table("cosines", self.cosines)), b.multiply(other, b.table("sines", self.sines)))
        q = b.reshape(q, (self.key_heads, self.heads // self.key_heads, self.head))
        scores = b.multiply(b.matmul(q, b.permute(turned, (1, 2, 0))), b.vector("scale", np.full(1, self.head ** -0.5, np.float32)))
        mixed = b.matmul(b.softmax(b.add(scores, hidden), 2), b.permute(values, (1, 0, 2)))
        x = b.add(x, self.product(b, b.reshape(mixed, (1, self.heads * self.head)), name + "self_attn.o_proj"))
        a = self.norm(b, x, name + "post_attention_layernorm")
        gate, up = (self.product(b, a, f"{name}mlp.{each}_proj") for each in ("gate", "up"))
        return b.add(x, self.product(b, b.multiply(b.multiply(gate, b.sigmoid(gate)), up), name + "mlp.down_proj"))
