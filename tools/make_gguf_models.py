# SPDX-License-Identifier: Apache-2.0
"""Makes small GGUF models of random weights, and the logits that transformers computes with them.

From: nothing but a seed.
To:   DIR/<case>.gguf, DIR/<case>.npz with `ids` and `logits`, by PyTorch on the weights as the file holds them, and
      DIR/cases.tsv, a line a case: its name, and 1e-4 of the range of its logits.
Run:  python tools/make_gguf_models.py DIR [CASE...]       (all cases; tools/check_gguf runs it)
      python tools/make_gguf_models.py Tests/FunesConvertTests/Goldens/gguf llama-q4_0 qwen2-q8_0 gpt2-q4_0

Needs torch, transformers and gguf.

Names of tensors and keys are the gguf package's. As llama.cpp's converter does it, q and k of a llama have their rows
ordered so that neighbours turn together, and a table of factors stands for Llama 3's stretch of positions.
"""

import math
import pathlib
import sys

import numpy as np
import torch
from gguf import GGUFWriter, GGMLQuantizationType as Type, MODEL_ARCH, RopeScalingType, get_tensor_name_map, quants
from gguf_blocks import quantize_k
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

STEPS = 24


def llama(**changes):
    numbers = dict(
        vocab_size=48, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False)
    return LlamaForCausalLM(LlamaConfig(**{**numbers, **changes}))


def qwen2(**changes):
    return Qwen2ForCausalLM(Qwen2Config(
        vocab_size=48, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, **changes))


def gpt2(**changes):
    numbers = dict(vocab_size=48, n_positions=64, n_embd=32, n_layer=2, n_head=4)
    return GPT2LMHeadModel(GPT2Config(**{**numbers, **changes}))


def stretched(kind, **more):
    return {"rope_type": kind, "rope_theta": 10000.0, **more}


WIDE = dict(hidden_size=256, intermediate_size=512, num_hidden_layers=1)
CASES = {
    "llama-f32": (llama, {}, Type.F32),
    "llama-tied": (llama, dict(tie_word_embeddings=True), Type.F32),
    "llama-biases": (llama, dict(attention_bias=True, mlp_bias=True), Type.F32),
    "llama-head-width": (llama, dict(head_dim=12), Type.F32),
    "llama-base": (llama, dict(rope_parameters=stretched("default", rope_theta=500000.0)), Type.F32),
    "llama-linear": (llama, dict(rope_parameters=stretched("linear", factor=4.0)), Type.F32),
    "llama-yarn": (llama, dict(
        hidden_size=128, rope_parameters=stretched("yarn", factor=4.0, original_max_position_embeddings=16)), Type.F32),
    "llama-factors": (llama, dict(hidden_size=128, rope_parameters=stretched(
        "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)), Type.F32),
    "llama-f16": (llama, {}, Type.F16),
    "llama-bf16": (llama, {}, Type.BF16),
    **{f"llama-{kind.name.lower()}": (llama, {}, kind) for kind in (Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1)},
    "llama-q4_k": (llama, WIDE, Type.Q4_K),
    "llama-q6_k": (llama, WIDE, Type.Q6_K),
    "qwen2-f32": (qwen2, {}, Type.F32),
    "qwen2-q8_0": (qwen2, dict(tie_word_embeddings=True), Type.Q8_0),
    "gpt2-f32": (gpt2, {}, Type.F32),
    "gpt2-f16": (gpt2, {}, Type.F16),
    "gpt2-q4_0": (gpt2, {}, Type.Q4_0),
    "gpt2-q6_k": (gpt2, dict(n_embd=256, n_layer=1), Type.Q6_K),
}


def permute(weight, heads):
    """Rows of each head from halves to neighbours: row i of the first half comes before row i of the second."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def unpermute(weight, heads):
    return weight.reshape(heads, weight.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def scramble(model):
    """Weights so large that every layer, norm and bias shows in the logits."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name or "ln_" in name:
                weight.uniform_(0.5, 1.5)
            elif name.endswith("bias"):
                weight.normal_(0, 0.3)
            elif "embed" in name or "wte" in name or "wpe" in name:
                weight.normal_(0, 1)
            else:
                weight.normal_(0, 1 / math.sqrt(weight.shape[-1]))


def quantize(weight, kind):
    if kind in (Type.Q4_K, Type.Q6_K):
        return quantize_k(weight, kind)
    return quants.quantize(weight, kind)


def add_description(writer, model, arch):
    config = model.config
    gpt = arch == MODEL_ARCH.GPT2
    writer.add_name("random")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(4 * config.hidden_size if gpt else config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    if gpt:
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if width != config.hidden_size // config.num_attention_heads:
        writer.add_key_length(width)
        writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, width))


def llama3_factors(rope, width):
    """What each frequency is divided by: 1 for short waves, the factor for long ones, between them in between."""
    factors = []
    for frequency in rope["rope_theta"] ** -(np.arange(0, width, 2) / width):
        turns = rope["original_max_position_embeddings"] * frequency / (2 * math.pi)
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        share = min(1, max(0, (turns - low) / (high - low)))
        factors.append(1 / ((1 - share) / rope["factor"] + share))
    return np.array(factors, dtype=np.float32)


def write(path, model, kind):
    """Writes the file and gives the model the weights that the file holds."""
    arch = {"llama": MODEL_ARCH.LLAMA, "qwen2": MODEL_ARCH.QWEN2, "gpt2": MODEL_ARCH.GPT2}[model.config.model_type]
    writer = GGUFWriter(path, model.config.model_type)
    add_description(writer, model, arch)
    names = get_tensor_name_map(arch, model.config.num_hidden_layers)
    config = model.config
    # Tied weights are one parameter.
    for name, parameter in model.named_parameters():
        weight = parameter.detach().numpy()
        # GPT-2 keeps its matrices as (inputs, outputs).
        is_turned = arch == MODEL_ARCH.GPT2 and weight.ndim == 2 and ".c_" in name
        heads = {"q_proj": config.num_attention_heads, "k_proj": getattr(config, "num_key_value_heads", 0)}.get(
            name.split(".")[-2]) if arch == MODEL_ARCH.LLAMA else None
        if is_turned:
            weight = weight.T
        if heads:
            weight = permute(weight, heads)
        weight = np.ascontiguousarray(weight)
        own = Type.F32 if weight.ndim == 1 else kind
        data = quantize(weight, own)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), data, raw_dtype=own)
        held = quants.dequantize(data, own).reshape(weight.shape)
        if heads:
            held = unpermute(held, heads)
        if is_turned:
            held = held.T
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(held, dtype=np.float32)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    limits = []
    for seed, (name, (make, changes, kind)) in enumerate(CASES.items()):
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        torch.manual_seed(seed)
        model = make(**changes).eval()
        scramble(model)
        write(folder / f"{name}.gguf", model, kind)
        ids = torch.randint(0, model.config.vocab_size, (STEPS,))
        with torch.no_grad():
            logits = model(ids[None]).logits[0]
        np.savez(folder / f"{name}.npz", ids=ids.numpy().astype(np.int32), logits=logits.numpy())
        limits.append(f"{name}\t{1e-4 * float(logits.max() - logits.min()):.3g}\n")
    (folder / "cases.tsv").write_text("".join(limits))


if __name__ == "__main__":
    main()
