# SPDX-License-Identifier: Apache-2.0
"""The same network in ONNX Runtime and PyTorch, quantised dynamically each way that they know. Not a command."""
import json
import os
import subprocess
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "bench"))

import environments
import jobs
import peer_torch
from figures import ROOT, said
from network import Network

ENVIRONMENTS = os.path.join(ROOT, ".build", "bench")
# Of the largest output: what float32 leaves of a float64 network, over thousands of steps.
SAME = 1e-4


class PeerError(Exception):
    """A peer's float network is another than ours."""


def tensors(path):
    """A checkpoint's arrays by name; those nested in a .pt are named with points."""
    if path.endswith(".npz"):
        return dict(np.load(path))
    if path.endswith(".safetensors"):
        from safetensors.numpy import load_file
        return load_file(path)
    found = {}

    def walk(value, name):
        if isinstance(value, dict):
            for key, each in value.items():
                walk(each, f"{name}.{key}" if name else str(key))
        elif isinstance(value, torch.Tensor):
            found[name] = value.numpy()

    walk(torch.load(path, map_location="cpu", weights_only=True), "")
    return found


def network(recipe, checkpoint):
    with open(recipe, encoding="utf-8") as file:
        return Network(json.load(file), tensors(checkpoint))


def versions():
    return f"ONNX Runtime {environments.version('onnxruntime')}, PyTorch {torch.__version__.split('+')[0]}"


def same(peer, expected, found):
    """Refuses a float network whose outputs are not ours."""
    difference, largest = np.abs(found - expected[:len(found)]).max(), np.abs(expected).max()
    if not difference <= SAME * largest:
        raise PeerError(f"{peer}: found outputs in float that differ by {difference:.2g} of {largest:.2g}, expected {SAME} of that")


def onnx_variants(job, folder, only=""):
    """(name, bytes a weight, outputs), or a reason instead of the outputs. only: the name of one way, or `float`."""
    program = environments.python("onnxruntime", ENVIRONMENTS, offline=False)
    path = os.path.join(folder, "job.npz")
    jobs.save(path, job)
    done = subprocess.run([program, os.path.join(HERE, "peer_onnx.py"), path, folder, only], capture_output=True, text=True)
    if done.returncode:
        raise PeerError("ONNX Runtime: " + (done.stderr.strip().splitlines() or ["no message"])[-1][:300])
    for line in map(json.loads, done.stdout.splitlines()):
        if "error" in line:
            yield line["variant"], None, line["error"]
            continue
        with np.load(line["file"]) as file:
            yield line["variant"], line["bytes"], dict(file)


def torch_variants(job, folder, only=""):
    if only == "float":
        yield "float", 4, peer_torch.outputs(job)
    else:
        yield from peer_torch.variants(job, only)


def rows(job, expected, score, folder, probe):
    """For each peer (its name, the best way, bytes a weight, columns of score) or (its name, why there is none).

    expected: float's rows, which the peers' float must give. score: of outputs, columns with "SNR dB", by which the best is
    chosen. probe: on how many rows float is compared and the best is chosen."""
    head = job.head(probe)
    folder = os.path.join(folder, "peers")
    os.makedirs(folder, exist_ok=True)
    for peer, variants in (("ONNX Runtime", onnx_variants), ("PyTorch", torch_variants)):
        tried, refused = {}, "no way to quantise it"
        try:
            for name, _, found in variants(head, folder, "float"):
                if isinstance(found, str):
                    raise PeerError(f"{peer}: {found}")
                same(peer, expected, found["rows"])
            for name, _, found in variants(head, folder):
                if isinstance(found, str):
                    refused = f"{name}: {found}"
                else:
                    tried[name] = score(found)["SNR dB"]
                    said(f"{peer}, {name}: {tried[name]:.1f} dB")
        except environments.Unavailable as error:
            refused = str(error)
        if not tried:
            yield peer, refused
            continue
        best = max(tried, key=tried.get)
        ((_, size, found),) = variants(job, folder, best)
        if isinstance(found, str):
            yield peer, f"{best}: {found}"
        else:
            yield peer, best, size, score(found)
