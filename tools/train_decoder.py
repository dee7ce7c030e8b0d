# SPDX-License-Identifier: Apache-2.0
"""Trains a small Llama-shaped decoder on any UTF-8 text: byte-level BPE, rotary positions, grouped-query attention over a
sliding window, SwiGLU, tied embedding.

From: one text file. Its last 5 % validates; windows of the rest, begun at random tokens, train. Windows are longer than
      attention's, so that what is learnt holds for texts without end.
To:   a folder as Hugging Face lays it out, of the check that validated best,
      config.json        family "mistral", which is Llama with a sliding window
      model.safetensors  float32
      tokenizer.json     byte-level BPE learnt from the training part; --vocabulary 256 leaves the bytes alone
      golden.npz         token ids from the validation text, 32 more than the window, and their logits
      training.json      metrics and every choice made

    python train_decoder.py --text FILE --output DIR [--width 128] [--layers 4] [--vocabulary 512] [--epochs 20]
"""
import argparse
import math
import os
import time

import numpy as np
import safetensors.torch
import tokenizers
import torch
from torch import nn
from torch.nn import functional

import common

VALIDATION_PART = 0.05
EPSILON = 1e-5
ROTARY_BASE = 10_000.0
BYTES = 256


class Norm(nn.Module):
    """x / sqrt(mean x^2 + eps) * weight."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.weight


def rotary(length, width):
    """cos and sin (length, width / 2) of position * base^(-2 i / width)."""
    rates = ROTARY_BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * rates
    return angles.cos().float(), angles.sin().float()


def turn(x, angles):
    """x (B, heads, T, width): one value of the first half and one of the second are turned together."""
    cosine, sine = angles
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), -1)


def sees(length, window):
    """(T, T): a row sees itself and the window - 1 rows before it."""
    distance = torch.arange(length)[:, None] - torch.arange(length)
    return (distance >= 0) & (distance < window)


class Attention(nn.Module):
    def __init__(self, choices):
        super().__init__()
        self.heads, self.key_heads = choices.heads, choices.key_heads
        self.head_width = choices.width // choices.heads
        keys = self.key_heads * self.head_width
        self.q_proj = nn.Linear(choices.width, choices.width, bias=False)
        self.k_proj = nn.Linear(choices.width, keys, bias=False)
        self.v_proj = nn.Linear(choices.width, keys, bias=False)
        self.o_proj = nn.Linear(choices.width, choices.width, bias=False)

    def forward(self, x, angles, mask):
        batch, length, width = x.shape
        q, k, v = (product(x).view(batch, length, -1, self.head_width).transpose(1, 2)
                   for product in (self.q_proj, self.k_proj, self.v_proj))
        k, v = (rows.repeat_interleave(self.heads // self.key_heads, 1) for rows in (turn(k, angles), v))
        seen = functional.scaled_dot_product_attention(turn(q, angles), k, v, attn_mask=mask)
        return self.o_proj(seen.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Module):
    """down(silu(gate x) * up x)."""

    def __init__(self, width, hidden):
        super().__init__()
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, choices):
        super().__init__()
        self.input_layernorm = Norm(choices.width)
        self.self_attn = Attention(choices)
        self.post_attention_layernorm = Norm(choices.width)
        self.mlp = FeedForward(choices.width, choices.hidden)
        self.dropout = nn.Dropout(choices.dropout)

    def forward(self, x, angles, mask):
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), angles, mask))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))


class Body(nn.Module):
    def __init__(self, choices):
        super().__init__()
        self.embed_tokens = nn.Embedding(choices.vocabulary, choices.width)
        self.layers = nn.ModuleList(Layer(choices) for _ in range(choices.layers))
        self.norm = Norm(choices.width)


class Decoder(nn.Module):
    """ids (B, T) -> logits (B, T, V). Tensors are named as Hugging Face names Llama's."""

    def __init__(self, choices):
        super().__init__()
        self.model = Body(choices)
        self.dropout = nn.Dropout(choices.dropout)
        self.window = choices.window
        self.head_width = choices.width // choices.heads
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # Products that add to the residual begin smaller, the more of them there are.
                adds = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * choices.layers) if adds else 0.02)

    def forward(self, ids):
        length = ids.shape[1]
        angles, mask = rotary(length, self.head_width), sees(length, self.window)
        x = self.dropout(self.model.embed_tokens(ids))
        for layer in self.model.layers:
            x = layer(x, angles, mask)
        return self.model.norm(x) @ self.model.embed_tokens.weight.t()


