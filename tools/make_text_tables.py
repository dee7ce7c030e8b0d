# SPDX-License-Identifier: Apache-2.0
"""Writes the runtime's tables of characters by asking the `tokenizers` library about every code point.

    tools/make_text_tables.py Sources/Funes/Host/Text

Each library behind `tokenizers` has a Unicode version of its own; ids are equal only where the tables are the library's.
Writes ScalarTables+Classes.swift (ranges) and ScalarTables+Mappings.swift (lower case, canonical decomposition,
compositions, combining classes). Numbers are hexadecimal; what ascends is written as the gap to the one before.
"""
import argparse
import os
import textwrap

import tokenizers
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

SCALARS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def matching(pattern):
    """Code points that a regular expression matches, in the engine of `Split`."""
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    found = set()
    for begin in range(0, len(SCALARS), 4096):
        block = SCALARS[begin:begin + 4096]
        kept = set("".join(piece for piece, _ in split.pre_tokenize_str("".join(block))))
        found.update(ord(scalar) for scalar in block if scalar not in kept)
    return found


def whitespace():
    """What `WhitespaceSplit` removes: the language's own idea of white space."""
    split = pre_tokenizers.WhitespaceSplit()
    return {ord(scalar) for scalar in SCALARS if not split.pre_tokenize_str(scalar)}


def punctuation():
    split = pre_tokenizers.BertPreTokenizer()
    return {ord(scalar) for scalar in SCALARS if len(split.pre_tokenize_str("a" + scalar + "a")) == 3}


def bert(**chosen):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**options, **chosen})


def removed(normalizer):
    return {ord(scalar) for scalar in SCALARS if normalizer.normalize_str(scalar) == ""}


def word_parts():
    """Characters beside which a token of whole words does not stand."""
    tokenizer = Tokenizer(tokenizers.models.WordLevel({"Q": 0, "u": 1}, unk_token="u"))
    tokenizer.add_tokens([tokenizers.AddedToken("Q", single_word=True, normalized=False)])
    return {ord(scalar) for scalar in SCALARS if scalar != "Q" and 0 not in tokenizer.encode(scalar + "Q").ids} | {ord("Q")}


def combining_classes(decomposed):
    """A number for each character that canonical ordering moves: its rank among all that it moves past."""
    nfd = normalizers.NFD().normalize_str
    low, high = "\u0334", "\u0345"  # classes 1 and 240, the least and the greatest
    moved = []
    for scalar in SCALARS:
        if ord(scalar) in decomposed or ord(scalar) < 0x300:
            continue
        if nfd("a" + scalar + low)[1] == low and scalar != low or nfd("a" + high + scalar)[1] == scalar and scalar != high:
            moved.append(scalar)
    moved = sorted(set(moved) | {low, high})

    def precedes(first, second):
        return nfd("a" + second + first)[1] == first

    # Classes in ascending order, each a list of characters that no other of it passes.
    classes = [[low]]
    for scalar in moved:
        begin, end = 0, len(classes)
        while begin < end:
            middle = (begin + end) // 2
            if precedes(classes[middle][0], scalar) and scalar != classes[middle][0]:
                begin = middle + 1
            else:
                end = middle
        if begin < len(classes) and not precedes(scalar, classes[begin][0]):
            classes[begin].append(scalar)
        elif begin < len(classes) and scalar == classes[begin][0]:
            continue
        else:
            classes.insert(begin, [scalar])
    return {ord(scalar): rank + 1 for rank, members in enumerate(classes) for scalar in set(members)}


def ranges(codes):
    """Gap and length of each range."""
    numbers, end, begin = [], 0, None
    for code in sorted(codes) + [None]:
        if begin is not None and code != last + 1:
            numbers += [begin - end, last + 1 - begin]
            end, begin = last + 1, None
        if code is not None and begin is None:
            begin = code
        last = code
    return numbers


def runs(mapping):
    """Gap, count, stride and distance of each run of characters that map to one at the same distance."""
    numbers, at, items = [], 0, sorted(mapping.items())
    index = 0
    while index < len(items):
        code, target = items[index]
        best = (1, 1)
        for stride in (1, 2):
            count = 1
            while index + count < len(items) and items[index + count] == (code + count * stride, target + count * stride):
                count += 1
            best = max(best, (count, -stride))
        count, stride = best[0], abs(best[1])
        numbers += [code - at, count, stride, target - code]
        at = code
        index += count
    return numbers


