"""What the usual notebook does with torch: a fine-tuned ResNet-18, and an MLP on pixels.

Resize without regard to the shape, flips, Adam with cross-entropy, a few epochs, and the weights
of the epoch with the best accuracy on the valid part. One thing is in its favour: the learning
rate falls along a cosine, which many notebooks leave out.
"""

from __future__ import annotations

import copy
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from accuracy.division import Division, write_scores
from accuracy.method import Facts, Judge, Picture, finished, in_threads
from laveran.cells.crop import stretch

BATCH = 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, R G B
RESNET, MLP = "resnet18", "mlp"
IMAGENET, RANDOM = "imagenet", "random"


@dataclass(frozen=True)
class Notebook:
    """One network and its training.

    Attributes:
        kind: `RESNET` or `MLP`.
        size_px: Side of the input.
        epochs: How many.
        learning_rate: Of Adam, at the start.
        weights: To start from: `IMAGENET`, `RANDOM`, or a file of torchvision's weights.
        seed: Decides first weights, order and flips.
    """

    kind: str
    size_px: int
    epochs: int
    learning_rate: float
    weights: str = RANDOM
    seed: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the training, wherever the weights lie."""
        if self.weights in (IMAGENET, RANDOM):
            return vars(self)
        content = Path(self.weights).read_bytes()
        return {**vars(self), "weights": f"sha256 {hashlib.sha256(content).hexdigest()}"}

    @property
    def note(self) -> str:
        """What it is, in a sentence."""
        what = {RESNET: "torchvision's ResNet-18", MLP: "512 and 128 hidden units, dropout 0.2"}
        start = {
            RANDOM: "started from random weights",
            IMAGENET: "started from torchvision's ImageNet weights",
        }
        begun = start.get(self.weights, f"started from the weights in {Path(self.weights).name}")
        return (
            f"{what[self.kind]}, {self.size_px} px, {begun}; flips, Adam at "
            f"{self.learning_rate:g} falling along a cosine, cross-entropy, {self.epochs} epochs, "
            "weights of the best valid epoch"
        )

    def build(self, *, start: bool) -> nn.Module:
        """The network with two classes; with the weights to start from if `start`."""
        torch.manual_seed(self.seed)
        if self.kind == MLP:
            return mlp(self.size_px)
        return resnet18(self.weights if start else RANDOM)


def mlp(size_px: int) -> nn.Module:
    """Pixels, two hidden layers, two classes."""
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(3 * size_px**2, 512), nn.ReLU()),
        *(nn.Linear(512, 128), nn.ReLU(), nn.Dropout(0.2)),
        nn.Linear(128, 2),
    )


def resnet18(weights: str) -> nn.Module:
    """Torchvision's network, its last layer replaced by one of two classes."""
    try:
        from torchvision import models  # type: ignore[import-untyped]
    except ImportError as error:
        raise SystemExit(
            "the ResNet-18 needs torchvision, which comes with `pip install 'laveran[train]'`"
        ) from error
    try:
        network: nn.Module = models.resnet18(weights="DEFAULT" if weights == IMAGENET else None)
    except (URLError, OSError) as error:
        raise SystemExit(
            f"torchvision cannot get its ImageNet weights ({error}); give their file by "
            "--resnet-weights FILE, or start from --resnet-weights random"
        ) from error
    if weights not in (IMAGENET, RANDOM):
        network.load_state_dict(torch.load(weights, weights_only=True))
    network.fc = nn.Linear(512, 2)
    return network


def train(
    notebook: Notebook,
    division: Division,
    pictures: dict[str, Picture],
    folder: Path,
    threads: int,
) -> Facts:
    """Train, score the test part, write both to `folder`; or read what is there already."""
    settings = {**notebook.settings, "division": division.checksum}
    kept = folder / f"{notebook.kind}.json"
    facts = finished(kept, settings)
    if facts:
        return facts
    torch.set_num_threads(threads)
    started = time.perf_counter()
    taught, valid = (_tensors(notebook, division, pictures, part) for part in ("train", "valid"))
    network, history = _fit(notebook, taught, valid)
    seconds = time.perf_counter() - started
    weights = _weights_file(folder, notebook.kind)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), weights)
    cells = [pictures[name] for name in division.part("test").names]
    probabilities = in_threads(partial(judge, notebook, network), cells, 1)
    write_scores(folder / f"{notebook.kind}.csv", division.part("test"), probabilities)
    facts = Facts(
        parameters=sum(each.numel() for each in network.parameters()),
        file_bytes=weights.stat().st_size,
        note=notebook.note,
        settings=settings,
        train_seconds=seconds,
        history=history,
    )
    facts.write(kept)
    return facts


