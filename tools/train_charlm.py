# SPDX-License-Identifier: Apache-2.0
"""Trains a character language model: embedding -> RNN, LSTM or GRU -> linear, on any UTF-8 text.

From: one text file. Its last 5 % validates; the rest is cut into parallel streams and read in chunks, with the
      hidden state carried from chunk to chunk and the gradient cut between them.
To:   a folder with, of the epoch that validated best,
      model.pt         plain state dict, float32: embedding.weight, rnn.weight_ih_l0, ..., output.bias
      vocabulary.json  list of one-character strings; the position is the id
      golden.npz       ids (256) int32 from the validation text, logits (256, V) float32 from a zero state
      training.json    metrics and every choice made

    python train_charlm.py --text FILE --output DIR [--cell lstm] [--hidden 256] [--layers 2] [--epochs 12]
"""
import argparse
import math
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import common

GOLDEN_LENGTH = 256
VALIDATION_PART = 0.05
VALIDATION_STREAMS = 8
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class CharacterModel(nn.Module):
    """ids (T, B) -> logits (T, B, V). The state is that of the cell: (layers, B, H), for an LSTM a pair."""

    def __init__(self, cell, vocabulary_count, embedding, hidden, layers, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_count, embedding)
        self.rnn = CELLS[cell](embedding, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, vocabulary_count)
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("weight_hh"):
                # Orthogonal blocks keep the gradient's length through time.
                for block in parameter.data.split(hidden):
                    nn.init.orthogonal_(block)
            elif cell == "lstm" and name.startswith("bias_ih"):
                # Gates are stacked i, f, g, o; an open forget gate remembers from the first step.
                parameter.data[hidden:2 * hidden] = 1.0

    def forward(self, ids, state=None):
        outputs, state = self.rnn(self.embedding(ids), state)
        return self.output(self.dropout(outputs)), state


def carried(state, restart):
    """The state for the next chunk, without its history; a few streams begin again from zero, as prompts do."""
    parts = state if isinstance(state, tuple) else (state,)
    keep = (torch.rand(1, parts[0].shape[1], 1) >= restart).float()
    parts = tuple(part.detach() * keep for part in parts)
    return parts if isinstance(state, tuple) else parts[0]


def in_streams(ids, count):
    """ids (N) -> (L, count): each column is one contiguous part of the text; a tail that does not fit is dropped."""
    length = len(ids) // count
    return ids[:length * count].view(count, length).t().contiguous()


def chunks(streams, length):
    """(input, target) pairs of at most `length` rows, in order; the target is one row later."""
    for start in range(0, len(streams) - 1, length):
        stop = min(start + length, len(streams) - 1)
        yield streams[start:stop], streams[start + 1:stop + 1]


def cross_entropy(logits, targets, reduction="mean"):
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction=reduction)


@torch.no_grad()
def validate(model, streams):
    """Mean nats per character over the streams, each read from a zero state."""
    model.eval()
    total, count, state = 0.0, 0, None
    for inputs, targets in chunks(streams, GOLDEN_LENGTH):
        logits, state = model(inputs, state)
        total += cross_entropy(logits, targets, reduction="sum").item()
        count += targets.numel()
    return total / count


def write_results(folder, model, vocabulary, validation_ids):
    """The checkpoint, its vocabulary and its golden output; called whenever an epoch was the best so far."""
    ids = validation_ids[:GOLDEN_LENGTH]
    model.eval()
    with torch.no_grad():
        logits, _ = model(ids.view(-1, 1))
    common.write_state_dict(os.path.join(folder, "model.pt"), model)
    common.write_json(os.path.join(folder, "vocabulary.json"), vocabulary)
    common.write_arrays(os.path.join(folder, "golden.npz"), ids=ids.numpy().astype(np.int32),
                        logits=logits[:, 0].numpy().astype(np.float32))


