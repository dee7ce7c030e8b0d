#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program of a .funes file in numpy: a second reading of FORMAT.md, in doubles.

From: a .funes file, version 2. Weights are dequantised and activations left in float, so results differ from the
      runtime's by the noise of quantised activations only: 85 dB and more below the signal with 16 bits.
To:   stdout, a line for each row of each output: name, row, values. Inputs are those of the self-test for a seed, or
      arrays (rows, ...) by input name from an .npz.

    python3 tools/reference.py model.funes [--program step] [--rows 4] [--seed 1] [--inputs x.npz]
"""
import argparse
import hashlib
import math
import struct
import sys

import numpy as np

import reference_attention as rows_of

NONE = 0xFFFFFFFF
KINDS = [b"STRS", b"CONS", b"VALS", b"STAT", b"OPS ", b"RUNS", b"PROG", b"RSET", b"IO  ", b"TEXT", b"SYMS", b"GENR",
         b"META", b"GOLD", b"DATA"]
CODES = ("LINEAR EMBEDDING ONE_HOT RNN LSTM GRU ADD MULTIPLY CONCAT SLICE ACTIVATE SOFTMAX LOG_SOFTMAX L2_NORMALIZE "
         "COPY LAST MEAN WINDOW SUBSAMPLE STATE_READ STATE_WRITE LAYER_NORM RMS_NORM ROTARY ATTENTION SCALE CONSTANT POSITION FIRST "
         "POOL PATCHES BLOCK_ATTENTION REMEMBER MEMORY_ATTENTION FRAMES").split()
FUNCTIONS = [lambda x: x, lambda x: np.maximum(x, 0), np.tanh, lambda x: 0.5 + 0.5 * np.tanh(0.5 * x),
             lambda x: np.clip(0.2 * x + 0.5, 0, 1), lambda x: x * (1 + np.vectorize(math.erf)(x / 2 ** 0.5)) / 2,
             lambda x: x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x ** 3))) / 2,
             lambda x: x * (0.5 + 0.5 * np.tanh(0.5 * x)), lambda x: np.sqrt(np.maximum(x, 0))]


def up(count, to=16):
    return -(-count // to) * to


class File:
    """Records as tuples of integers, constants as arrays of doubles, states as they are at the moment."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        if data[:12] != b"\x89FUN\r\n\x1a\n\2\0\0\0" or data[48:80] != hashlib.sha256(data[128:]).digest():
            sys.exit(f"{path}: found other bytes, expected a .funes file of version 2 that fits its fingerprint")
        self.sections, end = {}, 128 + 32 * len(KINDS)
        for index, expected in enumerate(KINDS):
            kind, _, offset, count, _, _ = struct.unpack_from("<4sIQQII", data, 128 + 32 * index)
            assert kind == expected and offset == up(end, 64), "section table"
            self.sections[kind.decode().strip()], end = data[offset:offset + count], offset + count
        assert up(end, 64) == len(data), "trailing bytes"
        self.constants = [self.constant(*r) for r in self.records("CONS", "<IBBBBIIIIQ32x")]
        self.values, self.ops = self.records("VALS", "<IBBH3IIQ16x"), self.records("OPS", "<HHIQ8I2I8I4I6i")
        self.start = []
        for _, kind, _, _, lanes, width, initial, _ in self.records("STAT", "<IBBHIIII8x"):
            rows, count = (1, lanes * width) if kind in (3, 7) else (lanes, width)  # rows of rings and caches are adjacent
            first = self.constants[initial] if initial != NONE else np.zeros(rows * up(count))
            self.start.append(0 if kind == 4 else first.reshape(rows, -1)[:, :count].reshape(lanes, width))
        self.states = list(self.start)  # replaced, never written into

    def records(self, section, form):
        return list(struct.iter_unpack(form, self.sections[section]))

    def string(self, offset):
        strings = self.sections["STRS"]
        return strings[offset:strings.index(b"\0", offset)].decode()

    def constant(self, name, kind, planes, activations, flags, rows, cols, groups, qmax, offset):
        """A matrix as W (rows, cols), a vector as the file pads it."""
        data = self.sections["DATA"]
        if kind == 2:
            return np.frombuffer(data, "<f4", rows, offset).astype(np.float64)
        units, blocks, quads = rows // groups, up(rows // groups) // 16, up(cols, 4) // 4
        count = 64 * groups * blocks * quads
        weights = 0.0
        for plane in range(planes):
            tiles = np.frombuffer(data, np.int8, count, offset + plane * count).reshape(blocks, quads, groups, 16, 4)
            tiles = tiles.transpose(2, 0, 3, 1, 4).reshape(groups, blocks * 16, quads * 4)
            weights = 255 * weights + tiles.astype(np.float64)
        scales = np.frombuffer(data, "<f4", 16 * groups * blocks, offset + planes * count)
        weights *= scales.reshape(blocks, groups, 16).transpose(1, 0, 2).reshape(groups, -1, 1)
        if flags & 1:
            weights *= np.frombuffer(data, "<f4", 4 * quads, offset + planes * count + 64 * (1 + planes) * groups * blocks)
        return weights[:, :units, :cols].reshape(rows, cols)

    def program(self, name):
        """Inputs and outputs as IO records, runs as (is sequential, operators), states reset on entry."""
        runs, ports, resets = self.records("RUNS", "<II"), self.records("IO", "<IIBBHIffI20x"), self.records("RSET", "<I")
        ops = iter(self.ops)
        for label, _, run_count, port_count, reset_count in self.records("PROG", "<IIIII12x"):
            own = [(kind, [next(ops) for _ in range(count)]) for kind, count in runs[:run_count]]
            if self.string(label) == name:
                inputs = [p for p in ports[:port_count] if p[2] == 0]
                return inputs, ports[len(inputs):port_count], own, [r[0] for r in resets[:reset_count]]
            runs, ports, resets = runs[run_count:], ports[port_count:], resets[reset_count:]
        sys.exit(f"program: found none named {name!r}")


