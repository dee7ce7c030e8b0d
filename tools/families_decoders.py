# SPDX-License-Identifier: Apache-2.0
"""Decoders of tokens for make_families.py: configurations that show each thing that a family can differ in."""
import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig,
    MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM,
)

SYMBOLS = 40


class Decoder:
    """A causal language model, and the logits of two sequences of ids.

    In a fixture, numbers are those of `tiny`; `storage` is safetensors, shards or torch.
    """

    program = "step"

    def __init__(self, configuration, model, numbers, tiny, is_fixture=False, storage="safetensors", rows=14, **options):
        self.configuration, self.model = configuration, model
        self.numbers, self.tiny, self.options = numbers, tiny, options
        self.is_fixture, self.storage, self.rows = is_fixture, storage, rows

    def config(self, is_fixture):
        numbers = {**self.numbers, **(self.tiny if is_fixture else {}), **self.options}
        return self.configuration(vocab_size=SYMBOLS, **numbers)

    def golden(self, model, generator):
        ids = torch.randint(0, SYMBOLS, (2, self.rows), generator=generator)
        with torch.no_grad():
            logits = model.double()(ids).logits.float()
        model.float()
        return {"ids": ids.numpy(), "logits": logits.numpy()}, "token=ids,logits=logits", ["logits"]


LLAMA = {"hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 2, "num_attention_heads": 6,
         "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "attn_implementation": "eager"}
TINY = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 4}
NEOX = {"hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 2, "num_attention_heads": 4,
        "max_position_embeddings": 64, "attn_implementation": "eager"}
GPT2 = {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 32, "attn_implementation": "eager"}
TINY_GPT2 = {"n_embd": 16, "n_positions": 20, "n_inner": 20}


def llama(**options):
    return Decoder(LlamaConfig, LlamaForCausalLM, LLAMA, TINY, **options)


def scaled(kind, **parameters):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 500.0, **parameters}}


MODELS = {
    "llama": llama(is_fixture=True),
    "llama-tied": llama(tie_word_embeddings=True, head_dim=12, hidden_act="gelu"),
    "llama-biases": llama(attention_bias=True, mlp_bias=True, storage="shards"),
    "llama-linear": llama(**scaled("linear", factor=4.0)),
    "llama-dynamic": llama(**scaled("dynamic", factor=4.0)),
    "llama-3": llama(is_fixture=True, rows=20, **scaled(
        "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=24)),
    "llama-yarn": llama(rows=40, **scaled("yarn", factor=4.0, original_max_position_embeddings=16)),
    "llama-longrope": llama(rows=12, **scaled(
        "longrope", factor=4.0, original_max_position_embeddings=16, short_factor=[1.0, 1.1, 1.3, 2.0],
        long_factor=[1.0, 2.0, 3.0, 4.0])),
    "mistral": Decoder(
        MistralConfig, MistralForCausalLM, LLAMA, TINY, is_fixture=True, sliding_window=5, storage="torch"),
    "mistral-whole": Decoder(MistralConfig, MistralForCausalLM, LLAMA, TINY, sliding_window=None),
    "qwen2": Decoder(Qwen2Config, Qwen2ForCausalLM, LLAMA, TINY, is_fixture=True, tie_word_embeddings=True),
    "qwen2-sliding": Decoder(
        Qwen2Config, Qwen2ForCausalLM, LLAMA, TINY, use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "gpt2": Decoder(GPT2Config, GPT2LMHeadModel, GPT2, TINY_GPT2, is_fixture=True),
    "gpt2-scaled": Decoder(
        GPT2Config, GPT2LMHeadModel, GPT2, TINY_GPT2, n_inner=60, n_positions=16, activation_function="relu",
        scale_attn_by_inverse_layer_idx=True, storage="torch"),
    "gpt2-unscaled": Decoder(GPT2Config, GPT2LMHeadModel, GPT2, TINY_GPT2, scale_attn_weights=False),
    "gpt-neox": Decoder(GPTNeoXConfig, GPTNeoXForCausalLM, NEOX, TINY, is_fixture=True, **{
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}}),
    "gpt-neox-sequential": Decoder(
        GPTNeoXConfig, GPTNeoXForCausalLM, NEOX, TINY, use_parallel_residual=False, hidden_act="gelu_new",
        attention_bias=False, rope_parameters={"rope_type": "default", "rope_theta": 700.0, "partial_rotary_factor": 1.0}),
}
