# SPDX-License-Identifier: Apache-2.0
"""Mixed lines of text, the same for the same seed, and tiny tokenizers of every kind trained on them.

Not a command; imported by compare_tokenizers.py and make_tokenizer_fixtures.py, which lie beside it.
"""
import json
import os
import random
import struct

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
MARK = "\u2581"

SENTENCES = """The old clock in the hall struck nine, and nobody came down the stairs.
A river keeps its name though its water never stays; so does a net that remembers.
She'd said they're late; we've waited, I'll wait, it's fine, he'd know, I'm sure, don't worry.
Der Fluß trägt Äpfel, Öl und Übermut; die Straße führt zum Café am See.
Où est passée la clé ? L'été dernier, elle était près du château, à côté du garçon.
El niño comió piñas y bebió agüita en la montaña.
Река течёт на юг, и память не спит. Ёж пьёт молоко.
Ο ποταμός κυλά αργά και η μνήμη μένει ξύπνια.
नदी बहती है और याद रहती है। क्षेत्र में हिन्दी बोली जाती है।
الذاكرة نهر لا ينام، والاسم يبقى.
הנהר זורם והזיכרון נשאר.
记忆是一条河,名字不变,水却在流。中文没有空格。
川は流れ、名前は残る。カタカナとひらがなと漢字。
강물은 흐르고 이름은 남는다. 기억은 잠들지 않는다.
แม่น้ำไหลไปแต่ชื่อยังอยู่
def step(state, x): return [s * 0.5 + x for s in state]  # keep {state}
for (int i = 0; i < 10; ++i) { total += a[i] * b[i]; } /* sum */
{"name": "funes", "rows": [1, 2, 3], "ok": true, "pi": 3.14159}
In 1942 it weighed 1234567 grams; in 2026, 98 % of 4,096 bytes cost $0.25 or 12½ pence, x² + y³.
""".splitlines()

SCRIPTS = [(0x41, 0x5A), (0x61, 0x7A), (0x30, 0x39), (0x21, 0x2F), (0xA1, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF),
           (0x531, 0x58F), (0x5D0, 0x5EA), (0x621, 0x64A), (0x900, 0x97F), (0xE01, 0xE3A), (0x10A0, 0x10FF),
           (0x1E00, 0x1FFF), (0x2010, 0x205E), (0x20A0, 0x20BF), (0x2150, 0x218B), (0x2460, 0x24FF), (0x3041, 0x30FF),
           (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0xFB00, 0xFB4F), (0xFF01, 0xFFEE), (0x1D400, 0x1D4FF), (0x1F600, 0x1F64F)]
MARKS = "\u0300\u0301\u0302\u0308\u0323\u0327\u0331\u0345\u0591\u064B\u093C\u0E31\u20DD\uFE0F\u3099"
SPACES = " \t\u00A0\u2003\u2009\u3000\u200B\u202F\u1680\u0085\u2028"
CONTROLS = "\x01\x07\x08\x0b\x0c\x1b\x7f\u0080\u00AD\u061C\u200D\u200E\u2060\uFEFF\uE000\uFFFD\uFFFF\U0010FFFF"
EMOJI = ["👩\u200D💻", "👨\u200D👩\u200D👧", "🏳️\u200D🌈", "👍🏽", "🇩🇪", "❤️", "☕", "#️⃣", "🧑🏿\u200D🚀"]
SPECIALS = ["<s>", "</s>", "<unk>", "<|end|>", "[CLS]", "[MASK]", "<mask>", "[SEP]", "<extra>", "<0x41>", "##s", MARK, "Ġ"]


def mixed_lines(count, seed):
    """Lines of ASCII, many scripts, marks, emoji, white space, controls, numbers, code, and every code point by chance."""
    draw = random.Random(seed)

    def word():
        low, high = draw.choice(SCRIPTS)
        return "".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 9)))

    def anything():
        while True:
            code = draw.randrange(1, 0x110000) if draw.random() < 0.5 else draw.randrange(1, 0x3000)
            if not 0xD800 <= code < 0xE000:
                return chr(code)

    makers = [
        lambda: draw.choice(SENTENCES), lambda: draw.choice(draw.choice(SENTENCES).split()), word, word,
        lambda: "".join(c + draw.choice(MARKS) * draw.randint(0, 3) for c in word()),
        lambda: draw.choice(SPACES) * draw.randint(1, 5), lambda: " " * draw.randint(1, 6),
        lambda: draw.choice(["\n", "\r\n", "\n\n\n", " \n ", "\t\n"]), lambda: draw.choice(CONTROLS),
        lambda: draw.choice(EMOJI), lambda: draw.choice(SPECIALS), anything, lambda: draw.choice("'\"’") + draw.choice(
            ["s", "S", "t", "re", "VE", "m", "ll", "Ll", "d", "ſ", "x"]),
        lambda: str(draw.randrange(10 ** draw.randint(1, 12))), lambda: draw.choice("aA!.- 漢é") * draw.randint(1, 150),
    ]
    lines = []
    for _ in range(count):
        joiner = draw.choice(["", " ", " ", " ", "  "])
        lines.append(joiner.join(draw.choice(makers)() for _ in range(draw.randint(0, 9))))
    return lines


