# SPDX-License-Identifier: Apache-2.0
"""Encoder-decoders for make_families.py: sources, what transformers generates from them, and the logits on the way."""
import torch
from transformers import MarianConfig, MarianMTModel, T5Config, T5ForConditionalGeneration

SYMBOLS = 40


class Sequences:
    """A model that reads a source and writes a target: the golden's tokens are its own greedy choices."""

    program = "step"
    storage = "safetensors"

    def __init__(self, configuration, model, numbers, tiny, is_fixture=False, **options):
        self.configuration, self.model, self.numbers, self.tiny = configuration, model, numbers, tiny
        self.is_fixture, self.options = is_fixture, options

    def config(self, is_fixture):
        return self.configuration(
            vocab_size=SYMBOLS, **{**self.numbers, **(self.tiny if is_fixture else {}), **self.options})

    def prepare(self, model):
        # T5's scores are not divided by the root of a head's width; its queries are trained to be small instead.
        if self.configuration is T5Config:
            for name, parameter in model.named_parameters():
                if name.endswith(".q.weight"):
                    parameter.data /= 4

    def golden(self, model, generator):
        end, start = model.config.eos_token_id, model.config.decoder_start_token_id
        source = torch.randint(3, SYMBOLS - 1, (2, 11), generator=generator)
        source[:, -1] = end
        model.double()
        model.generation_config.forced_eos_token_id = None
        with torch.no_grad():
            made = model.generate(
                input_ids=source, attention_mask=torch.ones_like(source), do_sample=False, num_beams=1, max_new_tokens=9,
                use_cache=False)
            if made.shape[1] < 10 or (made[:, 1:-1] == end).any():
                return None
            assert (made[:, 0] == start).all()
            token = made[:, :-1]
            logits = model(input_ids=source, decoder_input_ids=token).logits
        model.float()
        assert (logits.argmax(-1) == made[:, 1:]).all(), "a symbol was suppressed"
        arrays = {"source": source.numpy(), "token": token.numpy(), "logits": logits.float().numpy()}
        return arrays, "encode.source=source,token=token,logits=logits", ["logits"]


T5 = {"d_model": 48, "d_kv": 10, "d_ff": 72, "num_layers": 2, "num_heads": 4, "relative_attention_num_buckets": 8,
      "relative_attention_max_distance": 9, "decoder_start_token_id": 0}
TINY_T5 = {"d_model": 16, "d_kv": 4, "d_ff": 20, "num_layers": 1, "num_heads": 2}
MARIAN = {"d_model": 48, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
          "decoder_attention_heads": 4, "encoder_ffn_dim": 72, "decoder_ffn_dim": 60, "max_position_embeddings": 24,
          "pad_token_id": SYMBOLS - 1, "decoder_start_token_id": SYMBOLS - 1, "eos_token_id": 0,
          "attn_implementation": "eager"}
TINY_MARIAN = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
               "decoder_attention_heads": 2, "encoder_ffn_dim": 20, "decoder_ffn_dim": 20}
MODELS = {
    "t5": Sequences(T5Config, T5ForConditionalGeneration, T5, TINY_T5, is_fixture=True),
    "t5-gated": Sequences(
        T5Config, T5ForConditionalGeneration, T5, TINY_T5, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
        num_decoder_layers=3),
    "t5-buckets": Sequences(
        T5Config, T5ForConditionalGeneration, T5, TINY_T5, relative_attention_num_buckets=32,
        relative_attention_max_distance=128),
    "marian": Sequences(
        MarianConfig, MarianMTModel, MARIAN, TINY_MARIAN, is_fixture=True, activation_function="swish",
        scale_embedding=True),
    "marian-gelu": Sequences(MarianConfig, MarianMTModel, MARIAN, TINY_MARIAN, decoder_attention_heads=6),
}
