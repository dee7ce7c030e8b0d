# SPDX-License-Identifier: Apache-2.0
"""The recurrent shapes that are timed."""
from dataclasses import dataclass

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
DEFAULT = ("lstm:16,20,1 lstm:64,64,1 lstm:128,128,2 lstm:128,256,2 lstm:256,512,2 lstm:512,1024,2 lstm:256,1024,1 "
           "gru:128,256,1 rnn:128,256,1").split()


@dataclass(frozen=True)
class Shape:
    kind: str
    inputs: int
    hidden: int
    layers: int

    @staticmethod
    def parse(text):
        kind, _, counts = text.partition(":")
        numbers = counts.split(",")
        if kind not in GATES or len(numbers) != 3 or not all(n.isdigit() and int(n) > 0 for n in numbers):
            raise ValueError(f'shape "{text}": expected KIND:INPUT,HIDDEN,LAYERS with lstm, gru or rnn, as lstm:128,256,2')
        return Shape(kind, *map(int, numbers))

    def __str__(self):
        return f"{self.kind}:{self.inputs},{self.hidden},{self.layers}"

    @property
    def file_name(self):
        return f"{self.kind}_{self.inputs}_{self.hidden}_{self.layers}"

    @property
    def gates(self):
        return GATES[self.kind]

    def input_of(self, layer):
        return self.hidden if layer else self.inputs

    @property
    def states(self):
        """The names of all states: h0, c0, h1, …"""
        return [f"{letter}{layer}" for layer in range(self.layers) for letter in ("hc" if self.kind == "lstm" else "h")]
