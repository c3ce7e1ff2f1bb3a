"""Bags of visual words: a cell is how often it shows each of a vocabulary of small looks.

Descriptors of keypoints are clustered into words, and a cell becomes the histogram of its words,
weighted as words of texts are (Sivic and Zisserman 2003, ICCV, p. 1470; Csurka et al. 2004).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.errors import DataError
from laveran.study.montage import Tile, montage
from laveran.study.representations.keypoints import Detector, Keypoints
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

WORDS = 200
READ = 600  # training cells that the words are learned from
TELLING = 6  # words of each class that are shown
LEAST_SEEN = 10  # how often a word must be met to be called telling
LOOKS = 4  # examples of a word
SHOWN_PX = 128


class VisualWords:
    """A bag of visual words over the keypoints of a detector.

    A vector is `tf * idf`: `tf` the share of the cell's keypoints that are this word, `idf` that of
    scikit-learn (smooth). A cell without any keypoint has the vector zero.

    Args:
        detector: Finds and describes keypoints; bits are clustered as numbers, where Euclid's
            squared distance is Hamming's.
        words: Size of the vocabulary, or as many descriptors as there are if that is less.
        seed: Of the cells that are read and of k-means.
        step: Told of every cell.
    """

    def __init__(
        self, detector: Detector, *, words: int = WORDS, seed: int = 0, step: Step = ignore
    ) -> None:
        self.detector, self.words, self.seed, self.step = detector, words, seed, step
        self.kmeans: Any = None
        self.weights: Any = None
        self.looks: tuple[list[Tile], list[Tile]] = ([], [])

    def fit(self, pictures: Pictures, y_true: NDArray[np.int64]) -> None:
        """Learn words and their weights from some of the training cells.

        Raises:
            DataError: If no cell has a keypoint.
        """
        from sklearn.cluster import MiniBatchKMeans
        from sklearn.feature_extraction.text import TfidfTransformer

        rng = np.random.default_rng(self.seed)
        read = rng.permutation(len(pictures))[:READ]
        found = self._found(pictures[read])
        descriptors = np.concatenate([each.descriptors for each in found])
        if not len(descriptors):
            raise DataError(f"{len(read)} cells have no keypoint to make visual words of")
        self.kmeans = MiniBatchKMeans(
            min(self.words, len(descriptors)), n_init=1, random_state=self.seed, batch_size=1024
        ).fit(descriptors)
        words = self._words(found)
        self.weights = TfidfTransformer(norm=None).fit(self._counts(words))
        self.looks = self._telling(pictures[read], found, words, y_true[read])

    def vectors(self, pictures: Pictures) -> Vectors:
        """Weighted shares of the words, float32 [N, words]."""
        counts = self._counts(self._words(self._found(pictures)))
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        return np.asarray(self.weights.transform(shares).toarray(), np.float32)

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """The cells' keypoints, and the words that tell the classes apart."""
        drawn = [_drawn(picture, self.detector(picture)) for picture in pictures]
        keypoints = Sight(
            "Keypoints: a circle is a place that the detector finds remarkable, as large as what "
            "is described of it.",
            montage(drawn, len(drawn), SHOWN_PX),
        )
        shown = [
            Sight(
                f"Words met more often in {name} training cells, {LOOKS} examples of each below "
                "one another.",
                montage(tiles, len(tiles) // LOOKS, 32),
            )
            for name, tiles in zip(("parasitized", "uninfected"), self.looks, strict=True)
            if tiles
        ]
        return (keypoints, *shown)

    def _found(self, pictures: Pictures) -> list[Keypoints]:
        """The keypoints of each cell."""
        found = []
        for done, picture in enumerate(pictures, start=1):
            found.append(self.detector(picture))
            self.step(done, len(pictures))
        return found

    def _words(self, found: list[Keypoints]) -> list[NDArray[np.int32]]:
        """The words of each cell's keypoints."""
        descriptors = np.concatenate([each.descriptors for each in found])
        words = self.kmeans.predict(descriptors) if len(descriptors) else np.zeros(0, np.int32)
        ends = np.cumsum([len(each.descriptors) for each in found])
        return np.split(words, ends[:-1])

    def _counts(self, words: list[NDArray[np.int32]]) -> NDArray[np.int64]:
        """How often each cell shows each word [N, words]."""
        return np.stack([np.bincount(own, minlength=self.kmeans.n_clusters) for own in words])

    def _telling(
        self,
        pictures: Pictures,
        found: list[Keypoints],
        words: list[NDArray[np.int32]],
        y_true: NDArray[np.int64],
    ) -> tuple[list[Tile], list[Tile]]:
        """Looks of the words that are most often parasitized, and of those most often not."""
        shows = self._counts(words) > 0
        often = np.flatnonzero(shows.sum(0) >= LEAST_SEEN)
        share = shows[y_true == 1][:, often].sum(0) / shows[:, often].sum(0)
        order = often[np.argsort(share)]
        cut: dict[int, list[Tile]] = {int(word): [] for word in order}
        for picture, each, own in zip(pictures, found, words, strict=True):
            for word, place in zip(own.tolist(), each.places, strict=True):
                if word in cut and len(cut[word]) < LOOKS:
                    cut[word].append(_around(picture, place))
        return _sheet(cut, order[::-1][:TELLING]), _sheet(cut, order[:TELLING])


def _sheet(cut: dict[int, list[Tile]], words: NDArray[np.int64]) -> list[Tile]:
    """Examples of some words, a row an example and a column a word."""
    return [cut[int(word)][row] for row in range(LOOKS) for word in words]


def _drawn(picture: NDArray[np.uint8], found: Keypoints) -> Tile:
    """The cell enlarged, with its keypoints."""
    canvas = cv2.resize(picture, (2 * SHOWN_PX, 2 * SHOWN_PX), interpolation=cv2.INTER_CUBIC)
    scale = 2 * SHOWN_PX / len(picture)
    for (x, y), size in zip(found.places, found.sizes_px, strict=True):
        centre = round(float((x + 0.5) * scale)), round(float((y + 0.5) * scale))
        radius = round(float(np.clip(size, 2, 16)) * scale / 2)
        cv2.circle(canvas, centre, radius, (255, 255, 255), 3, cv2.LINE_AA)
        cv2.circle(canvas, centre, radius, (0, 110, 60), 1, cv2.LINE_AA)
    return np.asarray(canvas, np.uint8)


def _around(picture: NDArray[np.uint8], place: NDArray[np.float32], reach_px: int = 8) -> Tile:
    """The square around a place, black beyond the picture."""
    wide = cv2.copyMakeBorder(picture, *(4 * (reach_px,)), cv2.BORDER_CONSTANT)
    left, top = np.clip(place.round().astype(int), 0, len(picture) - 1)
    return np.asarray(wide[top : top + 2 * reach_px, left : left + 2 * reach_px], np.uint8)
