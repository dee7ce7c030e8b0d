# SPDX-License-Identifier: Apache-2.0
"""What a peer is asked to run, a row a step as a stream comes, and the file that takes it to another interpreter. Not a command;
numpy only."""
import json

import numpy as np

from decoder import Decoder
from network import Network


class Rows:
    """Sequences of rows or ids through one program, from fresh states each; the output of all rows, or of each last one."""

    def __init__(self, network, sequences, output, last=False):
        self.network, self.sequences, self.output, self.last = network, sequences, output, last

    def head(self, count):
        """The first rows: of the first sequence where all rows count, else of as many sequences as there are `count`."""
        kept = self.sequences[:count] if self.last else [self.sequences[0][:count]]
        return Rows(self.network, kept, self.output, self.last)

    def drive(self, call):
        """call(program, row, states) gives outputs and states. Returns {"rows": (N, width)}."""
        made = []
        for rows in self.sequences:
            states = {}
            for row in rows:
                outputs, states = call("step", row, states)
                if not self.last:
                    made.append(outputs[self.output])
            if self.last:
                made.append(outputs[self.output])
        return {"rows": np.array(made)}


class Words:
    """Words through an encoder and a greedy decoder, and logits along float's own ids, `wanted`."""

    def __init__(self, network, sequences, wanted, start, stop, longest):
        self.network, self.sequences, self.wanted = network, sequences, wanted
        self.start, self.stop, self.longest = start, stop, longest

    def head(self, count):
        return Words(self.network, self.sequences[:count], self.wanted[:count], self.start, self.stop, self.longest)

    def drive(self, call):
        """Returns {"ids": (N, longest), filled up with `stop`, "rows": logits along `wanted`, of all words}."""
        ids, rows = np.full((len(self.sequences), self.longest), self.stop), []
        for index, word in enumerate(self.sequences):
            encoded = {}
            for letter in word:
                _, encoded = call("encode", letter, encoded)
            states, last = encoded, self.start
            for place in range(self.longest):
                outputs, states = call("step", np.array(last), states)
                last = ids[index, place] = int(outputs["logits"].argmax())
                if last == self.stop:
                    break
            states = encoded
            for given in [self.start, *self.wanted[index][:-1]]:
                outputs, states = call("step", np.array(given), states)
                rows.append(outputs["logits"])
        return {"ids": ids, "rows": np.array(rows)}


KINDS = {"Rows": Rows, "Words": Words}


def save(path, job):
    """The job with the network's recipe and tensors, in one npz."""
    network = job.network
    tensors = {"tensor:" + name: value for name, value in network.tensors.items()}
    rest = {key: value for key, value in vars(job).items() if key not in ("network", "sequences", "wanted")}
    about = {"kind": type(job).__name__, "recipe": network.recipe, **rest}
    for key in ("sequences", "wanted"):
        if hasattr(job, key):
            tensors[key] = np.concatenate(getattr(job, key))
            tensors[key + ".lengths"] = np.array([len(each) for each in getattr(job, key)])
    np.savez(path, about=np.array(json.dumps(about)), **tensors)


def load(path):
    with np.load(path) as file:
        about = json.loads(str(file["about"]))
        tensors = {name[7:]: file[name] for name in file if name.startswith("tensor:")}
        lists = {name[:-8]: np.split(file[name[:-8]], np.cumsum(file[name])[:-1]) for name in file if name.endswith(".lengths")}
    kind, recipe = KINDS[about.pop("kind")], about.pop("recipe")
    network = (Network if "funes_recipe" in recipe else Decoder)(recipe, tensors)
    return kind(network, **lists, **about)
