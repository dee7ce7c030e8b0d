# SPDX-License-Identifier: Apache-2.0
"""Trains a classifier of names by language: embedding -> GRU -> last hidden state -> linear.

From: a folder of `<Language>.txt`, one name per line. Names are folded to ASCII letters and " .,;'-"; a tenth of each
      language is held out. Rare languages are drawn more often than their share, common ones less.
To:   a folder with, of the epoch that classified the held-out names best,
      model.pt         plain state dict, float32: embedding.weight, rnn.weight_ih_l0, ..., output.bias
      vocabulary.json  list of one-character strings; the position is the id
      labels.json      list of languages; the position is the output
      golden.npz       names (N) and for each i < N: {i}_ids (T) int32, {i}_logits (languages) float32
      training.json    metrics and every choice made

    python train_names.py --names DIR --output DIR [--hidden 128] [--epochs 30]
"""
import argparse
import glob
import math
import os
import random
import string
import unicodedata

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import common

VOCABULARY = list(string.ascii_letters + " .,;'-")
ID_OF = {character: row for row, character in enumerate(VOCABULARY)}
HELD_OUT_PART = 0.1
GOLDEN_COUNT = 8


class NameModel(nn.Module):
    """ids (T, B), lengths (B) -> logits (B, languages), from the hidden state after each name's last letter."""

    def __init__(self, label_count, embedding, hidden, dropout):
        super().__init__()
        self.embedding = nn.Embedding(len(VOCABULARY), embedding)
        self.rnn = nn.GRU(embedding, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, label_count)

    def forward(self, ids, lengths):
        outputs, _ = self.rnn(self.dropout(self.embedding(ids)))
        # The GRU is causal, so rows after the last letter cannot change the row that is taken.
        last = outputs[lengths - 1, torch.arange(ids.shape[1])]
        return self.output(self.dropout(last))


