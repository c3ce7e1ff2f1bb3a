"""The representations of the lecture by name; each loads its libraries when it is built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from laveran.errors import ConfigError
from laveran.report.represent_chart import Kind
from laveran.study.representations.representation import Seeing, Step

ALL = "all"


@dataclass(frozen=True)
class Method:
    """One way from cells to vectors.

    Attributes:
        name: What the command calls it.
        title: What the page calls it.
        kind: Who made it: people ("handcrafted"), cells without labels ("unsupervised"), cells
            with labels ("supervised"), other pictures ("transferred").
        idea: What its vector says of a cell, in a sentence or two.
        source: Who thought of it.
        build: Makes it, of a seed and somebody to tell the progress.
    """

    name: str
    title: str
    kind: Kind
    idea: str
    source: str
    build: Callable[[int, Step], Seeing]


def chosen_methods(names: Sequence[str]) -> tuple[Method, ...]:
    """The methods of these names, in the order of the lecture and each once; "all" is all.

    Raises:
        ConfigError: If there is no such method, or none is named.

    >>> [method.name for method in chosen_methods(["pca", "sift", "pca"])]
    ['sift', 'pca']
    """
    known = {method.name: method for method in METHODS}
    for name in names:
        if name != ALL and name not in known:
            raise ConfigError(
                f"there is no representation {name!r}; choose {ALL} or some of {', '.join(known)}"
            )
    if not names:
        raise ConfigError(f"no representation is named; choose {ALL} or some of {', '.join(known)}")
    return tuple(each for name, each in known.items() if ALL in names or name in names)


def built(method: Method, seed: int, step: Step) -> Seeing:
    """The method, ready to be fitted.

    Raises:
        ConfigError: If something that it needs is not installed.
    """
    try:
        return method.build(seed, step)
    except ImportError as error:
        raise ConfigError(
            f"the representation {method.name} cannot be had ({error}); "
            "install what it needs: pip install 'laveran[study]'"
        ) from error
    except ConfigError as error:
        raise ConfigError(f"the representation {method.name} cannot be had: {error}") from error


def _sift(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.keypoints import Sift
    from laveran.study.representations.visual_words import VisualWords

    return VisualWords(Sift(), seed=seed, step=step)


def _surf(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.keypoints import Surf
    from laveran.study.representations.visual_words import VisualWords

    return VisualWords(Surf(), seed=seed, step=step)


def _fast_brief(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.keypoints import FastBrief
    from laveran.study.representations.visual_words import VisualWords

    return VisualWords(FastBrief(), seed=seed, step=step)


def _orb(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.keypoints import Orb
    from laveran.study.representations.visual_words import VisualWords

    return VisualWords(Orb(), seed=seed, step=step)


def _colour(_seed: int, step: Step) -> Seeing:
    from laveran.study.representations.colour_statistics import ColourStatistics

    return ColourStatistics(step=step)


def _texture(_seed: int, step: Step) -> Seeing:
    from laveran.study.representations.texture_statistics import TextureStatistics

    return TextureStatistics(step=step)


def _pca(seed: int, _step: Step) -> Seeing:
    from laveran.study.representations.components import Components

    return Components(seed=seed)


def _kmeans(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.kmeans_features import KmeansFeatures

    return KmeansFeatures(seed=seed, step=step)


def _dictionary(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.dictionary import Dictionary

    return Dictionary(seed=seed, step=step)


def _word2vec(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.word_vectors import WordVectors

    return WordVectors(seed=seed, step=step)


def _autoencoder(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.cell_codes import CellCodes

    return CellCodes(variational=False, seed=seed, step=step)


def _variational_autoencoder(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.cell_codes import CellCodes

    return CellCodes(variational=True, seed=seed, step=step)


def _supervised_dictionary(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.class_dictionaries import ClassDictionaries

    return ClassDictionaries(seed=seed, step=step)


def _cnn(seed: int, step: Step) -> Seeing:
    from laveran.study.representations.own_embedding import OwnEmbedding

    return OwnEmbedding(seed=seed, step=step)


def _imagenet(_seed: int, step: Step) -> Seeing:
    from laveran.study.representations.imagenet_embedding import ImagenetEmbedding

    return ImagenetEmbedding(step=step)


METHODS = (
    Method(
        "sift",
        "SIFT",
        "handcrafted",
        "How often each of 200 looks of a blob occurs. A look is gradients around the blob, turned "
        "and scaled to a standard; its colour is not known.",
        "Lowe 2004; words: Sivic and Zisserman 2003",
        _sift,
    ),
    Method(
        "surf",
        "SURF",
        "handcrafted",
        "As SIFT, with box filters in place of Gaussians and Haar wavelets in place of gradients.",
        "Bay et al. 2008",
        _surf,
    ),
    Method(
        "fast-brief",
        "FAST + BRIEF",
        "handcrafted",
        "Corners, where a ring of pixels is brighter or darker than its middle; a look is 256 "
        "comparisons of two pixels. Looks that are turned are other looks.",
        "Rosten and Drummond 2006; Calonder et al. 2010",
        _fast_brief,
    ),
    Method(
        "orb",
        "ORB",
        "handcrafted",
        "FAST in a pyramid and BRIEF turned with the corner.",
        "Rublee et al. 2011",
        _orb,
    ),
    Method(
        "colour",
        "Colour statistics",
        "handcrafted",
        "Moments of lightness and colour, and how many pixels are how far from the cell's own "
        "median; not where they are.",
        "Stricker and Orengo 1995",
        _colour,
    ),
    Method(
        "texture",
        "Texture statistics",
        "handcrafted",
        "How grey levels of neighbouring pixels go together, and which patterns of brighter and "
        "darker neighbours occur.",
        "Haralick et al. 1973; Ojala et al. 2002",
        _texture,
    ),
    Method(
        "pca",
        "PCA",
        "unsupervised",
        "How far the cell lies along the 64 directions in which small pictures of cells vary most.",
        "Turk and Pentland 1991",
        _pca,
    ),
    Method(
        "kmeans",
        "k-means features",
        "unsupervised",
        "How near the cell's patches are to each of 200 typical patches, in each quadrant.",
        "Coates, Lee and Ng 2011",
        _kmeans,
    ),
    Method(
        "dictionary",
        "Dictionary learning",
        "unsupervised",
        "How much each of 100 atoms is in the cell's patches, in each quadrant.",
        "Mairal et al. 2009; Coates and Ng 2011",
        _dictionary,
    ),
    Method(
        "word2vec",
        "word2vec over visual words",
        "unsupervised",
        "The mean of the vectors of the cell's words; words that stand in the same neighbourhoods "
        "have vectors alike.",
        "Mikolov et al. 2013",
        _word2vec,
    ),
    Method(
        "autoencoder",
        "Autoencoder",
        "unsupervised",
        "Out of which 64 numbers a network can draw the cell again.",
        "Hinton and Salakhutdinov 2006",
        _autoencoder,
    ),
    Method(
        "variational-autoencoder",
        "Variational autoencoder",
        "unsupervised",
        "The same, where the numbers of all cells together must be spread as a Gaussian.",
        "Kingma and Welling 2014",
        _variational_autoencoder,
    ),
    Method(
        "supervised-dictionary",
        "Supervised dictionary",
        "supervised",
        "How well the cell's patches are explained by atoms of uninfected cells, and by atoms of "
        "what those do not explain in parasitized ones.",
        "Mairal et al. 2008; Ramirez et al. 2010",
        _supervised_dictionary,
    ),
    Method(
        "cnn",
        "Our network's embedding",
        "supervised",
        "The average of the last maps of a convolutional network of 70,801 weights that was "
        "trained on these cells and labels from nothing.",
        "recipe “fast”",
        _cnn,
    ),
    Method(
        "imagenet",
        "ImageNet's embedding",
        "transferred",
        "The average of the last maps of a network that was trained on photographs of a thousand "
        "kinds of things, and on no cell.",
        "Tan and Le 2019, EfficientNet-Lite0",
        _imagenet,
    ),
)