def parse_arguments():
    parser = argparse.ArgumentParser(description="Train a character language model on a text.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--text", required=True, metavar="FILE", help="UTF-8 text to learn")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results, made if missing")
    parser.add_argument("--cell", choices=sorted(CELLS), default="lstm", help="recurrent cell")
    parser.add_argument("--hidden", type=common.positive_int, default=256, help="units per layer")
    parser.add_argument("--layers", type=common.positive_int, default=2, help="recurrent layers")
    parser.add_argument("--embedding", type=common.positive_int, default=64, help="values per character")
    parser.add_argument("--epochs", type=common.positive_int, default=12, help="passes over the text")
    parser.add_argument("--batch", type=common.positive_int, default=32, help="streams read in parallel")
    parser.add_argument("--chunk", type=common.positive_int, default=64, help="characters between gradient cuts")
    parser.add_argument("--learning-rate", type=common.positive_float, default=4e-3, help="peak of the schedule")
    parser.add_argument("--dropout", type=common.probability, default=0.15, help="after each recurrent layer")
    parser.add_argument("--restart", type=common.probability, default=0.05,
                        help="share of the streams whose state is reset after a chunk, so that prompts work")
    parser.add_argument("--clip", type=common.positive_float, default=1.0, help="largest gradient norm")
    parser.add_argument("--seed", type=common.seed_value, default=1, help="fixes the weights for a thread count")
    parser.add_argument("--threads", type=common.positive_int, default=1, help="CPU threads")
    return parser.parse_args()


def load(path, batch, chunk):
    """(vocabulary, training ids, validation ids), or InputError when the text is too short to fill one batch."""
    text = common.read_text(path)
    if not text:
        raise common.InputError(f"{path}: the text is empty")
    vocabulary = sorted(set(text))
    id_of = {character: row for row, character in enumerate(vocabulary)}
    ids = torch.tensor([id_of[character] for character in text])
    validation_count = int(len(ids) * VALIDATION_PART)
    needed = max(math.ceil((GOLDEN_LENGTH + 1) / VALIDATION_PART),
                 math.ceil(batch * (chunk + 1) / (1 - VALIDATION_PART)))
    if len(ids) < needed:
        raise common.InputError(f"{path}: found {len(ids)} characters, expected at least {needed} "
                                f"for --batch {batch} and --chunk {chunk}; give more text")
    return vocabulary, ids[:-validation_count], ids[-validation_count:]


def main():
    options = parse_arguments()
    common.make_repeatable(options.seed, options.threads)
    vocabulary, training_ids, validation_ids = load(options.text, options.batch, options.chunk)
    os.makedirs(options.output, exist_ok=True)
    streams = in_streams(training_ids, options.batch)
    validation_streams = in_streams(validation_ids, VALIDATION_STREAMS)
    model = CharacterModel(options.cell, len(vocabulary), options.embedding, options.hidden, options.layers,
                           options.dropout)
    chunk_count = math.ceil((len(streams) - 1) / options.chunk)
    step_count = chunk_count * options.epochs
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.01)
    schedule = common.warm_up_and_fall(optimizer, step_count)
    progress = common.Progress(step_count)
    progress.say(f"{common.weight_count(model)} weights, {len(vocabulary)} characters, "
                 f"{len(training_ids)} to learn, {len(validation_ids)} to validate")
    history, best, step = [], math.inf, 0
    for epoch in range(1, options.epochs + 1):
        model.train()
        state = None
        for inputs, targets in chunks(streams, options.chunk):
            logits, state = model(inputs, state)
            state = carried(state, options.restart)
            loss = cross_entropy(logits, targets)
            common.learn(loss, model, optimizer, schedule, options.clip)
            step += 1
            progress.show(step, f"epoch {epoch}  training {loss.item():.3f} nats/char")
        history.append(round(validate(model, validation_streams), 5))
        progress.say(f"epoch {epoch}/{options.epochs}  validation {history[-1]:.4f} nats/char  "
                     f"{progress.elapsed_seconds():.0f} s")
        if history[-1] < best:
            best, best_epoch = history[-1], epoch
            write_results(options.output, model, vocabulary, validation_ids)
    model.load_state_dict(torch.load(os.path.join(options.output, "model.pt"), weights_only=True))
    nats = validate(model, validation_ids.view(-1, 1))
    choices = {name: value for name, value in vars(options).items() if name not in ("text", "output")}
    common.write_json(os.path.join(options.output, "training.json"), {
        "validation_nats_per_char": round(nats, 5), "validation_bits_per_char": round(nats / math.log(2), 5),
        "best_epoch": best_epoch, "epoch_validation_nats_per_char": history,
        "weights": common.weight_count(model), "vocabulary": len(vocabulary),
        "text": os.path.basename(options.text), "training_characters": len(training_ids),
        "validation_characters": len(validation_ids), "choices": choices, "torch": torch.__version__,
        "wall_seconds": round(progress.elapsed_seconds(), 1)})
    progress.say(f"best epoch {best_epoch}: {nats:.4f} nats/char, {nats / math.log(2):.4f} bits/char "
                 f"-> {options.output}")


if __name__ == "__main__":
    common.run(main)