def fold(name):
    """Accents fall away, other letters outside of the vocabulary too: "Ślusàrski" -> "Slusarski"."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if c in ID_OF).strip()


def load(folder):
    """(languages, for each its sorted distinct folded names), or InputError when there is nothing to tell apart."""
    if not os.path.isdir(folder):
        raise common.InputError(f"{folder}: found no such folder, expected a folder of <Language>.txt")
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "*.txt")))
    if len(paths) < 2:
        raise common.InputError(f"{folder}: found {len(paths)} files *.txt, "
                                "expected one for each of 2 or more languages")
    labels, names = [], []
    for path in paths:
        found = sorted({fold(line) for line in common.read_text(path).splitlines()} - {""})
        if len(found) < 2:
            raise common.InputError(f"{path}: found {len(found)} distinct names, expected 2 or more, one per line")
        labels.append(os.path.splitext(os.path.basename(path))[0])
        names.append(found)
    return labels, names


def split(names):
    """(learned, held out), each a list of (name, label row); every language gives at least one to both."""
    learned, held_out = [], []
    for label, found in enumerate(names):
        shuffled = random.sample(found, len(found))
        count = max(1, round(len(found) * HELD_OUT_PART))
        held_out += [(name, label) for name in shuffled[:count]]
        learned += [(name, label) for name in shuffled[count:]]
    return learned, held_out


def pick_golden(held_out):
    """Up to GOLDEN_COUNT held-out examples, each of another language."""
    one_of_each = {label: (name, label) for name, label in held_out}
    return random.sample(list(one_of_each.values()), min(GOLDEN_COUNT, len(one_of_each)))


def as_batch(examples):
    """(ids (T, B), lengths (B), labels (B)); short names are filled up with id 0, which nothing reads."""
    lengths = torch.tensor([len(name) for name, _ in examples])
    ids = torch.zeros(int(lengths.max()), len(examples), dtype=torch.long)
    for column, (name, _) in enumerate(examples):
        ids[:len(name), column] = torch.tensor([ID_OF[c] for c in name])
    return ids, lengths, torch.tensor([label for _, label in examples])


@torch.no_grad()
def validate(model, examples, label_count):
    """(accuracy, mean cross-entropy in nats, right answers of each language)."""
    model.eval()
    ids, lengths, labels = as_batch(examples)
    logits = model(ids, lengths)
    is_right = logits.argmax(1) == labels
    right = torch.bincount(labels[is_right], minlength=label_count).tolist()
    return is_right.float().mean().item(), functional.cross_entropy(logits, labels).item(), right


def write_results(folder, model, labels, examples):
    """The checkpoint and its golden output, each golden name alone from a zero state."""
    model.eval()
    golden = {"names": np.array([name for name, _ in examples])}
    with torch.no_grad():
        for row, example in enumerate(examples):
            ids, lengths, _ = as_batch([example])
            golden[f"{row}_ids"] = ids[:, 0].numpy().astype(np.int32)
            golden[f"{row}_logits"] = model(ids, lengths)[0].numpy().astype(np.float32)
    common.write_state_dict(os.path.join(folder, "model.pt"), model)
    common.write_json(os.path.join(folder, "vocabulary.json"), VOCABULARY)
    common.write_json(os.path.join(folder, "labels.json"), labels)
    common.write_arrays(os.path.join(folder, "golden.npz"), **golden)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Train a classifier of names by language.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--names", required=True, metavar="DIR", help="folder of <Language>.txt, one name per line")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results, made if missing")
    parser.add_argument("--hidden", type=common.positive_int, default=128, help="units of the GRU")
    parser.add_argument("--embedding", type=common.positive_int, default=32, help="values per character")
    parser.add_argument("--epochs", type=common.positive_int, default=30, help="passes, in names drawn")
    parser.add_argument("--batch", type=common.positive_int, default=64, help="names per update")
    parser.add_argument("--balance", type=common.probability, default=0.5,
                        help="0 draws languages by their share, towards 1 evenly")
    parser.add_argument("--learning-rate", type=common.positive_float, default=4e-3, help="peak of the schedule")
    parser.add_argument("--dropout", type=common.probability, default=0.3, help="of embedding and last state")
    parser.add_argument("--clip", type=common.positive_float, default=1.0, help="largest gradient norm")
    parser.add_argument("--seed", type=common.seed_value, default=1, help="fixes the weights for a thread count")
    parser.add_argument("--threads", type=common.positive_int, default=1, help="CPU threads")
    return parser.parse_args()


def main():
    options = parse_arguments()
    common.make_repeatable(options.seed, options.threads)
    labels, names = load(options.names)
    learned, held_out = split(names)
    if len(learned) < options.batch:
        raise common.InputError(f"{options.names}: found {len(learned)} names to learn, expected at least "
                                f"--batch {options.batch}; give more names or a smaller --batch")
    os.makedirs(options.output, exist_ok=True)
    golden = pick_golden(held_out)
    draw = [len(names[label]) ** -options.balance for _, label in learned]
    model = NameModel(len(labels), options.embedding, options.hidden, options.dropout)
    batch_count = len(learned) // options.batch
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.01)
    schedule = common.warm_up_and_fall(optimizer, batch_count * options.epochs)
    progress = common.Progress(batch_count * options.epochs)
    progress.say(f"{common.weight_count(model)} weights, {len(labels)} languages, {len(learned)} names to learn, "
                 f"{len(held_out)} held out")
    history, best, step = [], (-math.inf,), 0
    for epoch in range(1, options.epochs + 1):
        for _ in range(batch_count):
            model.train()
            ids, lengths, targets = as_batch(random.choices(learned, draw, k=options.batch))
            loss = functional.cross_entropy(model(ids, lengths), targets)
            common.learn(loss, model, optimizer, schedule, options.clip)
            step += 1
            progress.show(step, f"epoch {epoch}  training {loss.item():.3f} nats")
        accuracy, nats, right = validate(model, held_out, len(labels))
        progress.say(f"epoch {epoch}/{options.epochs}  held out {accuracy:.2%} right, {nats:.4f} nats")
        history.append(round(accuracy, 5))
        if accuracy > best[0]:
            best = accuracy, nats, epoch, right
            write_results(options.output, model, labels, golden)
    accuracy, nats, best_epoch, right = best
    held = [sum(1 for _, label in held_out if label == row) for row in range(len(labels))]
    common.write_json(os.path.join(options.output, "training.json"), {
        "held_out_accuracy": round(accuracy, 5), "held_out_nats": round(nats, 5),
        "mean_accuracy_of_languages": round(sum(r / h for r, h in zip(right, held)) / len(labels), 5),
        "best_epoch": best_epoch, "epoch_held_out_accuracy": history,
        "weights": common.weight_count(model),
        "languages": {label: {"names": len(names[row]), "held_out": held[row], "right": right[row]}
                      for row, label in enumerate(labels)},
        "choices": {name: value for name, value in vars(options).items() if name not in ("names", "output")},
        "torch": torch.__version__, "wall_seconds": round(progress.elapsed_seconds(), 1)})
    progress.say(f"best epoch {best_epoch}: {accuracy:.2%} right -> {options.output}")


if __name__ == "__main__":
    common.run(main)