def hexadecimal(numbers):
    return " ".join(f"{number:x}" for number in numbers)


def literal(name, comment, words):
    lines = textwrap.wrap(words, 112, break_long_words=False, break_on_hyphens=False)
    body = " \\\n".join("      " + line for line in lines)
    return f'    /// {comment}\n    static let {name}: StaticString = """\n{body}\n      """\n'


def write(folder, name, title, parts):
    version = tokenizers.__version__
    text = (f"// SPDX-License-Identifier: Apache-2.0\n// {title}\n// Made by tools/make_text_tables.py from what "
            f"tokenizers {version} does with every code point; the numbers are hexadecimal.\n\n"
            "#if !hasFeature(Embedded)\n  extension ScalarTables {\n" + "\n".join(parts) + "  }\n#endif\n")
    with open(os.path.join(folder, name), "w", encoding="ascii") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="where the two Swift files go")
    folder = parser.parse_args().folder
    space = matching(r"\s")
    assert space == whitespace(), "two ideas of white space"
    clean = bert(clean_text=True)
    controls = removed(clean)
    # Characters that cleaning makes a blank are white space, and no others are changed.
    for scalar in SCALARS:
        wanted = "" if ord(scalar) in controls else " " if ord(scalar) in space else scalar
        assert clean.normalize_str(scalar) == wanted, hex(ord(scalar))
    classes = [
        ("letters", "Letters.", matching(r"\p{L}")), ("numbers", "Numbers.", matching(r"\p{N}")),
        ("whiteSpace", "White space.", space), ("punctuation", "Punctuation, as BERT sees it.", punctuation()),
        ("controls", "Controls and what has no meaning, which BERT removes.", controls),
        ("marks", "Marks that take no room, which stripping accents removes.", removed(bert(strip_accents=True))),
        ("wordParts", "Parts of words, beside which a token of whole words does not stand.", word_parts()),
    ]
    write(folder, "ScalarTables+Classes.swift", "Classes of characters: gap and length of each range.",
          [literal(name, comment, hexadecimal(ranges(codes))) for name, comment, codes in classes])

    lower = {ord(s): normalizers.Lowercase().normalize_str(s) for s in SCALARS}
    lower = {code: text for code, text in lower.items() if text != chr(code)}
    long_lower = {code: text for code, text in lower.items() if len(text) > 1}
    assert long_lower == {0x130: "i\u0307"}, long_lower
    simple = {code: ord(text) for code, text in lower.items() if len(text) == 1}

    nfd, nfc = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str
    hangul = range(0xAC00, 0xAC00 + 11172)
    full = {ord(s): nfd(s) for s in SCALARS if ord(s) not in hangul}
    full = {code: text for code, text in full.items() if text != chr(code)}
    words, at = [], 0
    for code, text in sorted(full.items()):
        words.append(f"{code - at:x} " + ",".join(f"{ord(scalar):x}" for scalar in text))
        at = code
    composed, at = [], 0
    for code, text in sorted(full.items()):
        if len(text) < 2 or nfc(chr(code)) != chr(code):
            continue
        head = nfc(text[:-1])
        assert len(head) == 1 and nfc(head + text[-1]) == chr(code), hex(code)
        composed += [code - at, ord(head), ord(text[-1])]
        at = code
    orders = combining_classes(full)
    ordered, at = [], 0
    for begin in sorted(orders):
        if orders.get(begin - 1) == orders[begin]:
            continue
        end = begin
        while orders.get(end) == orders[begin]:
            end += 1
        ordered += [begin - at, end - begin, orders[begin]]
        at = begin
    write(folder, "ScalarTables+Mappings.swift", "Lower case and canonical equivalence.", [
        literal("lowercase", "Gap, count, stride and distance of each run; U+0130 apart.", hexadecimal(runs(simple))),
        literal("decompositions", "Gap and full canonical decomposition; Hangul apart.", " ".join(words)),
        literal("compositions", "Gap of the composite, and its two parts; Hangul apart.", hexadecimal(composed)),
        literal("orders", "Gap, length and rank of each run that canonical ordering moves.", hexadecimal(ordered)),
    ])


if __name__ == "__main__":
    main()
