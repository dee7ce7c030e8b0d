# SPDX-License-Identifier: Apache-2.0
"""Float checkpoints of the models in firmware-models/, which are trained again where they are missing. Not a command."""
import argparse
import json
import os
import subprocess
import sys

from figures import BUILD, ROOT, said

TOOLS = os.path.join(ROOT, "tools")
sys.path.append(TOOLS)

import character_recipe
import common

SCRIPTS = {"--names": "train_names.py", "--text": "train_charlm.py"}


def is_there(folder):
    return any(os.path.exists(os.path.join(folder, file)) for file in ("model.pt", "model.safetensors"))


def is_finished(folder):
    return os.path.exists(os.path.join(folder, "training.json"))


def folder_of(name, chosen, option, data):
    """A folder that a training script wrote: the chosen one, or the one in it that is named as the model, or else
    .build/accuracy/NAME/trained, trained there with the choices that the shipped model's training.json tells."""
    folder = chosen or os.path.join(BUILD, name, "trained")
    if chosen and os.path.isdir(os.path.join(chosen, name)):
        folder = os.path.join(chosen, name)
    if is_there(folder):
        return folder
    if chosen:
        sys.exit(f"{chosen}: found neither model.pt nor model.safetensors, expected a folder that tools/{SCRIPTS[option]} wrote")
    if not os.path.exists(data):
        sys.exit(f"{data}: found nothing, expected what {name} is trained on; {option} names it")
    with open(os.path.join(ROOT, "firmware-models", name, "training.json")) as file:
        training = json.load(file)
    script = "train_decoder.py" if "heads" in training["choices"] else SCRIPTS[option]
    said(f"{name}: found no float checkpoint; training it into {folder} with tools/{script}, about "
         f"{training['wall_seconds'] / 60:.0f} minutes")
    choices = [f"--{key.replace('_', '-')}={value}" for key, value in training["choices"].items()]
    done = subprocess.run([sys.executable, os.path.join(TOOLS, script), option, data, "--output", folder, *choices])
    if done.returncode:
        sys.exit(done.returncode)
    return folder


def recipe_of(name, folder):
    """Writes the recipe of a character model into the build folder."""
    path = os.path.join(BUILD, name, "recipe.json")
    about = argparse.Namespace(name=name, licence="Apache-2.0", source="trained again to measure its accuracy")
    common.write_json(path, character_recipe.recipe(folder, about))
    return path


def choices_of(folder, name):
    """What the folder was trained with; what the shipped model was, where training is not finished."""
    path = os.path.join(folder, "training.json")
    with open(path if is_finished(folder) else os.path.join(ROOT, "firmware-models", name, "training.json")) as file:
        return argparse.Namespace(**json.load(file)["choices"])
