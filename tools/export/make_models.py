# SPDX-License-Identifier: Apache-2.0
"""Makes small random models of Keras and TensorFlow, what they give for random rows, and how each is exported.

From: nothing but a seed, in the environment of tools/export/tensorflow.
To:   DIR/CASE.<h5|keras|weights.h5|pb|ckpt>, DIR/CASE.npz with `x` and `y`, and DIR/cases.tsv: case, exporter, file, chain.
Run:  .build/export/tensorflow/bin/python tools/export/make_models.py DIR"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

ROWS = 12


def shaken(model, random):
    """Weights that are not zeros and ones where layers begin with these; variances stay positive."""
    for variable in model.weights:
        noise = random.normal(0, 0.3, variable.shape)
        variable.assign(np.abs(noise) + 0.5 if "variance" in variable.path else variable.numpy() + noise)
    return model


def tagger():
    ids = keras.Input((None,), dtype="int32")
    x = layers.Embedding(11, 6)(ids)
    x = layers.LSTM(7, return_sequences=True)(x)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(ids, layers.Dense(5, activation="softmax")(x))


def mixed():
    x = keras.Input((None, 4))
    a = layers.Conv1D(6, 3, padding="causal", dilation_rate=2, activation="relu")(x)
    b = layers.BatchNormalization(scale=False)(layers.TimeDistributed(layers.Dense(6))(x))
    sum = layers.Dropout(0.5)(layers.Add()([a, b]))
    after = layers.GRU(5, return_sequences=True)(sum)
    before = layers.GRU(5, return_sequences=True, reset_after=False, use_bias=False)(sum)
    both = layers.Concatenate()([after, before])
    plain = layers.SimpleRNN(10, activation="relu", return_sequences=True)(both)
    open_ = layers.Activation("sigmoid")(layers.Conv1D(10, 1)(both))
    return keras.Model(x, layers.LayerNormalization(center=False)(layers.Multiply()([plain, open_])))


def both_ways():
    return keras.Sequential([
        keras.Input((None, 3)), layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Bidirectional(layers.GRU(3, return_sequences=True)), layers.Dense(2)])


def spoken():
    return keras.Sequential([keras.Input((None, 3)), layers.LSTM(5, return_sequences=True), layers.LSTM(4), layers.Dense(2)])


def lstm_of_version_1(folder, random):
    """A BasicLSTMCell and a dense layer as version 1 names them: a checkpoint, and the graph frozen."""
    inputs, units = 3, 5
    values = {"rnn/basic_lstm_cell/kernel": (inputs + units, 4 * units), "rnn/basic_lstm_cell/bias": (4 * units,),
              "dense/kernel": (units, 2), "dense/bias": (2,)}
    values = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in values.items()}
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        names = []
        for name, value in values.items():
            names.append(tf.compat.v1.get_variable(name, initializer=value, use_resource=False).op.name)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, os.path.join(folder, "lstm-1.ckpt"), write_meta_graph=False)
        frozen = tf.compat.v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), names)
    with open(os.path.join(folder, "lstm-1-frozen.pb"), "wb") as file:
        file.write(frozen.SerializeToString())
    x = random.normal(0, 1, (ROWS, inputs))
    h, c, y = np.zeros(units), np.zeros(units), []
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    for row in x.astype(np.float32).astype(float):
        i, j, f, o = np.split(np.concatenate([row, h]) @ values["rnn/basic_lstm_cell/kernel"]
                              + values["rnn/basic_lstm_cell/bias"], 4)
        c = c * sigmoid(f + 1.0) + sigmoid(i) * np.tanh(j)
        h = np.tanh(c) * sigmoid(o)
        y.append(h @ values["dense/kernel"] + values["dense/bias"])
    return x.astype(np.float32), np.array(y, np.float32)


def main():
    folder = sys.argv[1]
    random = np.random.default_rng(5)
    keras.utils.set_random_seed(5)
    cases = []

    def case(name, exporter, file, x, y, chain=""):
        np.savez(os.path.join(folder, f"{name}.npz"), x=x, y=y)
        cases.append("\t".join((name, exporter, file, chain)))

    for make in (tagger, mixed, both_ways, spoken):
        model, name = shaken(make(), random), make.__name__.replace("_", "-")
        is_ids = model.inputs[0].dtype == "int32"
        x = random.integers(0, 11, (1, ROWS)) if is_ids else random.normal(0, 1, (1, ROWS, model.inputs[0].shape[-1]))
        y = np.array(model(x.astype(np.int32 if is_ids else np.float32)))
        for kind in ("keras", "h5"):
            model.save(os.path.join(folder, f"{name}.{kind}"))
            case(f"{name}-{kind}", "keras", f"{name}.{kind}", x[0].astype(np.int32 if is_ids else np.float32), y[0])
        if make is tagger:
            model.save_weights(os.path.join(folder, f"{name}.weights.h5"))
            case(f"{name}-weights", "keras", f"{name}.weights.h5", x[0].astype(np.int32), y[0],
                 "embedding, lstm, layer_normalization(eps=1e-5), dense, softmax")
    x, y = lstm_of_version_1(folder, random)
    for name, file in (("lstm-1-checkpoint", "lstm-1.ckpt"), ("lstm-1-graph", "lstm-1-frozen.pb")):
        case(name, "tensorflow", file, x, y, "rnn/basic_lstm_cell, dense")
    with open(os.path.join(folder, "cases.tsv"), "w") as file:
        file.write("\n".join(cases) + "\n")


if __name__ == "__main__":
    main()
