# SPDX-License-Identifier: Apache-2.0
"""Reads what Keras 2 and 3 save: .h5 of weights or of whole models, .weights.h5 and .keras. Not a command."""
import io
import json
import re
import zipfile

import h5py
import numpy as np

from environment import ExportError
from layers import CELLS, Layer, kind_of

CLASSES = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn", "Dense": "dense", "Conv1D": "conv1d", "Embedding": "embedding",
           "LayerNormalization": "layer_norm", "BatchNormalization": "batch_norm"}
# What Keras 3 numbers instead of naming, by the number of tensors where some may be missing.
VARIABLES = {"lstm": ["kernel", "recurrent_kernel", "bias"], "dense": ["kernel", "bias"], "embedding": ["embeddings"],
             "layer_norm": ["gamma", "beta"], "batch_norm": ["gamma", "beta", "moving_mean", "moving_variance"]}
VARIABLES["gru"] = VARIABLES["rnn"] = VARIABLES["lstm"]
VARIABLES["conv1d"] = VARIABLES["dense"]
# Where variables lie below a layer's group, and what that says of their roles.
PLACES = (("", "vars"), ("", "cell/vars"), ("", "layer/vars"), ("forward/", "forward_layer/cell/vars"),
          ("backward/", "backward_layer/cell/vars"))


class KerasFile:
    """arrays by tensor name, layers by name, and the model's configuration where the file has one."""

    def __init__(self, path):
        self.arrays, self.layers, self.config, self.is_keras3 = {}, {}, None, False
        with open(path, "rb") as file:
            start = file.read(4)
        if start == b"PK\3\4":
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
                if "config.json" not in names or "model.weights.h5" not in names:
                    raise ExportError(f"{path}: found an archive without config.json and model.weights.h5, expected .keras")
                self.config = json.loads(archive.read("config.json"))
                self.read(h5py.File(io.BytesIO(archive.read("model.weights.h5")), "r"), path)
        elif start == b"\x89HDF":
            self.read(h5py.File(path, "r"), path)
        else:
            raise ExportError(f"{path}: found neither HDF5 nor a .keras archive, expected a file of Keras")

    def read(self, file, path):
        if "model_config" in file.attrs:
            text = file.attrs["model_config"]
            self.config = json.loads(text.decode() if isinstance(text, bytes) else text)
        version = file.attrs.get("keras_version") or file.get("model_weights", file).attrs.get("keras_version") or b""
        version = version.decode() if isinstance(version, bytes) else str(version)
        root = file.get("model_weights", file)
        self.is_keras3 = version.startswith("3") or "layer_names" not in root.attrs
        if "layer_names" in root.attrs:
            self.read_named(root)
        elif "layers" in root:
            self.read_numbered(root["layers"])
        if not self.layers:
            raise ExportError(f"{path}: found no layer with weights, expected what Keras saves")

    def read_named(self, root):
        """Keras 2: groups of layers, each naming its weights."""
        for name in (text(n) for n in root.attrs["layer_names"]):
            group, roles = root[name], {}
            for weight in (text(n) for n in group.attrs.get("weight_names", [])):
                role = weight.split(":")[0].split("/")[-1]
                inner = re.search(r"(forward|backward)_", weight)
                roles[(inner.group(1) + "/" if inner else "") + role] = np.array(group[weight])
            self.add(name, roles)

    def read_numbered(self, layers):
        """Keras 3: variables by number; a cell's stand one group below."""
        configured = {entry["config"]["name"]: entry for entry in layer_entries(self.config)} if self.config else {}
        groups = [name for name in layers if holds(layers[name])]
        # Groups are named after classes, in order: dense, dense_1, ...; by some versions as layers are.
        counts, renamed = {}, {}
        for name, entry in configured.items():
            snake = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", entry["class_name"])).lower()
            number = counts[snake] = counts.get(snake, -1) + 1
            renamed[snake + (f"_{number}" if number else "")] = name
        if not all(group in renamed for group in groups):
            renamed = {}
        for group in groups:
            name, roles = renamed.get(group, group), {}
            entry = configured.get(name, {})
            config = entry.get("config", {})
            # A layer around another: TimeDistributed, Bidirectional.
            inner = config.get("layer", entry)
            for prefix, place in PLACES:
                held = layers[group].get(place)
                if held is None or not len(held):
                    continue
                values = [np.array(held[key]) for key in sorted(held, key=int)]
                kind = CLASSES.get(inner.get("class_name")) or guessed(group, values, place.endswith("cell/vars"))
                wanted = VARIABLES.get(kind, [f"variable{k}" for k in range(len(values))])
                if kind in ("layer_norm", "batch_norm"):
                    wanted = present(wanted, inner.get("config", {}))
                roles.update({prefix + role: value for role, value in zip(wanted, values)})
            if roles:
                self.add(name, roles)

    def add(self, name, roles):
        floats = {role: value for role, value in roles.items() if value.dtype.kind == "f"}
        if not floats:
            return
        for role, value in floats.items():
            self.arrays[f"{name}/{role}"] = value
        shapes = {role: list(value.shape) for role, value in floats.items()}
        self.layers[name] = Layer(name, kind_of(name, shapes), {role: f"{name}/{role}" for role in floats}, shapes)


def text(name):
    return name.decode() if isinstance(name, bytes) else str(name)


def holds(group):
    """Whether a group has variables anywhere below."""
    found = []
    group.visititems(lambda _, item: found.append(1) if isinstance(item, h5py.Dataset) else None)
    return bool(found)


def present(roles, config):
    """The roles that a norm without gain or shift has."""
    left_out = {"gamma"} if config.get("scale") is False else set()
    return [role for role in roles if role not in left_out and not (role == "beta" and config.get("center") is False)]


def guessed(name, values, is_cell):
    """What numbered variables without a configuration belong to: Keras names groups after classes."""
    if is_cell:
        gates = values[1].shape[1] // values[1].shape[0]
        return {count: kind for kind, count in CELLS.items()}.get(gates)
    for start, kind in (("embedding", "embedding"), ("dense", "dense"), ("conv1d", "conv1d"),
                        ("layer_normalization", "layer_norm"), ("batch_normalization", "batch_norm")):
        if name.startswith(start):
            return kind
    return None


def layer_entries(config):
    """The layers of a Sequential or functional model, as its configuration lists them."""
    inner = config.get("config", config)
    return inner if isinstance(inner, list) else inner.get("layers", [])
