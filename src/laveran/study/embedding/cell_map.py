"""`laveran study map`: cells in two dimensions, and what near cells have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.manifest import CLASSES
from laveran.model.prediction import Watch
from laveran.report.formats import number, share
from laveran.report.map_colours import colourings
from laveran.report.map_page import MapPage, PurityRow, PurityTable, render
from laveran.study.embedding.embedded_cells import MODEL, Embedded, embed_cells
from laveran.study.embedding.neighbourhood import (
    NEIGHBOURS,
    SAME_LABEL,
    SAME_LABEL_ELSEWHERE,
    SAME_PATIENT,
    Kept,
    Purity,
    kept,
    purities,
)
from laveran.study.embedding.neighbours import Apart, Metric, Neighbours, nearest
from laveran.study.embedding.projection import Method, Projection, project
from laveran.study.sample import CELLS

ALL = "all cells"
UNSEEN = "cells that the embedding did not learn from"
_WAYS = {
    "umap": "UMAP, which keeps near cells near; how far apart islands lie, and how large they are, "
    "means little",
    "pca": "the two directions of the greatest variance, {variance} of all: a straight look from "
    "one side, so cells that lie behind each other look near",
}


@dataclass(frozen=True)
class EmbeddingMap:
    """Cells, where they lie on the map, and what their neighbourhoods say.

    Attributes:
        embedded: The cells and their vectors.
        method: How the map was made.
        metric: What is near.
        projection: Where the cells lie.
        near: The nearest cells of each, in the embedding.
        kept: How well the map keeps neighbourhoods.
        purities: What neighbours share, by the cells that were asked: all, and, where the
            embedding learned from some, the others alone.
    """

    embedded: Embedded
    method: Method
    metric: Metric
    projection: Projection
    near: Neighbours
    kept: Kept
    purities: dict[str, tuple[Purity, ...]]

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        learned = self.embedded.learned
        return {
            "n_cells": len(self.embedded.manifest),
            "embedding": self.embedded.name,
            "dimension": self.embedded.vectors.shape[1],
            "metric": self.metric,
            "method": self.method,
            "variance": self.projection.variance,
            "neighbours": self.near.indexes.shape[1],
            "learned_from": None if learned is None else int(learned.sum()),
            "map": asdict(self.kept),
            "neighbourhoods": {
                of: [purity.to_json() for purity in found] for of, found in self.purities.items()
            },
            "notes": list(self.embedded.notes),
        }


def map_cells(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str | None = None,
    model: Path | str | None = None,
    embedding: str = MODEL,
    method: Method = "umap",
    metric: Metric = "cosine",
    cells: int | None = CELLS,
    patients: Sequence[Path | str] = (),
    seed: int = 0,
    watch: Watch | None = None,
) -> EmbeddingMap:
    """Lay the embeddings of cells out in the plane, and write the page.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of labels; None where folders are the classes, or nothing tells them.
        out: The page to write; None for none.
        model: Run folder or model file; None for the shipped model.
        embedding: "model", or a method of `laveran study represent`.
        method: "umap" or "pca".
        metric: "cosine" or "euclid".
        cells: How many cells to draw; None takes all.
        patients: Tables of patients.
        seed: Of the draw, the method, the map and the resampling.
        watch: Called with (stage, done, total, {}).

    Raises:
        DataError: If the data cannot be used, or are too few.
        ModelError: If the model cannot be used.
        ConfigError: If there is no such embedding, method or metric.
        OutputError: If the page cannot be written.
    """
    embedded = embed_cells(
        data,
        labels,
        model=model,
        embedding=embedding,
        cells=cells,
        patients=patients,
        seed=seed,
        watch=watch,
    )
    say = watch or (lambda _stage, _done, _total, _figures: None)
    say(f"lay out by {method}", 0, 1, {})
    projection = project(embedded.vectors, method, metric=metric, seed=seed)
    say(f"lay out by {method}", 1, 1, {})
    say("find neighbours", 0, 1, {})
    number_of = np.arange(len(embedded.manifest))
    found = EmbeddingMap(
        embedded,
        method,
        metric,
        projection,
        nearest(
            embedded.vectors,
            embedded.vectors,
            min(NEIGHBOURS, len(number_of) - 1),
            metric=metric,
            apart=Apart(number_of, number_of),
        ),
        kept(embedded.vectors, projection.points, metric=metric, seed=seed),
        {
            of: purities(
                embedded.vectors[index],
                embedded.manifest.select(index),
                metric=metric,
                seed=seed,
            )
            for of, index in _asked(embedded.learned, number_of).items()
        },
    )
    say("find neighbours", 1, 1, {})
    if out:
        files.write_text(out, render(_page(found, Path(data).name)))
    return found


def verdict(found: Sequence[Purity]) -> str:
    """What neighbourhoods say of an embedding, in words."""
    by_name = {purity.what: purity for purity in found}
    disease, film = by_name.get(SAME_LABEL_ELSEWHERE), by_name.get(SAME_PATIENT)
    label = by_name.get(SAME_LABEL)
    if disease and film and disease.beyond_chance is not None and film.beyond_chance is not None:
        more = disease.beyond_chance > film.beyond_chance
        return (
            f"Of a cell's nearest cells of other patients {share(disease.share.value)} have its "
            f"label (by chance {share(disease.chance)}); of all its nearest cells "
            f"{share(film.share.value)} are of its own patient (by chance {share(film.chance)}). "
            f"So the embedding groups by the {'disease' if more else 'patient'} more than by the "
            f"{'patient, that is by film and stain' if more else 'disease'}: it is "
            f"{share(disease.beyond_chance)} of the way from chance to all by the label, "
            f"{share(film.beyond_chance)} by the patient."
        )
    if label:
        return (
            f"Of a cell's nearest cells {share(label.share.value)} have its label (by chance "
            f"{share(label.chance)}). Patients are not known, so nobody can tell how much of this "
            "is one film's stain."
        )
    if film:
        return (
            f"Of a cell's nearest cells {share(film.share.value)} are of its own patient (by "
            f"chance {share(film.chance)}). Without labels nothing can be said of the disease."
        )
    return "Neither labels nor patients are known, so nothing can be said of what near cells share."


def _asked(
    learned: NDArray[np.bool_] | None, everything: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """The cells that figures are about: all, and those not learned from where only some were."""
    if learned is None or learned.all() or not learned.any():
        return {ALL: everything}
    return {UNSEEN: everything[~learned], ALL: everything}


def _page(found: EmbeddingMap, data: str) -> MapPage:
    """The map as its page shows it."""
    embedded = found.embedded
    manifest, answer, contract = embedded.manifest, embedded.answer, embedded.model.contract
    gate = contract.gate.threshold if contract.gate else None
    own = "the model's own embedding" if embedded.name == MODEL else f"{embedded.name} features"
    way = _WAYS[found.method].format(variance=share(found.projection.variance))
    patients = manifest.patients.tolist()
    return MapPage(
        data=data,
        lead=f"Each point is a cell. Near points are cells that look alike to {own} "
        f"({embedded.vectors.shape[1]} numbers a cell). The map itself is told no label. It is "
        f"laid out by {way}.",
        verdict=verdict(next(iter(found.purities.values()))),
        notes=embedded.notes,
        points=found.projection.points,
        pictures=embedded.pictures,
        names=manifest.names,
        patients=patients,
        labels=["" if cell.label is None else CLASSES[cell.label] for cell in manifest],
        probability=answer.probability,
        outlier=answer.outlier,
        neighbours=found.near.indexes,
        distances=found.near.distances,
        colourings=colourings(
            manifest.labels, patients, answer.probability, embedded.called, answer.outlier, gate
        ),
        purities=[
            PurityTable(
                of, [PurityRow(row.what, row.share, row.chance, row.beyond_chance) for row in rows]
            )
            for of, rows in found.purities.items()
        ],
        facts=_facts(found),
    )


def _facts(found: EmbeddingMap) -> dict[str, str | int]:
    """How the map was made, in rows."""
    embedded = found.embedded
    training = embedded.model.contract.training
    return {
        "Cells": len(embedded.manifest),
        "Patients": len(set(embedded.manifest.patients.tolist()) - {""}),
        "Embedding": f"{embedded.name}, {embedded.vectors.shape[1]} dimensions, {found.metric}",
        "Model": f"{embedded.model.contract.network}, recipe {training.recipe}",
        "Mistakes": "false positives and negatives at the model's operating point "
        f"“{embedded.model.default_point}”, against the labels as published",
        "Neighbours": "exact: every distance is measured",
        "Trustworthiness of the map": f"{number(found.kept.trustworthiness)}: 1 where every "
        f"neighbour on the map is one in the embedding, 0.5 for a map drawn blindly (Venna and "
        f"Kaski 2001), on {found.kept.n_cells:,} cells",
        "Neighbours kept": f"{share(found.kept.shared)} of a cell's nearest in the embedding are "
        "among its nearest on the map",
    }
