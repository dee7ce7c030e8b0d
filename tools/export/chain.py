# SPDX-License-Identifier: Apache-2.0
"""What a user says of a file that holds weights alone: in which order its layers compute. Not a command.

    lstm, lstm_1, dense, sigmoid
    conv1d as encoded, layer_normalization(eps=1e-7), lstm_2, lstm_3, dense_1, sigmoid, times encoded, conv1d_1

A part is a layer of the file, with options in brackets; the name of a function; `times` or `plus` and a value that was named.
`as NAME` names what a part makes; `input` is what comes in."""
import re

from environment import ExportError
from layers import ACTIVATIONS

PART = re.compile(r"(?:(times|plus)\s+)?([\w./-]+)\s*(?:\(([^)]*)\))?\s*(?:as\s+([\w.-]+))?$")
OPTIONS = {"eps": ("epsilon", float), "forget": ("forget_bias", float), "activation": ("activation", str),
           "gates": ("recurrent_activation", str), "stride": ("strides", int), "dilation": ("dilation_rate", int)}


def parts(text):
    """Splits at commas outside of brackets."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text)]


def options(text, layer):
    found = {}
    for entry in filter(None, re.split(r"[,\s]+", text or "")):
        key, _, value = entry.partition("=")
        if key not in OPTIONS or not value:
            raise ExportError(f'--chain, "{layer}": found the option "{entry}", expected '
                              + ", ".join(f"{key}=…" for key in OPTIONS))
        name, kind = OPTIONS[key]
        try:
            found[name] = kind(value)
        except ValueError:
            raise ExportError(f'--chain, "{layer}": found "{value}" for {key}, expected a number') from None
    return found


def walk(text, layers, emitter):
    """Adds every part to the emitter; the input's shape (None and the classes for ids) and the last value."""
    value, named, first = "input", {"input": "input"}, None
    for part in parts(text):
        match = PART.match(part)
        if not match:
            raise ExportError(f'--chain: found "{part}", expected a layer, a function, or times or plus and a value')
        verb, name, bracket, label = match.groups()
        if verb:
            if name not in named:
                raise ExportError(f'--chain: found "{part}" before a part "… as {name}"; named are {", ".join(named)}')
            output = f"{value}.{verb}"
            emitter.ops.append({"op": "multiply" if verb == "times" else "add", "inputs": [value, named[name]],
                                "output": output})
            value = output
        elif name in layers:
            layer = layers[name]
            if layer.kind is None:
                raise ExportError(f'--chain: found "{name}" with {layer.shapes}, which is no layer that tools/export knows; '
                                  "write the recipe by hand")
            layer.options.update(options(bracket, name))
            first = first or layer
            value = emitter.layer(layer, value)
        elif name in ACTIVATIONS or name == "hard_sigmoid":
            value = emitter.function(ACTIVATIONS.get(name, name), value, f"{value}.{name}")
        else:
            raise ExportError(f'--chain: found "{name}", expected a layer of the file ({", ".join(sorted(layers))}) or a '
                              f'function ({", ".join(sorted(ACTIVATIONS))})')
        if label:
            named[label] = value
    if first is None:
        raise ExportError("--chain: found no layer of the file, expected one or more")
    return first, value
