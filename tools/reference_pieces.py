#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Encodes texts as llama2.c's run.c does, in its plain quadratic way: the truth that the runtime's encoder is held to.

From a tokenizer.bin and texts as JSON strings, one a line on stdin, to the ids of each text, one line a text. With
--decode from ids, parted by blanks, to the text of each line as a JSON string; what is no UTF-8 becomes U+FFFD.

    echo '"Once upon a time"' | tools/reference_pieces.py tok512.bin
    echo '1 403 407 261 378' | tools/reference_pieces.py tok512.bin --decode
"""
import argparse
import json
import struct
import sys

BEGIN = 1
FIRST_BYTE = 3  # ids of <0x00> to <0xFF> follow those of <unk>, <s> and </s>


def read_vocabulary(path):
    """Pieces as bytes, and their scores."""
    with open(path, "rb") as file:
        data = file.read()
    pieces, scores, offset = [], [], 4
    while offset < len(data):
        score, count = struct.unpack_from("<fi", data, offset)
        offset += 8
        pieces.append(data[offset:offset + count])
        scores.append(score)
        offset += count
    return pieces, scores


def encode(text, pieces, scores):
    ids_of = {}
    for index, piece in enumerate(pieces):
        ids_of.setdefault(piece, index)
    ids = [BEGIN]
    if text:
        ids.append(ids_of[b" "])
    for character in text:
        spelt = character.encode()
        if spelt in ids_of:
            ids.append(ids_of[spelt])
        else:
            ids += [byte + FIRST_BYTE for byte in spelt]
    while True:
        best_score, best_id, best_index = -1e10, -1, -1
        for index in range(len(ids) - 1):
            merged = ids_of.get(pieces[ids[index]] + pieces[ids[index + 1]], -1)
            if merged != -1 and scores[merged] > best_score:
                best_score, best_id, best_index = scores[merged], merged, index
        if best_index == -1:
            return ids
        ids[best_index:best_index + 2] = [best_id]


def decode(ids, pieces):
    text, previous = b"", None
    for index in ids:
        piece = pieces[index]
        if previous == BEGIN and piece.startswith(b" "):
            piece = piece[1:]
        if len(piece) == 6 and piece.startswith(b"<0x") and piece.endswith(b">"):
            piece = bytes([int(piece[3:5], 16)])
        if index != BEGIN:
            text += piece
        previous = index
    return text.decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokenizer")
    parser.add_argument("--decode", action="store_true", help="from ids to text")
    arguments = parser.parse_args()
    pieces, scores = read_vocabulary(arguments.tokenizer)
    for line in sys.stdin:
        if arguments.decode:
            print(json.dumps(decode([int(word) for word in line.split()], pieces)))
        else:
            print(*encode(json.loads(line), pieces, scores))


if __name__ == "__main__":
    main()