def cell(code, constants, states, numbers, x):
    """x (rows, L N I) to h (rows, L N output) and gates, then the states after; equations in funes_kernels.h."""
    act, gate = FUNCTIONS[numbers[0] & 255], FUNCTIONS[numbers[0] >> 8]
    coupled, before, reverse, inner = (bool(numbers[1] & bit) for bit in (1, 2, 4, 8))
    lanes, steps = numbers[2], numbers[3]
    c_clip, p_clip = (clip or np.inf for clip in struct.unpack("<2f", struct.pack("<2i", *numbers[4:6])))
    wx, wh, bias, extra, matrix, candidate_x = constants[:6]
    wx = np.concatenate([wx, candidate_x]) if before else wx
    gates = {"RNN": 1, "GRU": 3, "LSTM": 3 if coupled else 4}[code]
    units = len(wx) // gates
    bias = bias.reshape(-1, gates, 16).transpose(1, 0, 2).reshape(gates, -1)[:, :units]
    extra = np.zeros((3, units)) if extra is None else extra.reshape(-1, up(units))[:, :units]
    x = x.reshape(len(x), lanes, steps, -1)
    output = len(matrix) if code == "LSTM" and matrix is not None else units
    h, c = (np.zeros((lanes, output)), np.zeros((lanes, units))) if inner else (states + [0])[:2]
    hs = np.zeros((len(x), lanes, steps, output))
    gs = np.zeros((len(x), lanes, steps, units * (4 if code == "LSTM" else gates)))
    turn = slice(None, None, -1 if reverse else 1)
    for t, n in [(t, n) for t in (range(len(x)) if inner else range(len(x))[turn]) for n in range(steps)[turn]]:
        if inner and n == range(steps)[turn][0]:
            h, c = np.zeros_like(h), np.zeros_like(c)
        p = (x[t, :, n] @ wx.T).reshape(lanes, gates, units) + bias
        q = (h @ wh.T).reshape(lanes, -1, units)
        if code == "RNN":
            shown = [act(p[:, 0] + q[:, 0])]
            h = shown[0]
        elif code == "GRU":
            r, z = gate(p[:, 0] + q[:, 0]), gate(p[:, 1] + q[:, 1])
            shown = [r, z, act(p[:, 2] + ((r * h) @ matrix.T if before else r * (q[:, 2] + extra[0])))]
            h = (1 - z) * shown[2] + z * h
        else:
            p = p + q
            f, g = gate(p[:, -3] + extra[1] * c), act(p[:, -2])
            i = 1 - f if coupled else gate(p[:, 0] + extra[0] * c)
            c = np.clip(f * c + i * g, -c_clip, c_clip)
            shown = [i, f, g, gate(p[:, -1] + extra[2] * c)]
            h = shown[3] * act(c)
            h = h if matrix is None else np.clip(h @ matrix.T, -p_clip, p_clip)
        hs[t, :, n], gs[t, :, n] = h, np.concatenate(shown, axis=1)
    return [hs.reshape(len(x), -1), gs.reshape(len(x), -1)], [h, c]


