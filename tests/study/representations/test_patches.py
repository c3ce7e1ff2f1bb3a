"""Patches and what is learned from them, against plain loops and other libraries."""

import numpy as np
import pytest
from mahotas.features import lbp
from skimage.feature import graycomatrix, graycoprops
from sklearn.decomposition import sparse_encode

from laveran.study.foreground import inside
from laveran.study.representations.class_dictionaries import pursued
from laveran.study.representations.kmeans_features import triangle
from laveran.study.representations.patches import (
    NUMBERS,
    SIDE_PX,
    STRIDE_PX,
    Whitening,
    drawn_patches,
    grids,
    normalised,
    pooled,
)
from laveran.study.representations.texture_statistics import LEVELS, TextureStatistics, _codes


@pytest.fixture(scope="module")
def pictures():
    """Noise, lit but for the corners."""
    drawn = np.random.default_rng(0).integers(40, 255, (35, 20, 20, 3), dtype=np.uint8)
    drawn[:, :6, :6] = 0
    drawn[1] = 0
    return drawn


def test_a_grid_holds_every_window_in_order(pictures):
    found = list(grids(pictures))
    assert [len(grid.patches) for grid in found] == [32, 3]
    patches = np.concatenate([grid.patches for grid in found])
    assert patches.shape == (35, 7, 7, NUMBERS)
    for cell, row, column in ((0, 0, 0), (3, 2, 5), (34, 6, 6)):
        top, left = STRIDE_PX * row, STRIDE_PX * column
        window = pictures[cell, top : top + SIDE_PX, left : left + SIDE_PX]
        np.testing.assert_array_equal(patches[cell, row, column], window.ravel())
        centre = inside(pictures[cell])[top + SIDE_PX // 2, left + SIDE_PX // 2]
        assert found[cell // 32].inside[cell % 32, row, column] == centre


def test_drawn_patches_are_of_the_insides_in_equal_numbers(pictures):
    found = drawn_patches(pictures[:3], 30, seed=1)
    assert found.shape == (20, NUMBERS)  # ten of each cell, none of the black one
    grid = next(grids(pictures[:3], stride_px=1))
    for number, cell in ((0, 0), (10, 2)):
        known = {each.tobytes() for each in grid.patches[cell][grid.inside[cell]]}
        assert {each.tobytes() for each in found[number : number + 10]} <= known
    np.testing.assert_array_equal(drawn_patches(pictures[:3], 30, seed=1), found)


def test_pooling_is_the_mean_over_each_quadrant_of_what_is_inside(pictures):
    vectors = pooled(pictures, lambda patches: patches[:, :2])
    assert vectors.shape == (35, 8)
    assert not vectors[1].any()  # all black
    grid = next(grids(pictures))
    top_right = [
        grid.patches[0, row, column, :2]
        for row in range(4)
        for column in range(4, 7)
        if grid.inside[0, row, column]
    ]
    np.testing.assert_allclose(vectors[0, 2:4], np.mean(top_right, axis=0), rtol=1e-5)


def test_whitened_patches_vary_alike_in_every_direction():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(4000, NUMBERS)) @ rng.normal(size=(NUMBERS, NUMBERS)) * 20
    patches = mixed.astype(np.float32)
    whitening = Whitening.of(patches)
    before = np.linalg.eigvalsh(np.cov(normalised(patches), rowvar=False))
    after = np.linalg.eigvalsh(np.cov(whitening(patches), rowvar=False))
    np.testing.assert_allclose(after, np.sort(before / (before + 0.1)), atol=1e-3)


def test_the_triangle_is_what_the_paper_says():
    rng = np.random.default_rng(2)
    patches, centres = (rng.normal(size=(n, 5)).astype(np.float32) for n in (6, 4))
    apart = np.array([[np.linalg.norm(p - c) for c in centres] for p in patches])
    expected = np.maximum(apart.mean(1, keepdims=True) - apart, 0)
    np.testing.assert_allclose(triangle(patches, centres), expected, atol=1e-4)


def test_matching_pursuit_is_orthogonal_where_atoms_are():
    rng = np.random.default_rng(3)
    atoms, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    patches = rng.normal(size=(20, 8))
    codes, left = pursued(patches, atoms[:6], active=3)
    expected = sparse_encode(patches, atoms[:6], algorithm="omp", n_nonzero_coefs=3)
    np.testing.assert_allclose(codes, expected, atol=1e-9)
    np.testing.assert_allclose(left, np.linalg.norm(patches - codes @ atoms[:6], axis=1))


def test_patterns_are_counted_as_mahotas_counts_them(pictures):
    green = np.ascontiguousarray(pictures[0, ..., 1])
    for radius in (1, 2):
        ours = np.bincount(_codes(green, radius, 8).ravel(), minlength=36)
        np.testing.assert_array_equal(ours, lbp(green, radius, 8, ignore_zeros=False))


def test_contrast_of_neighbours_is_that_of_another_library():
    picture = np.random.default_rng(4).integers(40, 255, (20, 20, 3), dtype=np.uint8)
    vector = TextureStatistics().vectors(picture[np.newaxis])[0]
    levels = 1 + picture[..., 1] // (256 // LEVELS)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    pairs = graycomatrix(levels, [1], angles, levels=LEVELS + 1, symmetric=True, normed=True)
    assert vector[1] == pytest.approx(graycoprops(pairs, "contrast").mean(), rel=1e-4)
