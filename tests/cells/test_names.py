"""Names in tables and names in archives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.cells.names import NameIndex
from laveran.errors import LabelsError

PART = st.text("abC1_. -ä", min_size=1, max_size=6).filter(lambda p: p.strip(". ") == p)
PATHS = st.lists(PART, min_size=1, max_size=3).map("/".join)
SUFFIXES = st.sampled_from([".png", ".PNG", ".jpg"])


@pytest.mark.parametrize(
    "query",
    [
        "train/Sick/a.png",
        "a.png",
        "a",
        "a.PNG",
        "Sick/a",
        "./train/Sick/a.png",
        "/home/me/train/Sick/a.png",
        "C:\\data\\train\\Sick\\a.png",
        " a.png ",
    ],
)
def test_the_same_picture_by_another_name(query):
    assert NameIndex(["train/Sick/a.png", "train/Sick/b.png"]).find(query) == "train/Sick/a.png"


@pytest.mark.parametrize("query", ["c.png", "a.jpg", "test/a.png", "train/Sick/a.png", "A.png", ""])
def test_another_picture(query):
    assert NameIndex(["train/a.png"]).find(query) is None


def test_a_dot_in_a_name_is_no_suffix():
    index = NameIndex(["photo.1.png", "photo.2.png"])
    assert index.find("photo.1") == "photo.1.png"
    assert index.find("photo") is None


def test_composed_and_decomposed_letters_are_the_same():
    assert NameIndex(["a\u0308.png"]).find("\u00e4") == "a\u0308.png"


@pytest.mark.parametrize(
    ("names", "query"),
    [
        (["Parasitized/1.png", "Uninfected/1.png"], "1.png"),
        (["1.png", "1.jpg"], "1"),
        (["1.png", "train/1.png"], "train/1"),
    ],
)
def test_a_name_that_means_two_pictures_is_refused(names, query):
    with pytest.raises(LabelsError, match="means both"):
        NameIndex(names).find(query)


def test_the_exact_name_wins():
    assert NameIndex(["train/1.png", "1.png"]).find("1.png") == "1.png"


@given(st.dictionaries(PATHS, SUFFIXES, max_size=8))
def test_every_name_finds_itself_exactly_and_never_another(paths):
    names = [path + suffix for path, suffix in paths.items()]
    index = NameIndex(names)
    for name in names:
        assert index.find(name) == name


@given(PATHS, SUFFIXES)
def test_less_of_a_single_name_still_finds_it(path, suffix):
    index = NameIndex([path + suffix])
    for shorter in (path, path.rpartition("/")[2], path.rpartition("/")[2] + suffix.swapcase()):
        assert index.find(shorter) == path + suffix