def rotary(x, turns, position, dimensions, halves):
    """x (rows, lanes, width), the first row at `position`."""
    at = (position + np.arange(len(x)))[:, None, None] % 2 ** 32
    half = dimensions // 2
    angle = 2 * np.pi * (at * turns[:half] % 1 + at * turns[half:])
    a, b = (slice(0, half), slice(half, dimensions)) if halves else (slice(0, dimensions, 2), slice(1, dimensions, 2))
    y = x.copy()
    y[:, :, a] = x[:, :, a] * np.cos(angle) - x[:, :, b] * np.sin(angle)
    y[:, :, b] = x[:, :, a] * np.sin(angle) + x[:, :, b] * np.cos(angle)
    return y


def perform(file, op, xs):
    """One operator over the rows of its inputs, each (rows, width): its outputs."""
    code, n, at = CODES[op[0] - 1], op[26:32], [s for s in op[22:26] if s != NONE]
    constants = [None if c == NONE else file.constants[c] for c in op[14:22]]
    states, rows = [file.states[s] for s in at], max([len(x) for x in xs], default=1)
    x, w, after = xs[0] if xs else None, constants[0], []
    if code in ("RNN", "LSTM", "GRU"):
        ys, after = cell(code, constants, states, n, x)
    elif code == "LINEAR":
        bias = 0 if constants[1] is None else constants[1][:len(w)]
        ys = [x.reshape(rows, -1, w.shape[1]) @ w.T + bias]
    elif code == "EMBEDDING":
        ys = [w[x.astype(int)]]
    elif code == "ONE_HOT":
        ys = [np.eye(n[0])[x.astype(int)]]
    elif code in ("ADD", "MULTIPLY"):
        ys = [xs[0] + xs[1] if code == "ADD" else xs[0] * xs[1]]
    elif code == "CONCAT":
        ys = [np.concatenate([np.broadcast_to(v, (rows, v.shape[1])).reshape(rows, n[0], -1) for v in xs], axis=2)]
    elif code == "SLICE":
        ys = [x.reshape(rows, n[0], -1)[:, :, n[1]:n[1] + n[2]]]
    elif code == "ACTIVATE":
        ys = [FUNCTIONS[n[0]](x)]
    elif code in ("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZE"):
        x = x.reshape(rows, n[0], -1)
        log = x - x.max(axis=2, keepdims=True)
        log = log - np.log(np.exp(log).sum(axis=2, keepdims=True))
        unit = x / np.maximum(np.sqrt((x * x).sum(axis=2, keepdims=True)), 1e-12)
        ys = [{"SOFTMAX": np.exp(log), "LOG_SOFTMAX": log, "L2_NORMALIZE": unit}[code]]
    elif code in ("COPY", "LAST"):
        ys = [x if code == "COPY" else x[-1:]]
    elif code == "MEAN":
        counts = np.minimum(states[1] + 1 + np.arange(rows), 1 << 24)
        means = [states[0][0]]
        for row, count in zip(x, counts):
            means.append(means[-1] + (row - means[-1]) / count)
        ys, after = [np.array(means[1:])], [means[-1][None], int(counts[-1])]
    elif code == "WINDOW":  # the state is kept oldest row first here, so the ring's position has no use
        ring = (n[0] - 1) * n[1]
        whole = np.concatenate([states[0], x]) if ring else x
        ys, after = [np.concatenate([whole[k * n[1]:k * n[1] + rows] for k in range(n[0])], axis=1)], [whole[rows:]]
    elif code == "SUBSAMPLE":
        ys, after = [x[-states[0] % n[0]::n[0]]], [(states[0] + rows) % n[0]]
    elif code in ("LAYER_NORM", "RMS_NORM"):
        x = x.reshape(rows, n[0], -1)
        x = x - x.mean(axis=2, keepdims=True) if code == "LAYER_NORM" else x
        x = x / np.sqrt((x * x).mean(axis=2, keepdims=True) + struct.unpack("<f", struct.pack("<i", n[1]))[0])
        ys = [x * w + (0 if constants[1] is None else constants[1])]
    elif code == "ROTARY":
        ys, after = [rotary(x.reshape(rows, n[0], -1), w, states[0], n[1], n[2] == 1)], [(states[0] + rows) % 2 ** 32]
    elif code == "ATTENTION":
        y, after = rows_of.causal([np.broadcast_to(v, (rows, v.shape[1])) for v in xs], states, w, n)
        ys = [y]
    elif code == "BLOCK_ATTENTION":
        ys = [rows_of.block([np.broadcast_to(v, (rows, v.shape[1])) for v in xs], w, n)]
    elif code == "REMEMBER":
        ys, after = [], rows_of.remember([np.broadcast_to(v, (rows, v.shape[1])) for v in xs], states, n[0])
    elif code == "MEMORY_ATTENTION":
        ys = [rows_of.recall(x, states, w, n)]
    elif code == "SCALE":
        ys = [x * rows_of.real(n[0])]
    elif code == "CONSTANT":
        ys = [w[None]]
    elif code == "POSITION":
        ys, after = [x + w[states[0]:states[0] + rows]], [states[0] + rows]
    elif code == "FIRST":
        ys = [x[:1]]
    elif code == "POOL":
        ys = [rows_of.pool([np.broadcast_to(v, (rows, v.shape[1])) for v in xs], n[0], n[1])]
    elif code == "PATCHES":
        ys = [rows_of.patches(x, n)]
    elif code == "FRAMES":
        ys = [rows_of.frames(x, n)]
    elif code == "STATE_READ":
        ys = [states[0].reshape(1, -1)]
    else:
        ys, after = [], [x[-1].reshape(states[0].shape)]
    for state, value in zip(at, after):
        file.states[state] = value
    return [y.reshape(len(y), -1) for y in ys]


