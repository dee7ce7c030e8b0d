#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the vectors of a converted sentence encoder to those of the original: the cosine of each of many sentences.

From a folder of sentence-transformers, the model made of it and any texts; to the mean and the lowest cosine between what
`funes embed` writes and what PyTorch computes in float32, with the tokenizer of `tokenizers`.

    tools/measure_embeddings.py --model minilm.funes --folder minilm --text a.txt b.txt [--count 1000]
    [--least-mean 0.999] [--least 0.998] [--funes .build/release/funes]
"""
import argparse
import os
import re
import subprocess
import sys

import numpy as np
import tokenizers
import torch
from transformers import BertModel


def sentences(paths, count):
    """So many sentences of 3 to 40 words, each once, spread evenly over the texts."""
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for part in re.split(r"(?<=[.!?:])\s+|\n\s*\n", file.read()):
                sentence = " ".join(part.split())
                if 3 <= len(sentence.split()) <= 40:
                    found.setdefault(sentence)
    if len(found) < count:
        sys.exit(f"measure_embeddings.py: found {len(found)} sentences, expected {count} or more; give more text")
    listed = list(found)
    return [listed[index * len(listed) // count] for index in range(count)]


def original(folder, lines):
    """The mean of the last hidden rows of each sentence alone, brought to length 1."""
    model = BertModel.from_pretrained(folder).eval()
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vectors = []
    with torch.no_grad():
        for line in lines:
            ids = torch.tensor([tokenizer.encode(line).ids])
            rows = model(input_ids=ids).last_hidden_state[0]
            vectors.append(torch.nn.functional.normalize(rows.mean(dim=0), dim=0).numpy())
    return np.stack(vectors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--text", required=True, nargs="+")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--least-mean", type=float, default=0.999)
    parser.add_argument("--least", type=float, default=0.998)
    parser.add_argument("--funes", default=".build/release/funes")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = sentences(arguments.text, arguments.count)
    result = subprocess.run(
        [arguments.funes, "embed", arguments.model, "--output", "f32"], input=("\n".join(lines) + "\n").encode(),
        stdout=subprocess.PIPE, check=True)
    expected = original(arguments.folder, lines)
    found = np.frombuffer(result.stdout, dtype="<f4").reshape(expected.shape)
    cosines = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    worst = int(cosines.argmin())
    print(f"{len(lines)} sentences: mean cosine {cosines.mean():.6f}, lowest {cosines.min():.6f} ({lines[worst]!r})")
    if cosines.mean() < arguments.least_mean or cosines.min() < arguments.least:
        sys.exit(f"measure_embeddings.py: expected a mean of {arguments.least_mean} and no less than {arguments.least}")


if __name__ == "__main__":
    main()
