"""Two dimensions out of many."""

import numpy as np
import pytest

from laveran.errors import ConfigError, DataError
from laveran.study.embedding.projection import project


@pytest.fixture
def islands():
    """Three clusters in ten dimensions, and which of them each vector is of."""
    which = np.arange(90) % 3
    noise = np.random.default_rng(0).normal(size=(90, 10))
    return 5 * np.eye(10)[which] + 0.3 * noise, which


def test_pca_is_the_singular_value_decomposition(islands):
    vectors, _ = islands
    found = project(vectors, "pca", metric="euclid")
    left, values, _ = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found.points), np.abs(left[:, :2] * values[:2]), atol=1e-9)
    assert found.variance == pytest.approx((values[:2] ** 2).sum() / (values**2).sum())


def test_the_cosine_does_not_see_lengths(islands):
    vectors, _ = islands
    longer = vectors * np.random.default_rng(1).uniform(1, 9, (90, 1))
    there, here = project(vectors, "pca"), project(longer, "pca")
    np.testing.assert_allclose(there.points, here.points, atol=1e-9)


def test_one_dimension_is_a_line():
    found = project(np.arange(9.0).reshape(-1, 1), "pca", metric="euclid")
    assert found.points.shape == (9, 2)
    assert not found.points[:, 1].any()


@pytest.mark.slow
def test_umap_keeps_islands_together_and_a_seed_decides_it(islands):
    vectors, which = islands
    found = project(vectors, "umap", seed=4)
    assert found.variance is None
    centres = np.array([found.points[which == island].mean(axis=0) for island in range(3)])
    distance = np.linalg.norm(found.points[:, np.newaxis] - centres, axis=2)
    np.testing.assert_array_equal(distance.argmin(axis=1), which)
    np.testing.assert_array_equal(project(vectors, "umap", seed=4).points, found.points)
    assert not np.allclose(project(vectors, "umap", seed=5).points, found.points)


@pytest.mark.slow
def test_umap_of_the_fewest_cells():
    assert np.isfinite(project(np.eye(5), "umap").points).all()


def test_what_cannot_be_mapped_is_refused(islands):
    with pytest.raises(ConfigError, match="no method 'tsne'"):
        project(islands[0], "tsne")
    with pytest.raises(DataError, match="5 cells or more, not 4"):
        project(islands[0][:4], "pca")
