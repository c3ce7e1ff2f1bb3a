"""Splits and folds: a partition by whole patients, balanced, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.cells.manifest import Cell, Manifest
from laveran.cells.splits import PARTS, folds, split
from laveran.errors import ConfigError, SplitError


def drawn_manifest(patients, seed=0):
    """A manifest of (cells, parasitized cells) for each patient, its rows shuffled."""
    cells = [
        Cell(f"C{p}_cell_{i}.png", int(i < n_parasitized), f"C{p}", f"C{p}_{i % 5}", 9, 9, "", "z")
        for p, (n_cells, n_parasitized) in enumerate(patients)
        for i in range(n_cells)
    ]
    return Manifest(tuple(np.random.default_rng(seed).permutation(np.array(cells, object))))


def homework_shaped(seed=0):
    """68 infected patients of very unequal sizes and 22 controls of about 70 cells."""
    draw = np.random.default_rng(seed)
    n_cells = np.geomspace(30, 680, 68).round().astype(int)
    infected = [(int(n), max(1, int(n * draw.uniform(0.02, 0.9)))) for n in n_cells]
    return drawn_manifest(infected + [(int(n), 0) for n in draw.integers(65, 75, 22)], seed)


def anonymous(manifest, photo=True):
    """The same cells, of which nobody knows the patient, and perhaps not even the photo."""
    return Manifest(
        tuple(
            Cell(c.name, c.label, None, c.photo if photo else None, 9, 9, "", "z") for c in manifest
        )
    )


def counts(manifest, chosen):
    """Cells, parasitized cells and controls among the chosen cells."""
    infected = set(manifest.patients[manifest.labels == 1])
    controls = set(manifest.patients[chosen]) - infected
    return np.array([chosen.sum(), manifest.labels[chosen].sum(), len(controls)])


patients = st.lists(
    st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))),
    min_size=3,
    max_size=25,
)


@given(patients, st.integers(0, 3), st.integers(2, 6))
def test_folds_part_patients_and_miss_nothing(sizes, seed, k):
    manifest = drawn_manifest(sizes)
    infected = sum(n_parasitized > 0 for _, n_parasitized in sizes)
    if len(sizes) < k or infected < 2:
        with pytest.raises(SplitError):
            folds(manifest, k, seed=seed)
        return
    fold = folds(manifest, k, seed=seed).parts
    assert set(fold.tolist()) == set(range(k))
    assert fold.shape == (len(manifest),)
    assert_whole(manifest.patients, fold)
    for number in range(k):
        assert set(manifest.labels[fold != number].tolist()) == {0, 1}


share = st.sampled_from([0.0, 0.05, 0.25, 0.45])


@given(patients, st.integers(0, 3), share, share)
def test_split_parts_patients_and_misses_nothing(sizes, seed, valid_share, test_share):
    manifest = drawn_manifest(sizes)
    if not any(n_parasitized for _, n_parasitized in sizes):
        with pytest.raises(SplitError, match="no parasitized cell"):
            split(manifest, valid_share, test_share, seed=seed)
        return
    found = split(manifest, valid_share, test_share, seed=seed)
    asked = {"train"} | ({"valid"} if valid_share else set()) | ({"test"} if test_share else set())
    assert set(found.parts.tolist()) == asked <= set(PARTS)
    assert_whole(manifest.patients, found.parts)
    assert (found.unit, found.optimistic) == ("patient", False)


def assert_whole(groups, parts):
    """No group is in two parts."""
    assert len(set(zip(groups.tolist(), parts.tolist(), strict=True))) == len(set(groups.tolist()))


@given(st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(seed):
    manifest = drawn_manifest([(12, 5), (9, 0), (30, 20), (7, 1), (8, 0), (8, 8)])
    order = np.random.default_rng(seed).permutation(len(manifest))
    shuffled = manifest.select(order)
    assert np.array_equal(folds(shuffled, 3).parts, folds(manifest, 3).parts[order])
    assert np.array_equal(split(shuffled).parts, split(manifest).parts[order])


def test_the_seed_alone_decides():
    manifest = homework_shaped()
    assert np.array_equal(folds(manifest, 5, seed=1).parts, folds(manifest, 5, seed=1).parts)
    together = [same_part(manifest, folds(manifest, 5, seed=seed).parts) for seed in range(4)]
    # Two patients share a fold by chance one time in five, whatever another seed did to them.
    for other in together[1:]:
        assert 0.1 < other[together[0]].mean() < 0.35


def same_part(manifest, parts):
    """For each pair of patients: are they in the same part?"""
    _, first = np.unique(manifest.patients, return_index=True)
    one, other = np.triu_indices(first.size, 1)
    return parts[first][one] == parts[first][other]


@pytest.mark.parametrize("seed", range(8))
def test_folds_are_balanced(seed):
    manifest = homework_shaped(seed)
    fold = folds(manifest, 5, seed=seed).parts
    fair = counts(manifest, np.ones(len(manifest), bool)) / 5
    for number in range(5):
        n_cells, n_parasitized, n_controls = counts(manifest, fold == number)
        assert n_cells == pytest.approx(fair[0], rel=0.06)
        assert n_parasitized == pytest.approx(fair[1], rel=0.06)
        assert abs(n_controls - fair[2]) < 1  # 4 or 5 of 22


@pytest.mark.parametrize("seed", range(8))
def test_parts_are_balanced(seed):
    manifest = homework_shaped(seed)
    parts = split(manifest, 0.15, 0.2, seed=seed).parts
    every = counts(manifest, np.ones(len(manifest), bool))
    for name, share in zip(PARTS, (0.65, 0.15, 0.2), strict=True):
        n_cells, n_parasitized, n_controls = counts(manifest, parts == name)
        assert n_cells == pytest.approx(share * every[0], rel=0.08)
        assert n_parasitized == pytest.approx(share * every[1], rel=0.08)
        assert abs(n_controls - share * every[2]) < 1


def test_valid_inside_the_training_part_of_a_fold():
    manifest = homework_shaped()
    inside = manifest.select(np.flatnonzero(folds(manifest, 5).parts != 0))
    parts = split(inside, valid_share=0.15, test_share=0).parts
    assert set(parts.tolist()) == {"train", "valid"}
    assert_whole(inside.patients, parts)


def test_the_last_patients_fill_empty_parts():
    sizes = [(100, 50), (1, 0), (1, 0)]
    assert set(split(drawn_manifest(sizes), 0.01, 0.01).parts.tolist()) == set(PARTS)


def test_the_only_infected_patient_is_one_to_learn_from():
    manifest = drawn_manifest([(9, 0), (9, 4), (9, 0), (9, 0)])
    parts = split(manifest, 0.4, 0.4).parts
    assert set(parts[manifest.labels == 1]) == {"train"}


def test_without_patients_photos_are_kept_whole_and_figures_marked():
    manifest = anonymous(homework_shaped())
    found = split(manifest)
    assert (found.unit, found.optimistic) == ("photo", True)
    assert_whole(manifest.groups, found.parts)


def test_without_anything_single_cells_are_drawn_and_figures_marked():
    found = folds(anonymous(drawn_manifest([(60, 20)]), photo=False), 3)
    assert (found.unit, found.optimistic) == ("cell", True)
    assert np.bincount(found.parts).tolist() == [20, 20, 20]


@pytest.mark.parametrize("by", ["photo", "cell"])
def test_by_photo_or_cell_only_when_asked_and_marked(by):
    manifest = homework_shaped()
    found = split(manifest, by=by)
    assert (found.unit, found.optimistic) == (by, True)
    n_sides = [len(set(found.parts[manifest.patients == p])) for p in set(manifest.patients)]
    assert max(n_sides) == 3


def test_by_cell_keeps_the_classes_in_proportion():
    manifest = homework_shaped()
    found = split(manifest, 0.2, 0.2, by="cell")
    for part in PARTS:
        share = manifest.labels[found.parts == part].mean()
        assert share == pytest.approx(manifest.labels.mean(), abs=0.001)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([(9, 4), (9, 4)], "3 parts are asked for but the cells are of 2 patients"),
        ([(9, 4)], "of 1 patient;"),
        ([(9, 0), (9, 0), (9, 0)], "no parasitized cell is left"),
        ([(9, 9), (9, 9), (9, 9)], "no uninfected cell is left"),
    ],
)
def test_what_cannot_be_split_is_refused(sizes, message):
    with pytest.raises(SplitError, match=message):
        split(drawn_manifest(sizes))


def test_folds_that_take_a_class_away_are_refused():
    with pytest.raises(SplitError, match="no parasitized cell is left to learn from"):
        folds(drawn_manifest([(9, 4), (9, 0), (9, 0)]), 3)


def test_no_cells_are_refused():
    with pytest.raises(SplitError, match="of 0 cells"):
        split(Manifest(()))


@pytest.mark.parametrize(
    ("shares", "by", "message"),
    [
        ((-0.1, 0.2), "patient", "at least 0"),
        ((0.5, 0.5), "patient", "leave some cells for train"),
        ((0.2, 0.2), "slide", "cannot split by 'slide'"),
    ],
)
def test_wrong_requests_are_refused(shares, by, message):
    with pytest.raises(ConfigError, match=message):
        split(homework_shaped(), *shares, by=by)


def test_one_fold_is_refused():
    with pytest.raises(ConfigError, match="at least 2"):
        folds(homework_shaped(), 1)
