# SPDX-License-Identifier: Apache-2.0
"""Trains tiny tokenizers on this project's own sentences and writes them with what `tokenizers` makes of some lines.

    tools/make_tokenizer_fixtures.py Tests/FunesConvertTests/Goldens/tokenizers

Needs tokenizers and sentencepiece. Training is not the same twice: the files and what is held to them are made together.
"""
import argparse
import json
import os
import tempfile

import tokenizer_texts as texts
from tokenizers import AddedToken, normalizers

# Full-width letters, a ligature, a composed letter, a wide blank and a tab: what normalisers change, in a few lines.
RULES = "FF21\t41\nFF42\t62\nFB01\t66 69\n65 301\tE9\n3000\t20\n9\t20\n200B\t\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="where the tokenizers and golden.json go")
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)
    texts.training_texts = lambda: texts.SENTENCES[:7] * 3 + texts.SENTENCES[-4:]
    kinds = {}
    with tempfile.TemporaryDirectory() as work:
        rules = os.path.join(work, "rules.tsv")
        with open(rules, "w", encoding="ascii") as file:
            file.write(RULES)
        unigram = texts.sentence_pieces(work, "unigram", "unigram", normalization_rule_tsv=rules, vocab_size=220)
        merges = texts.sentence_pieces(work, "bpe", "bpe", byte_fallback=True, vocab_size=440,
                                       normalization_rule_name="identity", remove_extra_whitespaces=False,
                                       user_defined_symbols="<mask>")
        kinds["t5.json"] = texts.unigram(texts.charsmap(unigram), size=200)
        kinds["unigram.model"] = texts.with_frame(texts.SentencePieces(unigram).tokenizer(), [], ["</s>"])
        kinds["bpe.model"] = texts.with_frame(texts.SentencePieces(merges).tokenizer(), ["<s>"], [])
        for name, path in [("unigram.model", unigram), ("bpe.model", merges)]:
            with open(path, "rb") as source, open(os.path.join(folder, name), "wb") as target:
                target.write(source.read())
    kinds["gpt2.json"] = texts.byte_level(prefix=True, size=330)
    kinds["llama3.json"] = texts.with_frame(texts.byte_level(texts.LLAMA3, ignore_merges=True, size=330), ["<s>"], [])
    kinds["qwen2.json"] = texts.byte_level(texts.QWEN2, normalizer=normalizers.NFC(), size=330)
    kinds["bert.json"] = texts.word_pieces(True, size=280)
    kinds["llama2.json"] = texts.metaspace_bpe(size=160)
    kinds["qwen2.json"].add_tokens(texts.added())
    kinds["bert.json"].add_tokens([AddedToken("<mask>", lstrip=True, rstrip=True, special=True)])
    lines = texts.SENTENCES + texts.mixed_lines(30, 5)
    golden = {"lines": lines, "kinds": {}}
    for name, tokenizer in sorted(kinds.items()):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                json.dump(json.loads(tokenizer.to_str()), file, ensure_ascii=False, separators=(",", ":"))
                file.write("\n")
        ids = [encoding.ids for encoding in tokenizer.encode_batch(lines)]
        golden["kinds"][name] = {"ids": ids, "texts": [tokenizer.decode(line) for line in ids]}
    with open(os.path.join(folder, "golden.json"), "w", encoding="ascii") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
