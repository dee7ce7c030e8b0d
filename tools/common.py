# SPDX-License-Identifier: Apache-2.0
"""What the training tools share: argument types, seeding, progress with an ETA, and the written results.

Not a command; imported by train_charlm.py and train_names.py, which lie beside it.
"""
import argparse
import json
import math
import os
import random
import sys
import time

import numpy as np
import torch


class InputError(Exception):
    """The user's files or choices cannot be trained on; the message says what was found and expected."""


def positive_int(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {value}, expected 1 or more")
    return value


def positive_float(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {value}, expected more than 0")
    return value


def probability(text):
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"found {value}, expected 0 or more and below 1")
    return value


def seed_value(text):
    value = int(text)
    if not 0 <= value < 1 << 32:
        raise argparse.ArgumentTypeError(f"found {value}, expected 0 to 4294967295")
    return value


def run(main):
    """Calls main; bad input becomes one line on stderr and exit code 1, an interrupt exit code 130."""
    program = os.path.basename(sys.argv[0])
    try:
        main()
    except InputError as error:
        print(f"{program}: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"{program}: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"{program}: stopped; results of the best epoch stay, if one was complete", file=sys.stderr)
        sys.exit(130)


def read_text(path):
    """The file as one string, line ends untouched: every code point counts as a character."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save the text as UTF-8") from error


def make_repeatable(seed, threads):
    """The same seed, thread count and torch build give the same weights."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    random.seed(seed)


def learn(loss, model, optimizer, schedule, largest_norm):
    """One update. Stops at a loss that is no number: its gradient would spoil every weight."""
    if not torch.isfinite(loss):
        raise InputError(f"training diverged: found a loss of {loss.item()}; give a smaller --learning-rate")
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), largest_norm)
    optimizer.step()
    schedule.step()


def weight_count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def warm_up_and_fall(optimizer, step_count):
    """The rate rises over a twentieth of the steps, then falls along a cosine to a hundredth of what was asked."""
    warm_up = max(1, step_count // 20)

    def share(step):
        if step < warm_up:
            return (step + 1) / warm_up
        done = min(1.0, (step - warm_up) / max(1, step_count - warm_up))
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)


class Progress:
    """One line on stderr: rewritten in place on a terminal, otherwise printed every half minute."""

    def __init__(self, step_count):
        self.step_count = step_count
        self.started = time.monotonic()
        self.is_terminal = sys.stderr.isatty()
        self.shown = self.started

    def elapsed_seconds(self):
        return time.monotonic() - self.started

    def show(self, step, text):
        now = time.monotonic()
        if now - self.shown < (0.5 if self.is_terminal else 30):
            return
        self.shown = now
        left = (now - self.started) / step * (self.step_count - step)
        line = f"step {step}/{self.step_count}  {text}  ETA {int(left) // 60}:{int(left) % 60:02d}"
        print("\r\033[K" + line if self.is_terminal else line, end="" if self.is_terminal else "\n",
              file=sys.stderr, flush=True)

    def say(self, text):
        print(("\r\033[K" if self.is_terminal else "") + text, file=sys.stderr, flush=True)


def replace_file(path, write):
    """Writes beside the target and renames, so that an interrupt never leaves half a file."""
    partial = path + ".partial"
    with open(partial, "wb") as file:
        write(file)
    os.replace(partial, path)


def write_json(path, value):
    text = json.dumps(value, indent=1, ensure_ascii=True) + "\n"
    replace_file(path, lambda file: file.write(text.encode()))


def write_state_dict(path, module):
    replace_file(path, lambda file: torch.save(module.state_dict(), file))


def write_arrays(path, **arrays):
    replace_file(path, lambda file: np.savez(file, **arrays))
