# SPDX-License-Identifier: Apache-2.0
"""A Keras model's configuration, layer by layer, to a recipe's operators. Not a command."""
from environment import ExportError
from keras_file import CLASSES, layer_entries
from layers import activation

# What is not there when a model runs.
NOTHING = {"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"}
TWO = {"Add": "add", "Multiply": "multiply"}


def one(value):
    """Strides and the like: a number, or a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


class Walk:
    """Adds a model's layers to an emitter in their order."""

    def __init__(self, file, emitter):
        self.file, self.emitter = file, emitter
        self.values = {}  # by layer: the value that it makes
        self.is_block = False
        self.input_shape, self.classes = None, None
        # Whether a layer above gave its last row alone, after which rows go on one by one.
        self.last_row = None

    def run(self):
        config = self.file.config
        kind, entries = config.get("class_name"), layer_entries(config)
        if kind == "Sequential":
            last = None
            for entry in entries:
                last = self.add(entry, [last] if last else [])
            return self.values[last]
        if kind not in ("Functional", "Model"):
            raise ExportError(f'model: found the class "{kind}", expected Sequential or a functional model; name the layers by '
                              "--chain")
        inputs, outputs = ends(config["config"]["input_layers"]), ends(config["config"]["output_layers"])
        if len(inputs) != 1 or len(outputs) != 1:
            raise ExportError(f"model: found {len(inputs)} inputs and {len(outputs)} outputs, expected one of each; name the "
                              "layers by --chain")
        for entry in entries:
            self.add(entry, sources(entry))
        return self.values[outputs[0]]

    def add(self, entry, inputs):
        kind, config = entry["class_name"], entry["config"]
        name = config["name"]
        shape = config.get("batch_shape") or config.get("batch_input_shape")
        if kind == "InputLayer":
            self.input_shape, self.values[name] = shape, "input"
            return name
        if not inputs:
            self.input_shape, taken = shape, ["input"]
        else:
            taken = [self.values[source] for source in inputs]
        self.values[name] = self.layer(kind, name, config, taken)
        return name

    def layer(self, kind, name, config, taken):
        ops = self.emitter.ops
        if kind in NOTHING:
            return taken[0]
        if kind == "TimeDistributed":
            inner = config["layer"]
            if inner["class_name"] not in ("Dense", "LayerNormalization", "Activation"):
                raise self.refused(name, f"TimeDistributed of {inner['class_name']}")
            return self.layer(inner["class_name"], name, {**inner["config"], "name": name}, taken)
        if kind in ("Activation", "Softmax", "ReLU"):
            if kind == "ReLU" and any(config.get(k) for k in ("max_value", "negative_slope", "threshold")):
                raise self.refused(name, "ReLU with a slope or a limit")
            word = config.get("activation", kind.lower())
            word = activation(word, name, self.emitter.is_keras3)
            return taken[0] if word is None else self.emitter.function(word, taken[0], name)
        if kind in TWO or kind == "Concatenate":
            if kind == "Concatenate" and config.get("axis", -1) not in (-1, 2):
                raise self.refused(name, "Concatenate over another axis than the last")
            value = taken[0]
            for place, other in enumerate(taken[1:]):
                output = name if place == len(taken) - 2 else f"{name}.{place}"
                ops.append({"op": TWO.get(kind, "concat"), "inputs": [value, other], "output": output})
                value = output
            return value
        if kind == "Bidirectional":
            return self.bidirectional(name, config, taken[0])
        if kind not in CLASSES:
            raise self.refused(name, kind)
        return self.emitter.layer(self.weighted(kind, name, config), taken[0])

    def weighted(self, kind, name, config, prefix=""):
        layer = self.file.layers.get(name)
        if layer is None:
            raise ExportError(f'layer "{name}": found no weights of it, expected those of a {kind}')
        layer.kind = CLASSES[kind]
        for key in ("activation", "recurrent_activation", "epsilon", "padding", "reset_after", "go_backwards"):
            if key in config:
                layer.options[key] = config[key]
        for key in ("strides", "dilation_rate"):
            if key in config:
                layer.options[key] = one(config[key])
        if layer.kind in ("layer_norm", "batch_norm") and one(config.get("axis", -1)) not in (-1, 1, 2):
            raise self.refused(name, f"axis {config['axis']}")
        if layer.kind in ("lstm", "gru", "rnn"):
            if config.get("go_backwards"):
                self.is_block = True
            if config.get("return_sequences") is False and not prefix:
                self.emitter.notes.append(f"{name}: rows go on one by one; Keras gives the last one")
        if layer.kind == "embedding" and self.classes is None:
            self.classes = layer.shapes["embeddings"][0]
        return layer

    def bidirectional(self, name, config, value):
        """Both halves as cells of their own, side by side; the program sees all rows at once."""
        from layers import Layer
        if config.get("merge_mode", "concat") != "concat":
            raise self.refused(name, f"Bidirectional merged by {config['merge_mode']}")
        inner, whole = config["layer"], self.file.layers.get(name)
        if inner["class_name"] not in ("LSTM", "GRU", "SimpleRNN") or whole is None:
            raise self.refused(name, f"Bidirectional of {inner['class_name']}")
        if not inner["config"].get("return_sequences"):
            raise self.refused(name, "Bidirectional without return_sequences")
        fields = {"op": "bidirectional", "cell": CLASSES[inner["class_name"]]}
        for half in ("forward", "backward"):
            own = {role.split("/")[1]: role for role in whole.tensors if role.startswith(half + "/")}
            self.file.layers[f"{name}.{half}"] = Layer(
                f"{name}.{half}", None, {role: whole.tensors[full] for role, full in own.items()},
                {role: whole.shapes[full] for role, full in own.items()})
            layer = self.weighted(inner["class_name"], f"{name}.{half}", {**inner["config"], "go_backwards": False}, half)
            fields[half] = self.emitter.cell_fields(layer)
        self.is_block = True
        return self.emitter.finish(whole, fields, value)

    def refused(self, name, what):
        return ExportError(f'layer "{name}": found {what}, expected a layer that tools/export knows; export the weights by '
                           "--chain, or write the recipe by hand")


def ends(entries):
    """Names in [["a", 0, 0], ...], or in one ["a", 0, 0]."""
    return [entries[0]] if entries and isinstance(entries[0], str) else [entry[0] for entry in entries]


def sources(entry):
    """The layers whose values a layer of a functional model takes."""
    nodes = entry.get("inbound_nodes", [])
    if not nodes:
        return []
    if len(nodes) > 1:
        raise ExportError(f'layer "{entry["config"]["name"]}": found {len(nodes)} uses of it, expected one')
    node = nodes[0]
    if isinstance(node, dict):
        found = []
        def look(value):
            if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
                found.append(value["config"]["keras_history"][0])
            elif isinstance(value, (list, tuple)):
                for item in value:
                    look(item)
        look(node.get("args", []))
        return found
    return [item[0] for item in node]
