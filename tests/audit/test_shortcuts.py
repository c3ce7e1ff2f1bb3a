"""The shortcut probe finds what is there, patients disjoint, and nothing else."""

import sys

import numpy as np
import pytest

from laveran.audit.glimpse import Glimpse
from laveran.audit.shortcuts import EVERYTHING, FEATURES, features, probe_shortcuts
from laveran.cells.manifest import Cell, Manifest
from laveran.errors import ConfigError, SplitError

N = 400


def cells(width_of, *, labels=None, n_patients=20, seed=0):
    """Cells whose width depends on their label or patient by `width_of`, and blank glimpses."""
    draw = np.random.default_rng(seed)
    patients = np.arange(N) % n_patients
    labels = draw.integers(0, 2, N) if labels is None else labels
    manifest = Manifest(
        tuple(
            Cell(f"{i}.png", int(labels[i]), f"P{p}", None, int(width_of(labels[i], p)), 50, "", "")
            for i, p in enumerate(patients)
        )
    )
    blank = np.zeros((32, 32), np.uint8)
    noise = draw.uniform(0, 255, (N, 3))
    return manifest, [Glimpse(blank, 1000, tuple(colour)) for colour in noise.tolist()]


def test_a_size_that_tells_the_label_is_found_in_size_alone():
    found = {p.features: p for p in probe_shortcuts(*cells(lambda label, _: 50 + 20 * label))}
    assert list(found) == list(FEATURES)
    assert found["width and height"].accuracy.value == 1
    assert found[EVERYTHING].auroc.value > 0.99
    assert found["mask area"].auroc.value == 0.5
    assert found["mean colour"].auroc.low < 0.5 < found["mean colour"].auroc.high


def test_what_tells_only_the_patient_is_of_no_use_on_other_patients():
    labels = (np.arange(N) % 20) % 2  # every patient has cells of one class
    widths = np.random.default_rng(1).permutation(20) * 10
    probes = probe_shortcuts(*cells(lambda _, patient: 40 + widths[patient], labels=labels))
    (size,) = (probe for probe in probes if probe.features == "width and height")
    assert size.accuracy.value < 0.8


def test_cells_without_a_label_are_left_out():
    manifest, seen = cells(lambda label, _: 50 + 20 * label)
    unknown = Cell("x.png", None, "P1", None, 1, 1, "", "")
    more = Manifest((unknown, *manifest.cells))
    assert probe_shortcuts(more, [seen[0], *seen]) == probe_shortcuts(manifest, seen)


def test_the_features_are_those_named():
    manifest, _ = cells(lambda *_: 7)
    seen = Glimpse(np.zeros((32, 32), np.uint8), 9, (1.0, 2.0, 3.0))
    assert features(manifest[:1], [seen]).tolist() == [[7, 50, 9, 1, 2, 3]]


def test_one_class_or_few_patients_cannot_be_probed():
    with pytest.raises(SplitError, match="between two classes"):
        probe_shortcuts(*cells(lambda *_: 50, labels=np.zeros(N, int)))
    with pytest.raises(SplitError, match="5 parts are asked for"):
        probe_shortcuts(*cells(lambda *_: 50, n_patients=3))


def test_without_scikit_learn_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ConfigError, match=r"needs scikit-learn.*pip install 'laveran\[train\]'"):
        probe_shortcuts(*cells(lambda *_: 50))