def learn_tokenizer(text, count):
    """Byte-level BPE of `count` symbols: the 256 bytes, then what is merged."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=count, show_progress=False,
                                             initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def drawn(ids, batch, length):
    """inputs and targets (batch, length), begun at random; the target is one token later."""
    starts = torch.randint(len(ids) - length, (batch, 1))
    rows = ids[starts + torch.arange(length + 1)]
    return rows[:, :-1], rows[:, 1:]


@torch.no_grad()
def validate(model, ids, length):
    """Nats for the whole text, cut into windows of which the second half is scored: each token sees a full window."""
    model.eval()
    total, half = 0.0, length // 2
    for start in range(0, len(ids) - 1, half):
        begin = max(0, start - half)
        stop = min(start + half, len(ids) - 1)
        logits = model(ids[None, begin:stop])[0, start - begin:]
        total += functional.cross_entropy(logits, ids[start + 1:stop + 1], reduction="sum").item()
    model.train()
    return total


def config_of(choices):
    return {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": choices.width,
            "intermediate_size": choices.hidden, "num_hidden_layers": choices.layers,
            "num_attention_heads": choices.heads, "num_key_value_heads": choices.key_heads,
            "vocab_size": choices.vocabulary, "max_position_embeddings": choices.length,
            "sliding_window": choices.window, "rms_norm_eps": EPSILON, "rope_theta": ROTARY_BASE,
            "hidden_act": "silu", "tie_word_embeddings": True, "torch_dtype": "float32"}


def write_results(folder, model, choices, validation_ids):
    """The weights and their golden output; called whenever a check was the best so far."""
    ids = validation_ids[:choices.window + 32]
    model.eval()
    with torch.no_grad():
        logits = model(ids[None])[0]
    model.train()
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    data = safetensors.torch.save(tensors, metadata={"format": "pt"})
    common.replace_file(os.path.join(folder, "model.safetensors"), lambda file: file.write(data))
    common.write_json(os.path.join(folder, "config.json"), config_of(choices))
    common.write_arrays(os.path.join(folder, "golden.npz"), ids=ids.numpy().astype(np.int32),
                        logits=logits.numpy().astype(np.float32))


def parse_arguments():
    parser = argparse.ArgumentParser(description="Train a small Llama-shaped decoder on a text.",
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--text", required=True, metavar="FILE", help="UTF-8 text to learn")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the results, made if missing")
    parser.add_argument("--vocabulary", type=common.positive_int, default=512,
                        help="tokens: 256 for bytes alone, more for byte-level BPE")
    parser.add_argument("--width", type=common.positive_int, default=128, help="values of a row between layers")
    parser.add_argument("--hidden", type=common.positive_int, default=344, help="values inside a feed-forward")
    parser.add_argument("--layers", type=common.positive_int, default=4, help="layers")
    parser.add_argument("--heads", type=common.positive_int, default=4, help="query heads")
    parser.add_argument("--key-heads", type=common.positive_int, default=2, help="key and value heads")
    parser.add_argument("--window", type=common.positive_int, default=128, help="tokens that a token sees")
    parser.add_argument("--length", type=common.positive_int, default=256, help="tokens of a training window")
    parser.add_argument("--epochs", type=common.positive_int, default=20, help="as many tokens as this many passes")
    parser.add_argument("--checks", type=common.positive_int, default=20, help="validations on the way")
    parser.add_argument("--batch", type=common.positive_int, default=16, help="windows a step")
    parser.add_argument("--learning-rate", type=common.positive_float, default=3e-3, help="peak of the schedule")
    parser.add_argument("--weight-decay", type=common.positive_float, default=0.1, help="of AdamW")
    parser.add_argument("--dropout", type=common.probability, default=0.15, help="of what each sublayer adds")
    parser.add_argument("--clip", type=common.positive_float, default=1.0, help="largest gradient norm")
    parser.add_argument("--seed", type=common.seed_value, default=1, help="fixes the weights for a thread count")
    parser.add_argument("--threads", type=common.positive_int, default=1, help="CPU threads")
    choices = parser.parse_args()
    if choices.vocabulary < BYTES:
        parser.error(f"--vocabulary: found {choices.vocabulary}, expected {BYTES} or more: every byte is a token")
    if choices.heads % choices.key_heads:
        parser.error(f"--key-heads: found {choices.key_heads}, expected a divisor of --heads {choices.heads}")
    if choices.width % (2 * choices.heads):
        parser.error(f"--width: found {choices.width}, expected a multiple of twice --heads {choices.heads}")
    if choices.length < choices.window or choices.length % 2:
        parser.error(f"--length: found {choices.length}, expected an even number of at least --window {choices.window}")
    return choices


def load(choices):
    """(tokenizer, training ids, validation ids, validation characters); InputError for a text that is too short."""
    text = common.read_text(choices.text)
    validation_count = int(len(text) * VALIDATION_PART)
    training, validation = text[:len(text) - validation_count], text[len(text) - validation_count:]
    tokenizer = learn_tokenizer(training, choices.vocabulary)
    if tokenizer.get_vocab_size() != choices.vocabulary:
        raise common.InputError(f"{choices.text}: found {tokenizer.get_vocab_size()} tokens, expected "
                                f"{choices.vocabulary}; give more text or a smaller --vocabulary")
    training_ids, validation_ids = (torch.tensor(tokenizer.encode(part).ids) for part in (training, validation))
    for name, ids, needed in (("training", training_ids, choices.length + 1),
                              ("validation", validation_ids, choices.window + 32)):
        if len(ids) <= needed:
            raise common.InputError(f"{choices.text}: found {len(ids)} tokens in the {name} part, expected more than "
                                    f"{needed}; give more text or smaller windows")
    return tokenizer, training_ids, validation_ids, len(validation)


def main():
    choices = parse_arguments()
    common.make_repeatable(choices.seed, choices.threads)
    tokenizer, training_ids, validation_ids, characters = load(choices)
    os.makedirs(choices.output, exist_ok=True)
    tokenizer.save(os.path.join(choices.output, "tokenizer.json"))
    model = Decoder(choices)
    steps = max(choices.checks, math.ceil(choices.epochs * len(training_ids) / (choices.batch * choices.length)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=choices.learning_rate, betas=(0.9, 0.95),
                                  weight_decay=choices.weight_decay)
    schedule = common.warm_up_and_fall(optimizer, steps)
    progress = common.Progress(steps)
    progress.say(f"{common.weight_count(model)} weights, {len(training_ids)} tokens to learn, "
                 f"{len(validation_ids)} tokens of {characters} characters to validate")
    history, best, started = [], math.inf, time.monotonic()
    model.train()
    for step in range(1, steps + 1):
        inputs, targets = drawn(training_ids, choices.batch, choices.length)
        loss = functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        common.learn(loss, model, optimizer, schedule, choices.clip)
        progress.show(step, f"training {loss.item():.3f} nats/token")
        if step * choices.checks // steps == (step - 1) * choices.checks // steps:
            continue
        history.append(round(validate(model, validation_ids, choices.length) / characters, 5))
        progress.say(f"step {step}/{steps}  validation {history[-1]:.4f} nats/char  {progress.elapsed_seconds():.0f} s")
        if history[-1] < best:
            best, best_step = history[-1], step
            write_results(choices.output, model, choices, validation_ids)
    common.write_json(os.path.join(choices.output, "training.json"), {
        "validation_nats_per_char": best, "validation_bits_per_char": round(best / math.log(2), 5),
        "best_step": best_step, "validation_history_nats_per_char": history, "weights": common.weight_count(model),
        "vocabulary": choices.vocabulary, "text": os.path.basename(choices.text),
        "training_tokens": len(training_ids), "validation_tokens": len(validation_ids),
        "validation_characters": characters,
        "choices": {name: value for name, value in vars(choices).items() if name not in ("text", "output")},
        "torch": torch.__version__, "tokenizers": tokenizers.__version__,
        "wall_seconds": round(time.monotonic() - started, 1)})
    progress.say(f"best step {best_step}: {best:.4f} nats/char, {best / math.log(2):.4f} bits/char -> {choices.output}")


if __name__ == "__main__":
    common.run(main)