def run(file, name, inputs):
    """The program's outputs by name, (rows, width) each; states go on from where they were."""
    ins, outs, runs, resets = file.program(name)
    values = {port[0]: inputs[file.string(port[1])] for port in ins}
    rows = len(values[ins[0][0]])
    for state in resets:
        file.states[state] = file.start[state]
    for sequential, ops in runs:
        made = {}
        for t in range(rows) if sequential else [0]:
            for op in ops:
                xs = [made[i][t] if i in made else values[i] for i in op[4:12] if i != NONE]
                ys = perform(file, op, [x[t:t + 1] if sequential and len(x) > 1 else x for x in xs])
                for value, y in zip([o for o in op[12:14] if o != NONE], ys):
                    made.setdefault(value, []).append(y)
        values.update({value: np.concatenate(parts) for value, parts in made.items()})
    return {file.string(port[1]): values[port[0]] for port in outs}


def self_test_inputs(file, name, rows, seed):
    """What the self-test feeds: SplitMix64 of the seed, value after value."""
    inputs, state = {}, seed
    for value, label, _, _, _, classes, _, _, _ in file.program(name)[0]:
        numbers = np.zeros(rows * int(np.prod(file.values[value][4:7])))
        for index in range(len(numbers)):
            state = (state + 0x9E3779B97F4A7C15) % 2 ** 64
            z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2 ** 64
            z = (z ^ z >> 27) * 0x94D049BB133111EB % 2 ** 64
            z ^= z >> 31
            numbers[index] = (z >> 32) % classes if classes else (z >> 40) / 2 ** 23 - 1
        inputs[file.string(label)] = numbers.reshape(rows, -1)
    return inputs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--program", default="step", help="default: step")
    parser.add_argument("--rows", type=int, default=4, help="rows of the self-test's inputs, default: 4")
    parser.add_argument("--seed", type=int, default=1, help="of the self-test's inputs, default: 1")
    parser.add_argument("--inputs", help="an .npz with an array (rows, ...) for each input")
    choice = parser.parse_args()
    file = File(choice.model)
    if choice.inputs:
        inputs = {k: np.reshape(v, (len(v), -1)).astype(np.float64) for k, v in np.load(choice.inputs).items()}
    else:
        inputs = self_test_inputs(file, choice.program, choice.rows, choice.seed)
    for name, rows in run(file, choice.program, inputs).items():
        for index, row in enumerate(rows):
            print(name, index, *(f"{value:.9g}" for value in row))


if __name__ == "__main__":
    main()
