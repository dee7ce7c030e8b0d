# SPDX-License-Identifier: Apache-2.0
"""Encoders of text and of images for make_families.py: every head that Funes makes, and sentence-transformers folders."""
import json
import os

import torch
from transformers import (
    BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification, BertModel, DeiTConfig,
    DeiTForImageClassification, DeiTForImageClassificationWithTeacher, DeiTModel, DistilBertConfig,
    DistilBertForMaskedLM, DistilBertForSequenceClassification, DistilBertForTokenClassification, DistilBertModel,
    RobertaConfig, RobertaForMaskedLM, RobertaForSequenceClassification, RobertaForTokenClassification, RobertaModel,
    ViTConfig, ViTForImageClassification, ViTModel,
)

SYMBOLS = 40
BERT = {"hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 20, "attn_implementation": "eager"}
TINY = {"hidden_size": 16, "intermediate_size": 20, "max_position_embeddings": 16}
DISTILBERT = {"dim": 48, "hidden_dim": 72, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 20,
              "attn_implementation": "eager"}
TINY_DISTILBERT = {"dim": 16, "hidden_dim": 20, "max_position_embeddings": 16}
VIT = {"hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 24,
       "patch_size": 8, "num_channels": 3, "attn_implementation": "eager"}
TINY_VIT = {"hidden_size": 16, "intermediate_size": 20, "image_size": 8, "patch_size": 4}


class Encoder:
    """A model and the numbers of its outputs over a batch; `outputs` names them as transformers does."""

    storage = "safetensors"

    def __init__(self, configuration, model, numbers, tiny, outputs=("logits",), is_fixture=False, **options):
        self.configuration, self.model, self.numbers, self.tiny = configuration, model, numbers, tiny
        self.outputs, self.is_fixture, self.options = outputs, is_fixture, options
        self.program = "step" if "image_size" in numbers else "encode"

    def config(self, is_fixture):
        numbers = {**self.numbers, **(self.tiny if is_fixture else {}), **self.options}
        if self.program == "encode":
            numbers["vocab_size"] = SYMBOLS
        return self.configuration(**numbers)

    def inputs(self, model, generator):
        if self.program == "encode":
            # Above the ids that RoBERTa takes for padding.
            ids = torch.randint(3, SYMBOLS, (3, 9), generator=generator)
            return "token", ids, {"input_ids": ids}
        size = model.config.image_size
        size = size if isinstance(size, (list, tuple)) else [size, size]
        pixels = torch.randn((3, model.config.num_channels, *size), generator=generator)
        return "image", pixels, {"pixel_values": pixels.double()}

    def golden(self, model, generator):
        port, given, arguments = self.inputs(model, generator)
        with torch.no_grad():
            result = model.double()(**arguments)
        model.float()
        arrays, ports = {port: given.numpy()}, [f"{port}={port}"]
        for name in self.outputs:
            output = result[{"last_hidden": "last_hidden_state", "pooled": "pooler_output"}.get(name, name)]
            if output.dim() == 2:
                output = output[:, None]
            arrays[name] = output.float().numpy()
            ports.append(f"{name}={name}")
        if port == "image":
            # A row an image.
            arrays[port] = given.numpy()[None]
            for name in self.outputs:
                arrays[name] = arrays[name].reshape(1, 3, -1)
        return arrays, ",".join(ports), list(self.outputs)


class Sentences(Encoder):
    """A folder of sentence-transformers: a mean or the first row, brought to length 1 or not."""

    def __init__(self, *arguments, pooling="mean", is_normalized=True, **options):
        super().__init__(*arguments, outputs=("embedding",), **options)
        self.pooling, self.is_normalized = pooling, is_normalized

    def golden(self, model, generator):
        _, ids, _ = self.inputs(model, generator)
        with torch.no_grad():
            rows = model.double()(input_ids=ids).last_hidden_state
        model.float()
        vector = rows.mean(dim=1) if self.pooling == "mean" else rows[:, 0]
        if self.is_normalized:
            vector = torch.nn.functional.normalize(vector)
        arrays = {"token": ids.numpy(), "embedding": vector[:, None].float().numpy()}
        return arrays, "token=token,embedding=embedding", ["embedding"]

    def finish(self, folder):
        modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
        listed = modules if self.is_normalized else modules[:2]
        text = [{"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
                for index, (path, kind) in enumerate(listed)]
        write(os.path.join(folder, "modules.json"), text)
        os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
        write(os.path.join(folder, "1_Pooling", "config.json"), {
            "word_embedding_dimension": 48, "pooling_mode_cls_token": self.pooling == "cls",
            "pooling_mode_mean_tokens": self.pooling == "mean", "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False})


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


LABELS = {"id2label": {0: "good", 1: "bad", 2: "unknown"}, "label2id": {"good": 0, "bad": 1, "unknown": 2}}
BARE = ("last_hidden", "pooled")
MODELS = {
    "bert": Encoder(BertConfig, BertModel, BERT, TINY, BARE, is_fixture=True),
    "bert-sequence": Encoder(BertConfig, BertForSequenceClassification, BERT, TINY, **LABELS),
    "bert-token": Encoder(BertConfig, BertForTokenClassification, BERT, TINY, hidden_act="relu", **LABELS),
    "bert-masked": Encoder(BertConfig, BertForMaskedLM, BERT, TINY),
    "minilm": Sentences(BertConfig, BertModel, BERT, TINY, is_fixture=True),
    "minilm-cls": Sentences(BertConfig, BertModel, BERT, TINY, pooling="cls", is_normalized=False),
    "roberta": Encoder(RobertaConfig, RobertaModel, BERT, TINY, BARE, is_fixture=True),
    "roberta-sequence": Encoder(RobertaConfig, RobertaForSequenceClassification, BERT, TINY, **LABELS),
    "roberta-token": Encoder(RobertaConfig, RobertaForTokenClassification, BERT, TINY, **LABELS),
    "roberta-masked": Encoder(RobertaConfig, RobertaForMaskedLM, BERT, TINY),
    "distilbert": Encoder(DistilBertConfig, DistilBertModel, DISTILBERT, TINY_DISTILBERT, ("last_hidden",)),
    "distilbert-sequence": Encoder(
        DistilBertConfig, DistilBertForSequenceClassification, DISTILBERT, TINY_DISTILBERT, is_fixture=True, **LABELS),
    "distilbert-token": Encoder(DistilBertConfig, DistilBertForTokenClassification, DISTILBERT, TINY_DISTILBERT),
    "distilbert-masked": Encoder(DistilBertConfig, DistilBertForMaskedLM, DISTILBERT, TINY_DISTILBERT),
    "vit": Encoder(ViTConfig, ViTForImageClassification, VIT, TINY_VIT, is_fixture=True, **LABELS),
    "vit-bare": Encoder(ViTConfig, ViTModel, VIT, TINY_VIT, BARE, image_size=[16, 24], qkv_bias=False),
    "deit": Encoder(DeiTConfig, DeiTForImageClassificationWithTeacher, VIT, TINY_VIT, is_fixture=True, **LABELS),
    "deit-alone": Encoder(DeiTConfig, DeiTForImageClassification, VIT, TINY_VIT, num_channels=1, **LABELS),
    "deit-bare": Encoder(DeiTConfig, DeiTModel, VIT, TINY_VIT, BARE),
}
