"""ImageNet's embedding: what a network sees in a cell that has only ever seen other things."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from laveran.networks.backbone import BackboneSpec
from laveran.networks.network import build, load_start
from laveran.study.montage import montage, stretched
from laveran.study.representations.own_embedding import embeddings
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

BACKBONE = BackboneSpec(name="tf_efficientnet_lite0", start="package:efficientnet-lite0")
SIZE_PX = 128
CELLS_AT_ONCE = 64


class ImagenetEmbedding:
    """The global average of the last maps of EfficientNet-Lite0 with its ImageNet weights.

    Tan and Le 2019 (arXiv:1905.11946). Nothing is trained on cells.

    Args:
        size_px: What cells are enlarged to: the weights were made for objects of 224 px.
        step: Told of every few cells.

    Raises:
        ConfigError: If the package that carries the weights is not installed.
    """

    def __init__(self, *, size_px: int = SIZE_PX, step: Step = ignore) -> None:
        self.size_px, self.step = size_px, step
        self.network = build(BACKBONE, size_px)
        load_start(self.network, BACKBONE)
        self.network.eval()

    def fit(self, _pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Nothing is learned."""

    def vectors(self, pictures: Pictures) -> Vectors:
        """Embeddings float32 [N, 1280]."""
        parts = [np.zeros((0, self.network.head.in_features), np.float32)]
        for start in range(0, len(pictures), CELLS_AT_ONCE):
            some = pictures[start : start + CELLS_AT_ONCE]
            parts.append(embeddings(self.network, _enlarged(some, self.size_px)))
            self.step(start + len(some), len(pictures))
        return np.concatenate(parts)

    @torch.no_grad()
    def sights(self, _pictures: Pictures) -> tuple[Sight, ...]:
        """Filters of the first layer."""
        first = next(iter(self.network.features.parameters())).permute(0, 2, 3, 1).numpy()
        caption = (
            "Filters of the first layer, learned from photographs of a thousand kinds of things: "
            "edges and colours are the same there as here."
        )
        return (Sight(caption, montage([stretched(each) for each in first], 16, 40)),)


def _enlarged(pictures: Pictures, size_px: int) -> Pictures:
    """Cells uint8 [n, S, S, 3] at the network's size."""
    side = (size_px, size_px)
    return np.stack([cv2.resize(each, side, interpolation=cv2.INTER_CUBIC) for each in pictures])
