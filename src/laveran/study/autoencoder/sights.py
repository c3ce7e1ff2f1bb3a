"""What the page of an autoencoder shows: cells of the test patients, and pictures out of codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import CLASSES
from laveran.report.autoencoder_page import AutoencoderPage, Rebuilt, Trait, Way
from laveran.study.autoencoder.codec import Autoencoder, Codes
from laveran.study.autoencoder.loop import Pictures
from laveran.study.autoencoder.outcome import AutoencoderStudy
from laveran.study.montage import montage

REBUILT, EXTREMES, WAYS, TRAITS = 6, 6, 3, 8  # of each class, at each end, pairs, numbers
STEPS, SAMPLES, SAMPLE_COLUMNS = 8, 24, 8
REACH = 2.5  # standard deviations that a trait is followed to each side
TILE_PX = 96


def sights(study: AutoencoderStudy) -> AutoencoderPage:
    """The page's data; its cells are of patients that the autoencoder never saw."""
    sample, spec = study.sample, study.fitted.network.spec
    test = np.flatnonzero(sample.is_test)
    rng = np.random.default_rng(0)
    of_class = [rng.permutation(test[sample.labels[test] == label]) for label in (0, 1)]
    by_score = test[np.argsort(study.anomaly[test])]
    return AutoencoderPage(
        variational=spec.variational,
        latent=spec.latent,
        epochs=len(study.fitted.history),
        size_px=spec.size_px,
        uninfected_only=study.uninfected_only,
        optimistic=sample.optimistic,
        notes=sample.notes,
        figures=study.figures,
        history=study.fitted.history,
        rebuilt=_rebuilt(study, np.concatenate([places[:REBUILT] for places in of_class])),
        ways=[
            _way(study, int(start), int(end))
            for start, end in zip(of_class[0][:WAYS], of_class[1][:WAYS], strict=False)
        ],
        samples=montage(list(study.fitted.sample(SAMPLES, seed=0)), SAMPLE_COLUMNS, TILE_PX),
        traits=traits(study.fitted, study.codes[study.is_train]),
        strangest=_rebuilt(study, by_score[::-1][:EXTREMES]),
        plainest=_rebuilt(study, by_score[:EXTREMES]),
        y_true=sample.labels[test],
        anomaly=study.anomaly[test],
    )


def traits(fitted: Autoencoder, codes: Codes) -> list[Trait]:
    """The numbers of a code that vary most over `codes` [N, L], each followed through the mean."""
    middle, spread = codes.mean(0), codes.std(0)
    found = []
    for number in np.argsort(spread)[::-1][:TRAITS].tolist():
        along = np.repeat(middle[np.newaxis], STEPS, axis=0)
        along[:, number] += spread[number] * np.linspace(-REACH, REACH, STEPS, dtype=np.float32)
        strip = montage(list(fitted.decode(along)), STEPS, TILE_PX)
        found.append(Trait(number, float(spread[number]), strip))
    return found


def _rebuilt(study: AutoencoderStudy, places: NDArray[np.int64]) -> list[Rebuilt]:
    """Cells of the sample beside what comes back of them."""
    pictures, cells = study.sample.pictures[places], list(study.sample.manifest)
    answers = study.fitted.reconstruct(pictures)
    return [
        Rebuilt(
            cells[place].name,
            cells[place].patient or "",
            CLASSES[study.sample.labels[place]],
            picture,
            answer,
            float(study.anomaly[place]),
        )
        for place, picture, answer in zip(places.tolist(), pictures, answers, strict=True)
    ]


def _way(study: AutoencoderStudy, start: int, end: int) -> Way:
    """From one cell to another, through the code and through the pixels."""
    first, second = study.sample.pictures[start], study.sample.pictures[end]
    names = study.sample.manifest.names
    return Way(
        names[start],
        names[end],
        montage(list(study.fitted.interpolate(first, second, STEPS)), STEPS, TILE_PX),
        montage(list(crossfade(first, second, STEPS)), STEPS, TILE_PX),
    )


def crossfade(first: NDArray[np.uint8], second: NDArray[np.uint8], steps: int) -> Pictures:
    """The straight way between two pictures uint8 [S, S, 3], pixel by pixel: [steps, S, S, 3].

    >>> black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 200, np.uint8)
    >>> crossfade(black, white, 3)[:, 0, 0, 0].tolist()
    [0, 100, 200]
    """
    share = np.linspace(0, 1, steps)[:, np.newaxis, np.newaxis, np.newaxis]
    mixed = (1 - share) * first + share * second
    return mixed.round().astype(np.uint8)
