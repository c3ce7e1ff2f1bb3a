"""word2vec over visual words: words that stand in the same neighbourhoods become alike.

A word is the nearest of K centres of whitened patches; a sentence is a patch's word with those of
the eight patches around it. Word vectors are learned by skip-grams with negative sampling (Mikolov
et al. 2013, NeurIPS, p. 3111), and a cell is the mean of its words' vectors, weighted by tf-idf.
"""

from __future__ import annotations

import logging
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.study.foreground import inside
from laveran.study.montage import montage
from laveran.study.representations.patches import (
    NUMBERS,
    SIDE_PX,
    Grid,
    Whitening,
    drawn_patches,
    grids,
)
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

WORDS = 300
NUMBERS_A_WORD = 64
READ = 600  # training cells whose neighbourhoods are read
ROUNDS = 3  # over the sentences
STRIDE_PX = 4  # half of a patch
OUTSIDE = -1


class WordVectors:
    """The mean word vector of a cell.

    Args:
        words: Size of the vocabulary, or as many as there are patches.
        numbers: Dimension of a word's vector.
        seed: Of the patches, k-means and word2vec.
        step: Told of every few cells.
    """

    def __init__(
        self,
        *,
        words: int = WORDS,
        numbers: int = NUMBERS_A_WORD,
        seed: int = 0,
        step: Step = ignore,
    ) -> None:
        import gensim  # noqa: F401, a missing library is told before any work

        self.words, self.numbers, self.seed, self.step = words, numbers, seed, step
        self.whitening: Any = None
        self.kmeans: Any = None
        self.idf: Any = None
        self.table: Any = None

    def fit(self, pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Learn words and their vectors; labels are not looked at."""
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.feature_extraction.text import TfidfTransformer

        read = pictures[np.random.default_rng(self.seed).permutation(len(pictures))[:READ]]
        patches = drawn_patches(read, seed=self.seed)
        self.whitening = Whitening.of(patches)
        self.kmeans = MiniBatchKMeans(
            min(self.words, len(patches)), n_init=1, random_state=self.seed, batch_size=2048
        ).fit(self.whitening(patches))
        pages = self._pages(read)
        self.idf = TfidfTransformer(norm=None).fit(self._counts(pages)).idf_
        self.table = self._learned([line for page in pages for line in sentences(page)])

    def vectors(self, pictures: Pictures) -> Vectors:
        """Weighted means of words' vectors, float32 [N, numbers]; zeros for a black picture."""
        weights = self._counts(self._pages(pictures)) * self.idf
        shares = weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
        return np.asarray(shares @ self.table, np.float32)

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """Each place of a cell in the colour of its word's vector."""
        from sklearn.decomposition import PCA

        place = PCA(3).fit_transform(self.table)  # [words, 3]
        low, high = np.percentile(place, (2, 98), axis=0)
        colours = np.clip(255 * (place - low) / (high - low), 0, 255).astype(np.uint8)
        tiles = list(pictures)
        for picture, page in zip(pictures, self._pages(pictures), strict=True):
            painted = colours[page] * (page != OUTSIDE)[..., np.newaxis]
            tiles.append(_over(painted, picture))
        caption = (
            "Below each cell, its words, in colours that are alike where their vectors are: the "
            "first three principal components as red, green and blue."
        )
        return (Sight(caption, montage(tiles, len(pictures), 96)),)

    def _pages(self, pictures: Pictures) -> list[NDArray[np.int64]]:
        """The word at each place of each cell [r, c]; `OUTSIDE` where there is no cell."""
        return [
            page for grid in grids(pictures, STRIDE_PX, self.step) for page in self._words(grid)
        ]

    def _words(self, grid: Grid) -> NDArray[np.int64]:
        """The words of some cells [n, r, c]."""
        whitened = self.whitening(grid.patches.reshape(-1, NUMBERS))
        words = self.kmeans.predict(whitened).astype(np.int64).reshape(grid.inside.shape)
        return np.where(grid.inside, words, OUTSIDE)

    def _counts(self, pages: list[NDArray[np.int64]]) -> NDArray[np.float64]:
        """How often each cell shows each word [N, words]."""
        size = self.kmeans.n_clusters
        return np.stack(
            [np.bincount(page[page != OUTSIDE], minlength=size).astype(float) for page in pages]
        )

    def _learned(self, lines: list[list[int]]) -> NDArray[np.float32]:
        """The vector of each word [words, numbers]; zeros for a word in no sentence."""
        from gensim.models import Word2Vec

        logging.getLogger("gensim").setLevel(logging.ERROR)  # small texts are no worry of ours
        model = Word2Vec(
            lines,
            vector_size=self.numbers,
            window=9,
            min_count=1,
            sg=1,
            epochs=ROUNDS,
            workers=1,  # several would make it depend on chance
            seed=self.seed + 1,
        )
        table = np.zeros((self.kmeans.n_clusters, self.numbers), np.float32)
        for word in model.wv.index_to_key:
            table[word] = model.wv[word]
        return table


def sentences(page: NDArray[np.int64]) -> list[list[int]]:
    """The words [r, c] of every neighbourhood of three by three that has at least two.

    >>> sentences(np.array([[3, OUTSIDE], [5, 3]]))
    [[3, 5, 3], [3, 5, 3], [3, 5, 3]]
    """
    rows, columns = page.shape
    wide = np.pad(page, 1, constant_values=OUTSIDE)
    around = np.lib.stride_tricks.sliding_window_view(wide, (3, 3)).reshape(rows, columns, 9)
    lines = [near[near != OUTSIDE].tolist() for near in around[page != OUTSIDE]]
    return [line for line in lines if len(line) > 1]


def _over(painted: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours of the grid [r, c, 3] where they lie in the picture uint8 [S, S, 3]."""
    rows, columns = painted.shape[:2]
    canvas = np.zeros_like(picture)
    rim = (SIDE_PX - STRIDE_PX) // 2
    large = cv2.resize(
        painted, (STRIDE_PX * columns, STRIDE_PX * rows), interpolation=cv2.INTER_NEAREST
    )[: len(picture) - rim, : len(picture) - rim]
    canvas[rim : rim + len(large), rim : rim + large.shape[1]] = large
    return np.where(inside(picture)[..., np.newaxis], canvas, 0).astype(np.uint8)
