#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the card of a converted character model, README.md, with figures that the funes command measures.

From: the command, a folder of firmware-models/, the folder of the trained model, its data. To: README.md in the former.
    tools/make_card.py .build/release/funes firmware-models/shakespeare-lstm TRAINED TEXT
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

VALIDATION_PART = 0.05


def run(funes, *arguments, text=None):
    result = subprocess.run([funes, *arguments], input=text, capture_output=True, check=True)
    return result.stdout.decode()


def golden_rows(funes, model, folder, port, unit):
    """(name of the golden, SNR in dB, largest error, same best guess in %) of each golden sequence."""
    golden = np.load(os.path.join(folder, "golden.npz"))
    prefixes = sorted({key[:-3] for key in golden if key.endswith("ids")})
    for prefix in prefixes:
        names = f"{port}={prefix}ids,logits={prefix}logits"
        found = json.loads(run(funes, "compare", model, "--golden", os.path.join(folder, "golden.npz"), "--map", names,
                               "--json"))[-1]["difference"]
        title = str(golden["names"][int(prefix[:-1])]) if prefix else f"{len(golden['ids'])} {unit}s"
        yield title, found["snr"], found["maxAbs"], found["agreement"]


def is_folder_model(folder):
    """Whether the model was converted from a folder with config.json, which needs no recipe."""
    return os.path.exists(os.path.join(folder, "config.json"))


def text_table(funes, model, folder, trained, data, unit):
    """Cross-entropy on the part of the text that was not learnt, int8 beside float."""
    against = [trained] if is_folder_model(folder) else [os.path.join(trained, "model.pt"), "--recipe",
                                                         os.path.join(folder, "recipe.json")]
    with open(data, encoding="utf-8", newline="") as file:
        text = file.read()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="") as file:
        held_out = text[len(text) - int(len(text) * VALIDATION_PART):]
        file.write(held_out)
        file.flush()
        found = json.loads(run(funes, "eval", model, "--text", file.name, "--against", *against, "--json"))
    yield f"On the {found['symbols']} {unit}s of the text that were not learnt:\n"
    yield "| | int8 | float |\n|---|---|---|"
    for key, title, form in (("nats", f"cross-entropy, nats a {unit}", ".4f"), ("bits", f"bits a {unit}", ".4f"),
                             ("perplexity", "perplexity", ".3f"), ("topOne", "best guess right, %", ".2f")):
        yield f"| {title} | {found['int8'][key]:{form}} | {found['float'][key]:{form}} |"
    if unit != "character":
        share = found["symbols"] / len(held_out)
        yield (f"| nats a character, {1 / share:.2f} characters a {unit} | {found['int8']['nats'] * share:.4f} | "
               f"{found['float']['nats'] * share:.4f} |")
    yield f"\nKL divergence {found['klDivergence']:.2g} nats a {unit}; the same best guess {found['agreement']:.2f} %.\n"


def card(funes, folder, trained, data):
    model = os.path.join(folder, "model.funes")
    about = json.loads(run(funes, "inspect", model, "--json"))
    training = json.loads(open(os.path.join(folder, "training.json"), encoding="utf-8").read())
    memory, program = about["memory"], about["programs"][0]
    is_text = os.path.isfile(data)
    port = program["inputs"][0]["name"]
    unit = "token" if is_folder_model(folder) else "character"
    yield f"# {about['metadata']['name']}\n"
    yield f"{about['metadata']['source'][0].upper()}{about['metadata']['source'][1:]}. Licence: {about['metadata']['licence']}.\n"
    yield "Demo: " + ("`funes generate model.funes \"First Citizen:\" --temperature 0.7 --seed 1`" if is_text else
                      "`echo Satoshi | funes run model.funes --input text --output label`") + "\n"
    yield "| | |\n|---|---|"
    yield f"| input | {program['inputs'][0]['name']}, an id below {program['inputs'][0]['classes']} |"
    yield f"| output | {program['outputs'][0]['name']} ({program['outputs'][0]['shape'][0]}) |"
    yield f"| weights | {training['weights']:,}, int8; activations {about['metadata']['activations']} bits |"
    yield f"| multiplications a step | {program['multiplications']:,} |"
    yield f"| flash | {about['fileBytes']:,} bytes |"
    yield (f"| RAM, 64-bit host | {memory['fixed'] + memory['perRow'] + memory['perThread']:,} bytes for a session of one "
           f"row, of these {memory['state']:,} of state |\n")
    yield "## Accuracy against float\n"
    if is_text:
        yield from text_table(funes, model, folder, trained, data, unit)
    else:
        yield (f"The float model names the language of {training['held_out_accuracy']:.1%} of the names that it did not "
               f"learn; {training['mean_accuracy_of_languages']:.1%} when each language counts alike, since most names are "
               "Russian, English or Japanese.\n")
    prefix = "" if is_text else "0_"
    yield ("Goldens (`golden.npz`, made by PyTorch in float; `funes compare model.funes --golden golden.npz --map "
           f"{port}={prefix}ids,logits={prefix}logits` measures one):\n")
    yield "| golden | SNR | largest error of a logit | same best guess |\n|---|---|---|---|"
    for title, snr, largest, agreement in golden_rows(funes, model, folder, port, unit):
        yield f"| {title} | {snr:.1f} dB | {largest:.2g} | {agreement:.1f} % |"
    yield f"\nMade again by `tools/make_model {about['metadata']['name']} --data {'TEXT' if is_text else 'FOLDER'}`."


def main():
    funes, folder, trained, data = sys.argv[1:]
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(card(funes, folder, trained, data)) + "\n")


if __name__ == "__main__":
    main()