def training_texts():
    return SENTENCES * 4 + mixed_lines(300, 11)


# MARK: Tokenizers


def added():
    return [AddedToken("<|end|>", special=True, normalized=False), AddedToken("<mask>", special=True, lstrip=True),
            AddedToken("<extra>", normalized=True), AddedToken("ok", single_word=True, normalized=False)]


def byte_level(pattern=None, prefix=False, normalizer=None, ignore_merges=False, size=600, special=("<s>",)):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    cut = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=pattern is None)
    tokenizer.pre_tokenizer = cut if pattern is None else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), cut])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
                                  special_tokens=list(special), show_progress=False)
    tokenizer.train_from_iterator(training_texts(), trainer)
    return tokenizer


def with_frame(tokenizer, before, after):
    names = [(name, tokenizer.token_to_id(name)) for name in before + after]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=" ".join([f"{n}:0" for n in before] + ["$A:0"] + [f"{n}:0" for n in after]), special_tokens=names)
    return tokenizer


def word_pieces(lowercase, strip=None, cleanup=True, size=800):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=cleanup)
    trainer = trainers.WordPieceTrainer(vocab_size=size, show_progress=False, limit_alphabet=250,
                                        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator(training_texts(), trainer)
    return with_frame(tokenizer, ["[CLS]"], ["[SEP]"])


def sentence_pieces(folder, name, kind, **options):
    """Trains a SentencePiece model; returns its path."""
    prefix = os.path.join(folder, name)
    text = prefix + ".txt"
    with open(text, "w", encoding="utf-8") as file:
        file.write("\n".join(line.replace("\n", " ").replace("\r", " ") for line in training_texts()))
    sentencepiece.SentencePieceTrainer.train(
        input=text, model_prefix=prefix, model_type=kind, minloglevel=2, num_threads=1, hard_vocab_limit=False,
        **{"vocab_size": 700, "character_coverage": 0.98, **options})
    os.remove(text)
    os.remove(prefix + ".vocab")
    return prefix + ".model"


def wire_fields(data):
    """The fields of a protocol buffer: number and value."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            count = {1: 8, 5: 4}.get(key & 7) or varint()
            yield key >> 3, data[at:at + count]
            at += count


class SentencePieces:
    """What a SentencePiece model says: pieces as (text, score, type), and two dictionaries by field number."""

    def __init__(self, path):
        with open(path, "rb") as file:
            fields = list(wire_fields(file.read()))
        pieces = [dict(wire_fields(value)) for number, value in fields if number == 1]
        self.pieces = [(p[1].decode(), struct.unpack("<f", p.get(2, bytes(4)))[0], p.get(3, 1)) for p in pieces]
        self.trainer = dict(wire_fields(dict(fields).get(2, b"")))
        self.normalizer = dict(wire_fields(dict(fields).get(3, b"")))

    @property
    def charsmap(self):
        return bytes(self.normalizer.get(2, b""))

    def tokenizer(self):
        """The tokenizer that `transformers` makes of it: T5's way for unigram, Llama's for byte-pair encoding."""
        in_bytes = bool(self.trainer.get(35, 0))
        unknown = self.trainer.get(40, 0)
        if self.trainer.get(3, 1) == 1:
            scores = [(text, score) for text, score, _ in self.pieces]
            tokenizer = Tokenizer(models.Unigram(scores, unk_id=unknown, byte_fallback=in_bytes))
            steps = [normalizers.Precompiled(self.charsmap)] if self.charsmap else []
            if self.normalizer.get(4, 1):
                steps += [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), MARK)]
            tokenizer.normalizer = normalizers.Sequence(steps)
            tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
            tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
        else:
            vocabulary = {text: index for index, (text, _, _) in enumerate(self.pieces)}
            tokenizer = Tokenizer(models.BPE(vocabulary, self.merges(vocabulary), unk_token=self.pieces[unknown][0],
                                             fuse_unk=True, byte_fallback=in_bytes))
            tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
        if in_bytes:
            tokenizer.decoder = decoders.Sequence(
                [decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        tokenizer.add_tokens([AddedToken(t, normalized=False, special=kind == 3) for t, _, kind in self.pieces if kind in (3, 4)])
        return tokenizer

    def merges(self, vocabulary):
        """Every two pieces that spell a third, the best score of that first, as `transformers` orders them."""
        merges = []
        for text, score, _ in self.pieces:
            pairs = [(text[:cut], text[cut:], score) for cut in range(1, len(text))]
            pairs = [pair for pair in pairs if pair[0] in vocabulary and pair[1] in vocabulary]
            merges += sorted(pairs, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        merges.sort(key=lambda pair: (pair[2], len(pair[0]), len(pair[1])), reverse=True)
        return [pair[:2] for pair in merges]


def charsmap(path):
    return SentencePieces(path).charsmap


def metaspace_bpe(size=500, legacy=True):
    """As Llama 2's: one word a text, blanks marked, bytes for what is unknown."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if legacy:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=len(special) + size, special_tokens=special, show_progress=False,
                                  limit_alphabet=200, max_token_length=12)
    words = (MARK + word for line in training_texts() for word in line.split(" "))
    bare = Tokenizer(models.BPE())
    bare.train_from_iterator(words, trainer)
    trained = json.loads(bare.to_str())["model"]
    tokenizer.model = models.BPE(trained["vocab"], [tuple(m) for m in trained["merges"]], unk_token="<unk>", fuse_unk=True,
                                 byte_fallback=True)
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return with_frame(tokenizer, ["<s>"], [])


