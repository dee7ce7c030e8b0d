# SPDX-License-Identifier: Apache-2.0
"""Makes the goldens of two small captioners of random weights, by PyTorch: an image becomes patches that a decoder attends to.

From: nothing but a seed.
To:   DIR/captions.npz: <case>.image (images, 3, 8, 8), <case>.ids and <case>.logits of greedy captions, and the tensors
      <case>.<name>. Seeds are tried until captions differ and no choice is closer than 0.1.
Run:  python tools/make_caption_golden.py Tests/FunesConvertTests/Goldens
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn

IMAGES, WORDS, FEATURES, LONGEST, START, STOP = 3, 11, 12, 9, 1, 0


class Recurrent(nn.Module):
    """Show, attend and tell (Xu et al. 2015, arXiv:1502.03044): an LSTM with Bahdanau's attention over patches."""

    def __init__(self, hidden=14, scores=10, width=6):
        super().__init__()
        self.conv = nn.Conv2d(3, FEATURES, 2, stride=2)
        self.init_h, self.init_c = nn.Linear(FEATURES, hidden), nn.Linear(FEATURES, hidden)
        self.embed = nn.Embedding(WORDS, width)
        self.key, self.query = nn.Linear(FEATURES, scores, bias=False), nn.Linear(hidden, scores)
        self.score = nn.Linear(scores, 1, bias=False)
        self.cell = nn.LSTMCell(width + FEATURES, hidden)
        self.out = nn.Linear(hidden + FEATURES, WORDS)

    def encode(self, image):
        self.patches = self.conv(image[None]).relu().flatten(2).mT[0]
        mean = self.patches.mean(0, keepdim=True)
        self.state = self.init_h(mean).tanh(), self.init_c(mean).tanh()

    def step(self, word):
        scores = self.score((self.query(self.state[0]) + self.key(self.patches)).tanh())
        seen = (scores.softmax(0) * self.patches).sum(0, keepdim=True)
        self.state = self.cell(torch.cat([self.embed(torch.tensor([word])), seen], 1), self.state)
        return self.out(torch.cat([self.state[0], seen], 1))[0]


class Attending(nn.Module):
    """Patches with positions as the memory of an `nn.TransformerDecoder` of two layers."""

    def __init__(self, width=FEATURES):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 2, stride=2)
        self.places = nn.Parameter(torch.randn(1, 16, width))
        self.embed, self.order = nn.Embedding(WORDS, width), nn.Embedding(LONGEST, width)
        layer = nn.TransformerDecoderLayer(width, 2, 20, 0.0, "gelu", batch_first=True, norm_first=True)
        self.decoder = nn.TransformerDecoder(layer, 2, nn.LayerNorm(width))
        self.out = nn.Linear(width, WORDS)

    def encode(self, image):
        self.memory = self.conv(image[None]).flatten(2).mT + self.places
        self.words = []

    def step(self, word):
        self.words.append(word)
        count = len(self.words)
        x = self.embed(torch.tensor([self.words])) + self.order(torch.arange(count))
        mask = nn.Transformer.generate_square_subsequent_mask(count)
        return self.out(self.decoder(x, self.memory, tgt_mask=mask))[0, -1]


def caption(model, image):
    """Words until the stop, the logits of each, and how close the closest choice was."""
    model.encode(image)
    words, logits, margin, word = [], [], 9.0, START
    while len(words) < LONGEST and word != STOP:
        logits.append(model.step(word))
        best = logits[-1].topk(2)
        word, margin = best.indices[0].item(), min(margin, (best.values[0] - best.values[1]).item())
        words.append(word)
    return words, logits, margin


@torch.no_grad()
def main():
    out = {}
    for name, (kind, gain) in {"recurrent": (Recurrent, 4.0), "attending": (Attending, 2.0)}.items():
        for seed in range(100_000):
            torch.manual_seed(seed)
            model = kind().eval()
            for value in model.parameters():
                value.mul_(gain if value.dim() > 1 else 1.0)
            images = torch.randn(IMAGES, 3, 8, 8)
            made = [caption(model, image) for image in images]
            words = [word for one in made for word in one[0]]
            differ = len({tuple(one[0]) for one in made}) == IMAGES and len(set(words)) >= 4
            if differ and min(one[2] for one in made) > 0.1 and any(one[0][-1] == STOP for one in made):
                break
        print(name, "seed", seed, [one[0] for one in made])
        out[f"{name}.image"] = images
        out[f"{name}.ids"] = torch.tensor(sum([one[0] + [-1] * (LONGEST - len(one[0])) for one in made], []))
        out[f"{name}.logits"] = torch.stack(sum([one[1] for one in made], []))
        out |= {f"{name}.{key}": value for key, value in model.state_dict().items()}
    folder = pathlib.Path(sys.argv[1])
    np.savez_compressed(folder / "captions.npz", **{key: value.numpy() for key, value in out.items()})


if __name__ == "__main__":
    main()
