"""What notebooks do instead of `laveran predict`: PIL, torchvision, DataLoader, eager torch.

Prints the seconds of one pass over the pictures after a first that does not count: start-up,
imports, start of the workers and warming up are left out, in favour of the notebook. So is
the question how many threads to give to torch: the better of two passes is taken.

Example: python benchmarks/notebook.py folder_of_pngs --model runs/first
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision  # type: ignore[import-untyped]
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.transforms import v2 as transforms  # type: ignore[import-untyped]

from laveran.model.runtime import load as load_model
from laveran.networks.network import load as load_network

BATCH = 64
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
RESNET_PX = 128

Transform = Callable[[Image.Image], Tensor]


@dataclass(frozen=True)
class Pictures:
    """A data set as DataLoader wants it."""

    paths: list[Path]
    transform: Transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as image:
            return self.transform(image.convert("RGB"))


def same_network(run: Path) -> tuple[nn.Module, Transform]:
    """The network of a run folder, and its input as torchvision makes it: uint8 [3, S, S]."""
    contract = load_model(run).contract
    size_px = contract.size_px
    crops = {
        "letterbox-v1": [transforms.Resize(None, max_size=size_px), transforms.CenterCrop(size_px)],
        "stretch-v1": [transforms.Resize((size_px, size_px))],
    }
    return load_network(run), transforms.Compose([*crops[contract.crop], transforms.PILToTensor()])


def resnet18() -> tuple[nn.Module, Transform]:
    """The usual fine-tuned ResNet-18; random weights are as fast as good ones."""
    network = torchvision.models.resnet18(weights=None)
    network.fc = nn.Linear(network.fc.in_features, 2)
    steps = [
        transforms.Resize((RESNET_PX, RESNET_PX)),
        transforms.ToImage(),
        transforms.ToDtype(torch.float32, scale=True),
        transforms.Normalize(**IMAGENET),
    ]
    return network.eval(), transforms.Compose(steps)


@torch.no_grad()
def score_all(network: nn.Module, loader: DataLoader[Tensor]) -> Tensor:
    """What the network says of every picture [N, ...]."""
    return torch.cat([network(pictures.float()) for pictures in loader])


def seconds(network: nn.Module, loader: DataLoader[Tensor], threads: int) -> float:
    """What one pass takes with so many threads of torch beside the loader's workers."""
    torch.set_num_threads(threads)
    started = time.perf_counter()
    score_all(network, loader)
    return time.perf_counter() - started


def main() -> None:
    """Score a folder, and again with one and with several threads; print the better seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, help="run folder; without it a ResNet-18")
    parser.add_argument("--cores", type=int, default=2)
    asked = parser.parse_args()
    network, transform = same_network(asked.model) if asked.model else resnet18()
    loader: DataLoader[Tensor] = DataLoader(
        Pictures(sorted(asked.folder.iterdir()), transform),  # type: ignore[arg-type]
        batch_size=BATCH,
        num_workers=asked.cores,
        persistent_workers=True,
    )
    score_all(network, loader)
    print(min(seconds(network, loader, threads) for threads in {1, asked.cores}))


if __name__ == "__main__":
    main()
