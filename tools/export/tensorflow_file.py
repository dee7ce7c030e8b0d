# SPDX-License-Identifier: Apache-2.0
"""Reads the weights of TensorFlow: frozen graphs, checkpoints of versions 1 and 2, SavedModels. Not a command."""
import os
import re

import numpy as np

from environment import ExportError
from layers import Layer, kind_of

# What training leaves beside weights.
TRAINING = re.compile(r"(^|/)(Adam(_\d+)?|RMSProp(_\d+)?|Momentum|Adagrad|ExponentialMovingAverage|beta[12]_power|global_step|"
                      r"save_counter|_CHECKPOINTABLE_OBJECT_GRAPH|optimizer)(/|$)|\.OPTIMIZER_SLOT")
ROLES = {"kernel": "kernel", "weights": "kernel", "weight": "kernel", "w": "kernel", "W": "kernel", "bias": "bias",
         "biases": "bias", "b": "bias", "recurrent_kernel": "recurrent_kernel", "embeddings": "embeddings", "gamma": "gamma",
         "beta": "beta", "moving_mean": "moving_mean", "moving_variance": "moving_variance"}


def read(path):
    """Arrays of floats by name."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
    if os.path.isdir(path) and os.path.exists(os.path.join(path, "saved_model.pb")):
        path = os.path.join(path, "variables", "variables")
    if os.path.isdir(path):
        path = tf.train.latest_checkpoint(path) or path
    arrays = frozen(tf, path) if os.path.isfile(path) and path.endswith(".pb") else checkpoint(tf, path)
    found = {tidy(name): value for name, value in arrays.items() if value.dtype.kind == "f" and value.ndim > 0}
    if not found:
        raise ExportError(f"{path}: found no weights in float, expected some")
    return found


def frozen(tf, path):
    graph = tf.compat.v1.GraphDef()
    with open(path, "rb") as file:
        data = file.read()
    try:
        graph.ParseFromString(data)
    except Exception:
        raise ExportError(f"{path}: found no graph of TensorFlow, expected a frozen GraphDef") from None
    constants = {node.name: node.attr["value"].tensor for node in graph.node if node.op == "Const"}
    if not constants:
        raise ExportError(f"{path}: found {len(graph.node)} nodes without constants, expected a frozen graph; give its "
                          "checkpoint instead")
    return {name: tf.make_ndarray(tensor) for name, tensor in constants.items() if tensor.dtype != tf.string.as_datatype_enum}


def checkpoint(tf, prefix):
    prefix = re.sub(r"\.(index|data-\d+-of-\d+|meta)$", "", prefix)
    try:
        reader = tf.train.load_checkpoint(prefix)
    except Exception as error:
        raise ExportError(f"{prefix}: found no checkpoint ({str(error).splitlines()[0][:120]}), expected a .pb file, a prefix "
                          "with .index beside it, or a SavedModel's folder") from None
    kinds = reader.get_variable_to_dtype_map()
    names = [name for name in kinds if kinds[name].is_floating and not TRAINING.search(name)]
    return {name: np.array(reader.get_tensor(name)) for name in names}


def tidy(name):
    """A variable's path without what version 2 puts behind it."""
    return name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").removesuffix("/read")


def layers(arrays):
    """Layers by scope. The scope of a GRU cell holds those of its gates and of its candidate."""
    scopes = {}
    for name in arrays:
        scope, _, last = name.rpartition("/")
        if last not in ROLES or not scope:
            continue
        outer, _, inner = scope.rpartition("/")
        if inner in ("gates", "candidate"):
            own = scopes.setdefault(outer, {})
            own[f"{inner}/{ROLES[last]}"] = name
            if (inner, last) == ("gates", "kernel"):
                own["kernel"] = name
        else:
            # Version 2 keeps a cell's variables one scope below their layer.
            scopes.setdefault(outer if inner == "cell" and outer else scope, {})[ROLES[last]] = name
    made = {}
    for scope, roles in scopes.items():
        shapes = {role: list(arrays[name].shape) for role, name in roles.items()}
        made[scope] = Layer(scope, kind_of(scope, shapes), roles, shapes)
    return made
