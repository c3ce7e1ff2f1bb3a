"""The embedding of our own network: what a network learned to see for the sake of the labels."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from laveran.networks.network import Network, build
from laveran.report.pictures import evidence_scale, with_evidence
from laveran.study.montage import montage, stretched
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore
from laveran.training.batches import Cells, score
from laveran.training.loop import Progress, fit
from laveran.training.recipe import Recipe, load_recipe
from laveran.training.train import accelerator_for

RECIPE = "fast"
LEAST_STEPS = 1000  # a recipe's epochs are meant for some ten thousand cells


class OwnEmbedding:
    """The global average of the last feature maps of the network of a recipe.

    The recipe's epochs are repeated on few cells, until there were `LEAST_STEPS` steps; no valid
    patients stop the fit, so that all training cells serve as they do for the other methods.

    Args:
        recipe: A shipped recipe's name, or a recipe; its size is that of the cells.
        least_steps: Of the optimizer.
        seed: Of the weights, the order and the augmentation.
        step: Told of every step.
    """

    def __init__(
        self,
        recipe: str | Recipe = RECIPE,
        *,
        least_steps: int = LEAST_STEPS,
        seed: int = 0,
        step: Step = ignore,
    ) -> None:
        self.recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
        self.least_steps, self.seed, self.step = least_steps, seed, step
        self.network: Network | None = None

    def fit(self, pictures: Pictures, y_true: NDArray[np.int64]) -> None:
        """Train the network on cells and labels."""
        steps = max(1, len(pictures) // self.recipe.batch_size)
        epochs = max(self.recipe.epochs, math.ceil(self.least_steps / steps))
        recipe = self.recipe.replace(size_px=pictures.shape[1], epochs=epochs)
        torch.manual_seed(self.seed)
        network = build(recipe.network, recipe.size_px)
        with TemporaryDirectory() as folder:
            fit(
                network,
                _cells(pictures, y_true),
                None,
                recipe,
                seed=self.seed,
                checkpoint=Path(folder) / "checkpoint.safetensors",
                accelerator=accelerator_for(recipe),
                report=self._report,
            )
        self.network = network.cpu().eval()

    def vectors(self, pictures: Pictures) -> Vectors:
        """Embeddings float32 [N, D]."""
        return embeddings(self._fitted(), pictures)

    @torch.no_grad()
    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """Filters of the first layer, and the evidence in some cells."""
        network = self._fitted()
        first = next(iter(network.features.parameters())).permute(0, 2, 3, 1).numpy()
        caption = "Filters of the first layer, learned from labels."
        filters = Sight(caption, montage([stretched(each) for each in first], 16, 40))
        evidence = network.read(torch.from_numpy(pictures).permute(0, 3, 1, 2).float()).evidence
        if evidence is None:
            return (filters,)
        maps = evidence.numpy()
        scale = evidence_scale(maps)
        painted = [with_evidence(*pair, scale) for pair in zip(pictures, maps, strict=True)]
        caption = (
            "Below each cell, the network's evidence: violet speaks for parasitized, orange "
            "against it. It found the parasite without being told where it is."
        )
        return (filters, Sight(caption, montage([*pictures, *painted], len(pictures), 96)))

    def _fitted(self) -> Network:
        """The network."""
        if self.network is None:
            raise RuntimeError("fit comes before vectors")
        return self.network

    def _report(self, progress: Progress) -> None:
        """Tell of a step."""
        self.step(progress.step, progress.steps)


def embeddings(network: Network, pictures: Pictures) -> Vectors:
    """The embeddings float32 [N, D] of cells uint8 [N, S, S, 3] by a network on the CPU."""
    cells = _cells(pictures, np.zeros(len(pictures), np.int64))
    return score(network, cells, torch.device("cpu")).embedding


def _cells(pictures: Pictures, y_true: NDArray[np.int64]) -> Cells:
    """All of them as the loop reads them."""
    return Cells(pictures, y_true.astype(np.float32), np.arange(len(pictures)))
