# SPDX-License-Identifier: Apache-2.0
"""Makes small GGUF vocabularies of every kind that is read, and the ids that the original tokenizers make of texts.

From: this project's README.md, which they learn, and the lines below.
To:   DIR/tokens-<kind>.gguf, metadata alone, and DIR/tokens.json, texts with their ids by kind.
Run:  python tools/make_gguf_tokenizers.py Tests/FunesConvertTests/Goldens/gguf      (needs gguf, sentencepiece, tokenizers)

`llama` is SentencePiece BPE with bytes for what it does not know; the others are byte-level BPE behind the splits of
GPT-2, Llama 3 and Qwen 2.
"""

import io
import json
import pathlib
import sys

import sentencepiece
from gguf import GGUFWriter, TokenType
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).parent.parent
TEXTS = [
    "", " ", "Hello world", " Hello  world ", "Two\nlines\n\n\nand more", "tabs\tand \t mixed   ", "it's we'll I'D THEY'RE",
    "1234567890 3.14159 1,000,000", "¡Hola! ¿Qué tal? Ünïcödé ﬁ ﬂ", "日本語のテキスト 中文 한국어", "👩‍👩‍👧 🎉🎉 e\u0301", "a\u00a0b\u2003c\u200bd",
    "funes convert model.pt -o model.funes", "def f(x):\n    return x ** 2  # square\n", "--activations 8\r\n\r\nCRLF",
    "▁ is U+2581, and a blank to some", "the the the  the   the", "\U0010fffd\x01\x7f", "ſ İ ß ﷺ Ǆ", "x" * 70,
]
DIGITS = r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
SPLITS = {"llama-bpe": WORDS + DIGITS.replace(r"\p{N}|", r"\p{N}{1,3}|", 1), "qwen2": WORDS + DIGITS}
END = "<|endoftext|>"


def writer(folder, kind, model, pre, tokens, types):
    file = GGUFWriter(folder / f"tokens-{kind}.gguf", "llama")
    file.add_tokenizer_model(model)
    file.add_tokenizer_pre(pre)
    file.add_token_list(tokens)
    file.add_token_types(types)
    return file


def finish(file):
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def piece_type(model, id):
    for test, kind in [(model.is_unknown, TokenType.UNKNOWN), (model.is_control, TokenType.CONTROL),
                       (model.is_byte, TokenType.BYTE), (model.is_unused, TokenType.UNUSED)]:
        if test(id):
            return kind
    return TokenType.NORMAL


def sentence_pieces(folder, text):
    """As Llama's own: identity normalisation, a blank before the text, bytes for the unknown."""
    stream = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.splitlines()), model_writer=stream, model_type="bpe", vocab_size=420,
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2)
    model = sentencepiece.SentencePieceProcessor(model_proto=stream.getvalue())
    ids = range(model.vocab_size())
    file = writer(folder, "llama", "llama", "default", [model.id_to_piece(id).encode() for id in ids],
                  [piece_type(model, id) for id in ids])
    file.add_token_scores([model.get_score(id) for id in ids])
    file.add_bos_token_id(model.bos_id())
    file.add_eos_token_id(model.eos_id())
    file.add_unk_token_id(model.unk_id())
    file.add_add_bos_token(True)
    finish(file)
    return [[model.bos_id()] + model.encode(line) for line in TEXTS]


def byte_level(folder, kind, text):
    model = Tokenizer(models.BPE(ignore_merges=kind == "llama-bpe"))
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind == "gpt-2")
    split = SPLITS.get(kind)
    model.pre_tokenizer = plain if split is None else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), "isolated"), plain])
    model.decoder = decoders.ByteLevel()
    if kind == "qwen2":
        model.normalizer = normalizers.NFC()
    model.train_from_iterator(text.splitlines(), trainers.BpeTrainer(
        vocab_size=400, special_tokens=[END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    parts = json.loads(model.to_str())["model"]
    tokens = sorted(parts["vocab"], key=parts["vocab"].get)
    file = writer(folder, kind, "gpt2", kind, [token.encode() for token in tokens],
                  [TokenType.CONTROL if token == END else TokenType.NORMAL for token in tokens])
    file.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in parts["merges"]])
    file.add_bos_token_id(tokens.index(END))
    file.add_eos_token_id(tokens.index(END))
    finish(file)
    # Llama 3 begins each text with its first id.
    before = [tokens.index(END)] if kind == "llama-bpe" else []
    return [before + model.encode(line, add_special_tokens=False).ids for line in TEXTS]


def main():
    folder = pathlib.Path(sys.argv[1])
    text = (ROOT / "README.md").read_text()
    ids = {"llama": sentence_pieces(folder, text)}
    for kind in ["gpt-2", "llama-bpe", "qwen2"]:
        ids[kind] = byte_level(folder, kind, text)
    (folder / "tokens.json").write_text(json.dumps({"texts": TEXTS, "ids": ids}) + "\n")


if __name__ == "__main__":
    main()
