#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small random models of every Hugging Face family that Funes converts, with goldens by transformers and PyTorch.

From nothing; to one folder a model with config.json, weights and golden.npz, and cases.tsv: name, program of the golden,
ports, the largest error allowed, the context to convert with.

    tools/make_families.py --output DIR [--only NAME,...]
    tools/make_families.py --fixtures Tests/FunesConvertTests/HuggingFace/Fixtures
"""
import argparse
import os

import numpy as np
import torch

import families_decoders
import families_encoders
import families_sequences

FAMILIES = {**families_decoders.MODELS, **families_encoders.MODELS, **families_sequences.MODELS}


def randomise(model, generator):
    """Weights large enough, and norms and biases random enough, that a mistake in any of them shows."""
    for name, parameter in [*model.named_parameters(), *model.named_buffers()]:
        if name.endswith(("position_ids", "token_type_ids", "embed_positions.weight", "inv_freq")):
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        is_gain = parameter.dim() == 1 and name.endswith("weight")
        # A norm's gain lies around 1; what f16 holds exactly, so that fixtures are small.
        values = (1 if is_gain else 0) + 0.2 * noise
        parameter.data = values.half().float()


def save(folder, family, generator, is_fixture):
    """One model and its golden; returns its line of cases.tsv, None where the golden shows too little."""
    config = family.config(is_fixture)
    model = family.model(config).eval()
    randomise(model, generator)
    if hasattr(family, "prepare"):
        family.prepare(model)
    model.tie_weights()
    os.makedirs(folder, exist_ok=True)
    golden = family.golden(model, generator)
    if golden is None:
        return None
    arrays, ports, outputs = golden
    stored = model.half() if is_fixture else model
    if family.storage == "torch":
        stored.config.save_pretrained(folder)
        torch.save(stored.state_dict(), os.path.join(folder, "pytorch_model.bin"))
    else:
        stored.save_pretrained(folder, max_shard_size="40KB" if family.storage == "shards" else "1GB")
    for name in ["generation_config.json"]:
        path = os.path.join(folder, name)
        if is_fixture and os.path.exists(path):
            os.remove(path)
    if hasattr(family, "finish"):
        family.finish(folder)
    np.savez_compressed(os.path.join(folder, "golden.npz"), **arrays)
    spread = min(float(arrays[name].max() - arrays[name].min()) for name in outputs)
    context = getattr(family, "context", "")
    return f"{os.path.basename(folder)}\t{family.program}\t{ports}\t{1e-4 * spread:.3g}\t{context}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--output", help="folder for models of a useful size")
    target.add_argument("--fixtures", help="folder for models of a few kilobytes, those of the unit tests")
    parser.add_argument("--only", help="names, separated by commas")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    root = arguments.output or arguments.fixtures
    lines = []
    for name, family in FAMILIES.items():
        if arguments.only and name not in arguments.only.split(","):
            continue
        if arguments.fixtures and not family.is_fixture:
            continue
        for attempt in range(50):
            # Weights whose targets end at once show little: others are drawn.
            generator = torch.Generator().manual_seed(sum(name.encode()) + 10_000 * attempt)
            line = save(os.path.join(root, name), family, generator, arguments.fixtures is not None)
            if line:
                break
        lines.append(line)
    with open(os.path.join(root, "cases.tsv"), "w", encoding="utf-8") as file:
        file.writelines(lines)


if __name__ == "__main__":
    main()
