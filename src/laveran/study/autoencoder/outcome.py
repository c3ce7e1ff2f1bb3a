"""What a study of an autoencoder leaves, and its figures on patients that it never saw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.metrics import Figure, measure
from laveran.report.autoencoder_page import AutoencoderFigures
from laveran.study.autoencoder.codec import Autoencoder, Codes
from laveran.study.autoencoder.loop import Pictures, measured_bound, terms
from laveran.study.foreground import masks
from laveran.study.sample import Sample

IDLE = 0.1  # a number of the code whose deviation over cells is less, of the prior's or the largest


@dataclass(frozen=True)
class AutoencoderStudy:
    """What a study leaves.

    Attributes:
        folder: Where its files are.
        fitted: The autoencoder.
        sample: The cells.
        uninfected_only: Whether it learned from uninfected cells alone.
        is_train: Whether a cell of the sample was learned from, bool [N].
        codes: Of all cells of the sample [N, L].
        anomaly: Of all cells of the sample [N], in levels of 0..255.
        figures: What was measured.
    """

    folder: Path
    fitted: Autoencoder
    sample: Sample
    uninfected_only: bool
    is_train: NDArray[np.bool_]
    codes: Codes
    anomaly: NDArray[np.float32]
    figures: AutoencoderFigures

    def to_json(self) -> dict[str, Any]:
        """Settings and figures as plain values."""
        spec = self.fitted.network.spec
        return {
            "variational": spec.variational,
            "latent": spec.latent,
            "epochs": len(self.fitted.history),
            "uninfected_only": self.uninfected_only,
            "unit": self.sample.unit,
            **asdict(self.figures),
        }


def measured(
    fitted: Autoencoder,
    sample: Sample,
    is_train: NDArray[np.bool_],
    codes: Codes,
    anomaly: NDArray[np.float32],
) -> AutoencoderFigures:
    """All figures, on the test patients."""
    test, seen = sample.is_test, sample.pictures[sample.is_test]
    told_apart = partial(_told_apart, sample.manifest.select(np.flatnonzero(test)))
    on_cells = masks(seen, shrink_px=0)
    squared = _squared_error(fitted.reconstruct(seen), seen)
    linear = _squared_error(
        _through_components(sample.pictures[is_train], seen, fitted.network.spec.latent), seen
    )
    bound = terms(measured_bound(fitted.network, seen), "test")
    return AutoencoderFigures(
        n_train=int(is_train.sum()),
        n_test=int(test.sum()),
        n_test_patients=len(set(sample.manifest.groups[test].tolist())),
        bound=bound["test_bound"],
        reconstruction=bound["test_reconstruction"],
        divergence=bound["test_divergence"],
        sigma=255 * fitted.history[-1]["sigma"],
        error=_root_mean(squared),
        error_on_cells=_root_mean(squared[on_cells]),
        pca_error=_root_mean(linear),
        pca_error_on_cells=_root_mean(linear[on_cells]),
        used=_used(codes[is_train], variational=fitted.network.spec.variational),
        anomaly_auroc=told_apart(anomaly[test]),
        bound_auroc=told_apart(fitted.negative_bound(seen)),
        seconds=sum(row["seconds"] for row in fitted.history),
    )


def _told_apart(manifest: Manifest, scores: NDArray[np.float32]) -> Figure:
    """AUROC of scores [N] of cells, which are brought to 0..1 in the same order."""
    places = np.searchsorted(np.sort(scores), scores, side="right")
    return measure("auroc", manifest.labels, places / len(scores), manifest.groups)


def _used(codes: Codes, *, variational: bool) -> int:
    """How many numbers of codes [N, L] vary (Burda et al. 2016, arXiv:1509.00519, section 5.2)."""
    spread = codes.std(0)
    return int((spread > IDLE * (1.0 if variational else spread.max())).sum())


def _squared_error(answers: NDArray[Any], pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Squared difference of levels, float32 [N, S, S, 3]."""
    apart: NDArray[np.float32] = answers.astype(np.float32) - pictures
    return apart**2


def _root_mean(squared: NDArray[np.float32]) -> float:
    return float(np.sqrt(squared.mean(dtype=np.float64)))


def _through_components(train: Pictures, test: Pictures, latent: int) -> NDArray[np.float32]:
    """Test cells [N, S, S, 3] drawn again from the principal components of training cells."""
    from sklearn.decomposition import PCA

    flat, seen = (each.reshape(len(each), -1).astype(np.float32) for each in (train, test))
    components = PCA(min(latent, *flat.shape), svd_solver="randomized", random_state=0).fit(flat)
    answers = components.inverse_transform(components.transform(seen))
    return np.asarray(answers, np.float32).reshape(test.shape)
