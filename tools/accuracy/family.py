# SPDX-License-Identifier: Apache-2.0
"""One model held to its goal: Funes as it is, calibrated and in 16 bits, and its peers, on the same rows. Not a command."""
import os
import shlex
import sys
from dataclasses import dataclass
from typing import Callable

import numpy as np

import peers
from figures import BUILD, converted, ran, said

HIGH_SNR, HIGH_BYTES = 45, 2.1


@dataclass
class Family:
    """A model, the rows that it is judged on and what is asked of it."""
    name: str
    checkpoint: str
    recipe: str | None
    # A file of rows to calibrate with, none of which is judged on.
    calibration: str
    # What shows the goal: options of `funes convert`, in which {calibration} stands for that file.
    calibrated: list
    # What peers run, and float's outputs of it.
    job: object
    expected: np.ndarray
    # Of outputs, the columns of the table, with "SNR dB"; and of those whether the goal is met.
    score: Callable
    holds: Callable
    # Bytes a weight that the goal allows.
    bytes_: float = float("inf")
    # Of a program and a model file, outputs as the job gives them.
    found: Callable = None
    # Rows on which a peer's float network is held to ours.
    probe: int = 100
    # Of outputs, lines to list below the table.
    remarks: Callable = lambda found: []


def variants(family, convert):
    """By name, what each row of the table gives to convert; what the user says comes last."""
    rows = {"default": [], "calibrated": family.calibrated, "high": ["--precision", "high"]}
    if convert:
        rows[" ".join(convert)] = convert
    return {name: [option.replace("{calibration}", family.calibration) for option in options] for name, options in rows.items()}


def row_of(family, conversion, size, columns):
    is_high = conversion == "high"
    holds = family.holds(columns) and (columns["SNR dB"] >= HIGH_SNR or not is_high)
    is_small = size <= (HIGH_BYTES if is_high else family.bytes_)
    verdict = "not met" if not holds else "met" if is_small else "met but for bytes"
    return {"model": family.name, "conversion": conversion, **columns, "bytes a weight": size, "goal": verdict}


def measured(family, choice, convert):
    """The rows of one model's table, and the notes below it."""
    folder = os.path.join(BUILD, family.name)
    os.makedirs(folder, exist_ok=True)
    rows, notes = [], []
    for name, options in variants(family, convert).items():
        said(f"{family.name}: {name}")
        model = os.path.join(folder, "model.funes")
        size = converted(choice.funes, family.checkpoint, family.recipe, model, options)
        found = family.found(choice.funes, model) if family.found else ran(choice.funes, model, family.job)
        rows.append(row_of(family, name, size, family.score(found)))
        notes += [f"{family.name}, {name}: {remark}" for remark in family.remarks(found)]
    notes.append(f"{family.name}: calibrated by {shlex.join(family.calibrated)}")
    if not choice.without_peers:
        try:
            for peer, best, *rest in peers.rows(family.job, family.expected, family.score, folder, family.probe):
                if rest:
                    rows.append(row_of(family, peer, *rest))
                    notes.append(f"{family.name}: {peer}: the best of its ways: {best}")
                else:
                    notes.append(f"{family.name}: {peer} does not run it: {best}")
        except peers.PeerError as error:
            sys.exit(f"{family.name}: {error}")
    return rows, notes

