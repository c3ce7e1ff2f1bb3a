"""The exhaustive search against scikit-learn's, and its corners."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from laveran.errors import ConfigError, DataError
from laveran.study.embedding import neighbours
from laveran.study.embedding.neighbours import NOBODY, Apart, nearest

SKLEARN = {"cosine": "cosine", "euclid": "euclidean"}


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32)


@pytest.mark.parametrize("metric", SKLEARN)
@pytest.mark.parametrize("block", [1, 1000, 10**6])
def test_neighbours_and_distances_are_those_of_scikit_learn(vectors, metric, block, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    queries = np.random.default_rng(1).normal(size=(40, 7))
    oracle = NearestNeighbors(n_neighbors=9, metric=SKLEARN[metric], algorithm="brute")
    distances, indexes = oracle.fit(vectors.astype(np.float64)).kneighbors(queries)
    found = nearest(vectors, queries, 9, metric=metric)
    np.testing.assert_array_equal(found.indexes, indexes)
    np.testing.assert_allclose(found.distances, distances, atol=1e-7)


def test_an_equal_code_keeps_a_query_from_a_vector(vectors):
    patient = np.arange(300) % 5
    found = nearest(vectors, vectors, 12, apart=Apart(patient, patient))
    assert (patient[found.indexes] != patient[:, np.newaxis]).all()
    for query in (0, 123):
        allowed = np.flatnonzero(patient != patient[query])
        alone = nearest(vectors[allowed], vectors[query : query + 1], 12)
        np.testing.assert_array_equal(found.indexes[query], allowed[alone.indexes[0]])


def test_nobody_stands_where_there_are_too_few():
    line, code = np.array([[0.0], [1.0], [2.0]]), np.array([0, 0, 1])
    found = nearest(line, line, 4, metric="euclid", apart=Apart(code, code))
    assert found.indexes.tolist() == [
        [2, NOBODY, NOBODY, NOBODY],
        [2, NOBODY, NOBODY, NOBODY],
        [1, 0, NOBODY, NOBODY],
    ]
    assert np.isinf(found.distances[~found.found]).all()
    assert np.isfinite(found.distances[found.found]).all()


def test_of_equals_the_first_is_nearer():
    same = np.ones((5, 2))
    assert nearest(same, same[:1], 5, metric="euclid").indexes.tolist() == [[0, 1, 2, 3, 4]]


def test_a_copy_is_at_no_distance(vectors):
    for metric in SKLEARN:
        found = nearest(vectors, 1 * vectors[7:8], 1, metric=metric)
        assert found.indexes.tolist() == [[7]]
        assert found.distances[0, 0] < 1e-12


def test_a_vector_of_zeros_has_no_direction():
    table = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    found = nearest(table, table[:1], 3)
    np.testing.assert_allclose(found.distances, [[0, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"k": 0}, ConfigError, "0 neighbours"),
        ({"metric": "manhattan"}, ConfigError, "no metric 'manhattan'"),
        ({"queries": np.ones((2, 3))}, DataError, "tables of one width"),
        ({"vectors": np.ones((0, 7))}, DataError, "no vectors"),
        ({"queries": np.full((1, 7), np.nan)}, DataError, "no number"),
    ],
)
def test_what_has_no_neighbours_is_refused(vectors, change, error, said):
    given = {"vectors": vectors, "queries": vectors, "k": 3} | change
    with pytest.raises(error, match=said):
        nearest(**given)