def unigram(charsmap_bytes=b"", scheme="always", byte_fallback=False, size=700):
    tokenizer = Tokenizer(models.Unigram())
    steps = [normalizers.Precompiled(charsmap_bytes)] if charsmap_bytes else []
    tokenizer.normalizer = normalizers.Sequence(
        steps + [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), MARK)])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme=scheme)
    special = ["<pad>", "</s>", "<unk>"] + ([f"<0x{byte:02X}>" for byte in range(256)] if byte_fallback else [])
    trainer = trainers.UnigramTrainer(vocab_size=size + len(special), special_tokens=special, unk_token="<unk>",
                                      show_progress=False, max_piece_length=10)
    # Rare characters stay unknown: so that there are some.
    texts = [line for line in training_texts() if line in SENTENCES or line.isascii()]
    tokenizer.train_from_iterator(texts, trainer)
    if byte_fallback:
        text = json.loads(tokenizer.to_str())
        text["model"]["byte_fallback"] = True
        tokenizer = Tokenizer.from_str(json.dumps(text))
    return with_frame(tokenizer, [], ["</s>"])


def trained(folder):
    """Every kind by name."""
    nfkc = charsmap(sentence_pieces(folder, "nmt_nfkc", "unigram", normalization_rule_name="nmt_nfkc"))
    folded = charsmap(sentence_pieces(folder, "nmt_nfkc_cf", "unigram", normalization_rule_name="nmt_nfkc_cf"))
    kinds = {
        "gpt2": byte_level(), "gpt2-prefix": byte_level(prefix=True),
        "gptneox": byte_level(normalizer=normalizers.NFC()), "llama3": byte_level(LLAMA3, ignore_merges=True),
        "qwen2": byte_level(QWEN2, normalizer=normalizers.NFC()), "bert": word_pieces(True),
        "bert-cased": word_pieces(False, cleanup=False), "bert-accents": word_pieces(True, strip=False),
        "llama2": metaspace_bpe(), "llama2-new": metaspace_bpe(legacy=False), "t5": unigram(nfkc),
        "unigram-first": unigram(folded, scheme="first"), "unigram-bytes": unigram(byte_fallback=True, scheme="never"),
    }
    kinds["gpt2-added"] = byte_level()
    kinds["bert-added"] = word_pieces(True)
    kinds["t5-added"] = unigram(nfkc)
    for name in ["gpt2-added", "bert-added", "t5-added"]:
        kinds[name].add_tokens(added())
    with_frame(kinds["llama3"], ["<s>"], [])
    return kinds
