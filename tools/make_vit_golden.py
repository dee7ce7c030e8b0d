# SPDX-License-Identifier: Apache-2.0
"""Makes the goldens of small vision transformers of the vit-pytorch sort, by PyTorch.

From: a seed; and a folder that has vit_mnist_3class.pt and mnist200.npz of researchase/vit-mnist-explorations.
To:   DIR/vit.npz: <case>.image, <case>.logits and the tensors <case>.<name> of networks of random weights (one block
      without and one with a unit behind its attention, two blocks of two heads); of the checkpoint 3class.logits of 20
      digits and 3class.decisions of all 200.
Run:  python tools/make_vit_golden.py Tests/FunesConvertTests/Goldens CHECKPOINTS
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn

MEAN, DEVIATION = 0.1307, 0.3081


class Attention(nn.Module):
    def __init__(self, dim, heads, head):
        super().__init__()
        self.heads, self.scale = heads, head**-0.5
        self.to_qkv = nn.Linear(dim, 3 * heads * head, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * head, dim), nn.Dropout(0.0))

    def forward(self, x):
        q, k, v = [part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.to_qkv(x).chunk(3, -1)]
        y = (q @ k.mT * self.scale).softmax(-1) @ v
        return self.to_out(y.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Dropout(0.0), nn.Linear(hidden, dim))

    def forward(self, x):
        return self.net(x)


class PreNorm(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.norm, self.fn = nn.LayerNorm(dim), fn

    def forward(self, x):
        return self.fn(self.norm(x))


class Cut(nn.Module):
    """(b, 1, h p, w p) to (b, h w, p p)."""

    def __init__(self, patch):
        super().__init__()
        self.patch = patch

    def forward(self, x):
        return nn.functional.unfold(x, self.patch, stride=self.patch).mT


class Transformer(nn.Module):
    def __init__(self, dim, depth, heads, head, hidden):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(depth):
            attention = PreNorm(dim, Attention(dim, heads, head))
            self.layers.append(
                nn.ModuleList([attention, PreNorm(dim, FeedForward(dim, hidden))]) if hidden else attention)

    def forward(self, x):
        for layer in self.layers:
            for part in layer if isinstance(layer, nn.ModuleList) else [layer]:
                x = part(x) + x
        return x


class ViT(nn.Module):
    def __init__(self, size, patch, classes, dim, depth, heads, head, hidden):
        super().__init__()
        count = (size // patch) ** 2
        self.pos_embedding = nn.Parameter(torch.randn(1, count + 1, dim))
        self.cls_token = nn.Parameter(torch.randn(1, 1, dim))
        self.to_patch_embedding = nn.Sequential(Cut(patch), nn.Linear(patch * patch, dim))
        self.transformer = Transformer(dim, depth, heads, head, hidden)
        self.mlp_head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, classes))

    def forward(self, image):
        x = self.to_patch_embedding(image)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embedding
        return self.mlp_head(self.transformer(x)[:, 0])


CASES = {
    "attention alone": dict(size=28, patch=4, classes=3, dim=4, depth=1, heads=1, head=4, hidden=0),
    "one block": dict(size=28, patch=4, classes=3, dim=4, depth=1, heads=1, head=4, hidden=8),
    "two blocks": dict(size=12, patch=3, classes=5, dim=12, depth=2, heads=2, head=5, hidden=20),
}


@torch.no_grad()
def main():
    torch.manual_seed(23)
    torch.set_num_threads(1)
    folder, checkpoints = map(pathlib.Path, sys.argv[1:3])
    out = {}
    for name, sizes in CASES.items():
        model = ViT(**sizes).eval()
        for norm in [module for module in model.modules() if isinstance(module, nn.LayerNorm)]:
            norm.weight.add_(0.2 * torch.randn_like(norm.weight))
            norm.bias.add_(0.2 * torch.randn_like(norm.bias))
        image = torch.randn(3, 1, sizes["size"], sizes["size"])
        out[f"{name}.image"], out[f"{name}.logits"] = image, model(image)
        print(name, sum(value.numel() for value in model.parameters()), "parameters")
        for key, value in model.state_dict().items():
            out[f"{name}.{key}"] = value
    digits = np.load(checkpoints / "mnist200.npz")
    image = (torch.tensor(digits["x_raw"]) / 255 - MEAN) / DEVIATION
    for name, sizes in {
        "vit_mnist_gpu": dict(patch=4, classes=10, depth=6, head=64), "vit_mnist_3class": dict(patch=7, classes=3, depth=4, head=16)
    }.items():
        model = ViT(size=28, dim=64, heads=4, hidden=128, **sizes).eval()
        model.load_state_dict(torch.load(checkpoints / f"{name}.pt", weights_only=True, map_location="cpu"))
        logits = model(image)
        if name == "vit_mnist_gpu":
            # The original's own logits: this file's classes are its classes.
            assert abs(logits.numpy() - digits["logits"]).max() < 1e-5
        else:
            known = digits["labels"] < 3
            print(name, "right:", (logits.argmax(1).numpy() == digits["labels"])[known].mean())
            out["3class.logits"], out["3class.decisions"] = logits[:20], logits.argmax(1).to(torch.uint8)
    np.savez_compressed(folder / "vit.npz", **{key: value.numpy() for key, value in out.items()})


if __name__ == "__main__":
    main()