def load(notebook: Notebook, folder: Path) -> Judge:
    """What `train` left in `folder`, to be asked."""
    network = notebook.build(start=False)
    network.load_state_dict(torch.load(_weights_file(folder, notebook.kind), weights_only=True))
    return partial(judge, notebook, network.eval())


@torch.inference_mode()
def judge(
    notebook: Notebook, network: nn.Module, pictures: Sequence[Picture]
) -> NDArray[np.float32]:
    """Probability of "parasitized" of pictures of any size [N]."""
    cells = np.stack([stretch(picture, notebook.size_px) for picture in pictures])
    answer: NDArray[np.float32] = network(_normal(torch.from_numpy(cells))).softmax(1)[:, 1].numpy()
    return answer


def _fit(
    notebook: Notebook, taught: tuple[Tensor, Tensor], valid: tuple[Tensor, Tensor]
) -> tuple[nn.Module, list[dict[str, float]]]:
    """The network as it was after the best epoch, and what each epoch gave."""
    cells, labels = taught
    network = notebook.build(start=True)
    optimizer = torch.optim.Adam(network.parameters(), notebook.learning_rate)
    steps = notebook.epochs * -(-len(cells) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    best, best_accuracy, history = copy.deepcopy(network.state_dict()), -1.0, []
    for epoch in range(1, notebook.epochs + 1):
        started = time.perf_counter()
        network.train()
        for batch in torch.split(torch.randperm(len(cells)), BATCH):
            optimizer.zero_grad()
            answers = network(_flipped(_normal(cells[batch])))
            loss = nn.functional.cross_entropy(answers, labels[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        accuracy = _accuracy(network, *valid)
        row = {"valid_accuracy": accuracy, "seconds": time.perf_counter() - started}
        history.append({"epoch": epoch, **row})
        shown = f"{notebook.kind}: epoch {epoch} of {notebook.epochs}, {row['seconds']:.0f} s, "
        print(f"{shown}valid accuracy {accuracy:.4f}", file=sys.stderr, flush=True)
        if accuracy > best_accuracy:
            best, best_accuracy = copy.deepcopy(network.state_dict()), accuracy
    network.load_state_dict(best)
    return network.eval(), history


@torch.inference_mode()
def _accuracy(network: nn.Module, cells: Tensor, labels: Tensor) -> float:
    network.eval()
    called = torch.cat([network(_normal(batch)).argmax(1) for batch in torch.split(cells, BATCH)])
    return float((called == labels).double().mean())


def _tensors(
    notebook: Notebook, division: Division, pictures: dict[str, Picture], part: str
) -> tuple[Tensor, Tensor]:
    """Cells uint8 [N, S, S, 3] and labels int64 [N] of one part."""
    cells = division.part(part)
    resized = np.stack([stretch(pictures[name], notebook.size_px) for name in cells.names])
    return torch.from_numpy(resized), torch.from_numpy(cells.labels)


def _normal(cells: Tensor) -> Tensor:
    """Cells uint8 [N, S, S, 3] as the network takes them: float [N, 3, S, S]."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (cells.permute(0, 3, 1, 2).float() / 255 - mean) / std


def _flipped(cells: Tensor) -> Tensor:
    """Each cell [N, 3, S, S] left to right, top to bottom, both or neither, at random."""
    for axis in (2, 3):
        chosen = torch.rand(len(cells), 1, 1, 1) < 0.5
        cells = torch.where(chosen, cells.flip(axis), cells)
    return cells


def _weights_file(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.pt"
