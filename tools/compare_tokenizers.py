# SPDX-License-Identifier: Apache-2.0
"""Holds `funes tokenize` to Hugging Face's `tokenizers`, line by line, ids and decoded text.

    tools/compare_tokenizers.py --funes .build/release/funes --lines 10000 [tokenizer.json ...]

Trains one small tokenizer of every kind, of Hugging Face's and of SentencePiece's files, makes mixed lines by seed, and
prints each kind's verdict, with the first lines that differ. Exit code 1 where one differs.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import tokenizer_texts as texts
from tokenizers import Tokenizer, models


def funes(program, path, lines, *options):
    """The JSON values that funes prints for JSON values, one a line."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    result = subprocess.run([program, "tokenize", path, "--json", *options], input=text.encode(), capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.decode().strip())
    return [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]


def compare(program, name, path, tokenizer, lines):
    """Prints the verdict; true where all is alike."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids = [encoding.ids for encoding in tokenizer.encode_batch(lines)]
    expected = [tokenizer.decode(line) for line in ids]
    try:
        found, back = funes(program, path, lines), funes(program, path, ids, "--decode")
    except RuntimeError as error:
        print(f"✘ Test tokenizersAgree({name}) failed: {error}")
        return False
    wrong = [index for index in range(len(lines)) if found[index] != ids[index] or back[index] != expected[index]]
    for index in wrong[:3]:
        print(f"  line {index}: {ascii(lines[index])}\n    expected {ids[index]} {ascii(expected[index])}\n"
              f"    found {found[index]} {ascii(back[index])}")
    verdict = f"failed: {len(wrong)} lines differ" if wrong or len(found) != len(lines) else "passed"
    print(f"{'✘' if wrong else '✔'} Test tokenizersAgree({name}) {verdict}", flush=True)
    return not wrong


def folders(work):
    """Tokenizers in files of their own: name, path, and what `transformers` would make of them."""
    paths = {
        "bpe.model": texts.sentence_pieces(work, "bpe", "bpe", byte_fallback=True, normalization_rule_name="identity",
                                           remove_extra_whitespaces=False, vocab_size=1500, user_defined_symbols="<mask>"),
        "unigram.model": texts.sentence_pieces(work, "unigram", "unigram", normalization_rule_name="nmt_nfkc",
                                               vocab_size=1000),
        "unigram-bytes.model": texts.sentence_pieces(work, "unigram-bytes", "unigram", byte_fallback=True,
                                                     normalization_rule_name="nfkc_cf", vocab_size=1500),
    }
    for name, path in paths.items():
        before, after = (["<s>"], []) if name == "bpe.model" else ([], ["</s>"])
        yield name, path, texts.with_frame(texts.SentencePieces(path).tokenizer(), before, after)
    bert, gpt2 = texts.word_pieces(True), texts.byte_level(special=[])
    for name, tokenizer in [("vocab.txt", bert), ("merges.txt", gpt2)]:
        folder = os.path.join(work, name)
        os.makedirs(folder)
        tokenizer.model.save(folder)
        if name == "vocab.txt":
            tokenizer.model = models.WordPiece(tokenizer.get_vocab(), unk_token="[UNK]")
        yield name, folder, tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tokenizers", nargs="*", help="more tokenizer.json files to compare")
    parser.add_argument("--funes", required=True, help="the command")
    parser.add_argument("--lines", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    lines = texts.mixed_lines(options.lines, options.seed)
    is_alike = True
    with tempfile.TemporaryDirectory() as work:
        for name, tokenizer in texts.trained(work).items():
            path = os.path.join(work, f"{name}.json")
            tokenizer.save(path)
            is_alike &= compare(options.funes, name, path, tokenizer, lines)
        for name, path, tokenizer in folders(work):
            is_alike &= compare(options.funes, name, path, tokenizer, lines)
    for path in options.tokenizers:
        name = os.path.basename(os.path.dirname(path))
        is_alike &= compare(options.funes, name, path, Tokenizer.from_file(path), lines)
    sys.exit(0 if is_alike else 1)


if __name__ == "__main__":
    main()
