#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes recipe.json for a model that train_charlm.py or train_names.py made.

From: a folder with model.pt, vocabulary.json and, for a classifier, labels.json. To: recipe.json in that folder.
    tools/character_recipe.py FOLDER --name shakespeare-lstm --licence Apache-2.0 --source "trained on …"
"""
import argparse
import json
import os

import torch

import common

CELLS = {1: "rnn", 3: "gru", 4: "lstm"}


def load_json(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def cell(weights, layer, source):
    """One recurrent layer; the ratio of rows to units tells the kind."""
    rows, units = weights[f"rnn.weight_hh_l{layer}"].shape
    fields = {f"{role}_{side}": f"rnn.{role}_{side}h_l{layer}".replace("_xh_", "_ih_")
              for role in ("weight", "bias") for side in ("x", "h")}
    return {"op": CELLS[rows // units], "input": source, "output": f"hidden{layer}", **fields}


def recipe(folder, options):
    weights = torch.load(os.path.join(folder, "model.pt"), weights_only=True)
    vocabulary = load_json(folder, "vocabulary.json")
    is_classifier = os.path.exists(os.path.join(folder, "labels.json"))
    texts = [{"name": "characters", "kind": "characters", "symbols": vocabulary}]
    if is_classifier:
        # A name is a line; what it is spelt with beyond the vocabulary reads as a blank.
        texts[0] |= {"unknown": vocabulary.index(" "), "line_sequence": True}
        texts.append({"name": "languages", "kind": "labels", "symbols": load_json(folder, "labels.json")})
    layers = sum(1 for name in weights if name.startswith("rnn.weight_hh_l"))
    ops = [{"op": "embedding", "input": "character", "output": "embedded", "weight": "embedding.weight"}]
    for layer in range(layers):
        ops.append(cell(weights, layer, ops[-1]["output"]))
    ops.append({"op": "linear", "input": ops[-1]["output"], "output": "logits", "weight": "output.weight",
                "bias": "output.bias"})
    return {
        "funes_recipe": 1, "name": options.name, "licence": options.licence, "source": options.source,
        "checkpoints": {"weights": "model.pt"}, "texts": texts,
        "programs": [{
            "name": "step",
            "inputs": [{"name": "character", "classes": len(vocabulary), "text": "characters"}],
            "ops": ops,
            "outputs": [{"name": "logits", "text": texts[-1]["name"]}]}]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="with model.pt and vocabulary.json; recipe.json is written there")
    parser.add_argument("--name", required=True, help="what the model is called")
    parser.add_argument("--licence", default="Apache-2.0")
    parser.add_argument("--source", required=True, help="what it was trained on and with")
    options = parser.parse_args()
    path = os.path.join(options.folder, "recipe.json")
    common.write_json(path, recipe(options.folder, options))


if __name__ == "__main__":
    common.run(main)
