"""What neighbours share: told on clusters whose make is known."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from laveran.cells.manifest import Cell, Manifest
from laveran.study.embedding import neighbourhood
from laveran.study.embedding.neighbourhood import (
    SAME_LABEL,
    SAME_LABEL_ELSEWHERE,
    SAME_PATIENT,
    kept,
    purities,
)

PATIENTS, EACH = 6, 20


def manifest(labels, patients):
    return Manifest(
        tuple(
            Cell(f"{i}.png", label, patient, None, 9, 9, f"{i}", "cells.zip")
            for i, (label, patient) in enumerate(zip(labels, patients, strict=True))
        )
    )


@pytest.fixture
def cells():
    """Patients of both labels, in unequal shares."""
    number = np.repeat(np.arange(PATIENTS), EACH)
    labels = [int(i % EACH < 4 + 2 * patient) for i, patient in enumerate(number)]
    return manifest(labels, [f"P{patient}" for patient in number])


def clustered(code, spread=0.01):
    """Vectors of a cluster for each code."""
    code = np.unique(code, return_inverse=True)[1]
    noise = np.random.default_rng(0).normal(size=(len(code), 8))
    return np.eye(8)[code] + spread * noise


def by_name(found):
    return {purity.what: purity for purity in found}


def test_clusters_by_label_share_the_label_and_no_patient(cells):
    found = by_name(purities(clustered(cells.labels), cells, k=5))
    assert found[SAME_LABEL].share.value == 1
    assert found[SAME_LABEL_ELSEWHERE].share.value == 1
    assert found[SAME_LABEL].beyond_chance == 1
    assert abs(found[SAME_PATIENT].beyond_chance) < 0.15


def test_clusters_by_patient_share_the_patient_and_say_nothing_of_the_disease(cells):
    found = by_name(purities(clustered(cells.patients), cells, k=5))
    assert found[SAME_PATIENT].share.value == 1
    assert abs(found[SAME_LABEL_ELSEWHERE].beyond_chance) < 0.2


def test_shares_and_chances_are_those_of_counting_one_by_one(cells):
    vectors = np.random.default_rng(3).normal(size=(len(cells), 4))
    found = by_name(purities(vectors, cells, k=7, metric="euclid"))
    labels, patients, n = cells.labels, cells.patients, len(cells)
    distance = np.linalg.norm(vectors[:, np.newaxis] - vectors, axis=2)
    for what, same, allowed in (
        (SAME_LABEL, labels, ~np.eye(n, dtype=bool)),
        (SAME_LABEL_ELSEWHERE, labels, patients[:, np.newaxis] != patients),
        (SAME_PATIENT, patients, ~np.eye(n, dtype=bool)),
    ):
        shares, chances = [], []
        for i in range(n):
            others = np.flatnonzero(allowed[i])
            near = others[np.argsort(distance[i, others])[:7]]
            shares.append((same[near] == same[i]).mean())
            chances.append((same[others] == same[i]).mean())
        assert found[what].share.value == pytest.approx(np.mean(shares))
        assert found[what].chance == pytest.approx(np.mean(chances))
        assert found[what].share.low <= found[what].share.value <= found[what].share.high


def test_without_labels_or_patients_what_needs_them_is_left_out(cells):
    vectors = clustered(cells.patients)
    unlabelled = manifest([None] * len(cells), cells.patients)
    assert list(by_name(purities(vectors, unlabelled))) == [SAME_PATIENT]
    nobody = manifest(cells.labels, [None] * len(cells))
    assert list(by_name(purities(vectors, nobody))) == [SAME_LABEL]
    assert purities(vectors, manifest([None] * len(cells), [None] * len(cells))) == ()


def test_a_purity_as_plain_values(cells):
    found = purities(clustered(cells.labels), cells, k=5)[0].to_json()
    assert found["what"] == SAME_LABEL
    assert found["share"]["value"] == found["beyond_chance"] == 1


def test_a_map_is_trusted_as_scikit_learn_says():
    vectors = np.random.default_rng(5).normal(size=(90, 6))
    found = kept(vectors, vectors[:, :2], k=8, metric="euclid")
    assert found.trustworthiness == pytest.approx(
        trustworthiness(vectors, vectors[:, :2], n_neighbors=8)
    )
    blind = kept(vectors, np.random.default_rng(6).normal(size=(90, 2)), k=8, metric="euclid")
    assert blind.trustworthiness == pytest.approx(0.5, abs=0.08)
    assert blind.shared == pytest.approx(8 / 89, abs=0.05)
    assert blind.shared < found.shared < 1


def test_of_many_cells_some_are_compared(monkeypatch):
    monkeypatch.setattr(neighbourhood, "MOST_COMPARED", 40)
    line = np.arange(100.0).reshape(-1, 1)
    found = kept(line, np.hstack([line, line]), k=4, metric="euclid")
    assert (found.n_cells, found.trustworthiness, found.shared) == (40, 1, 1)
