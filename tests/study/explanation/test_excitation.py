"""What excites a unit: a picture that was found, and the cells that come nearest."""

import numpy as np
import pytest
import torch

from laveran.errors import ConfigError
from laveran.networks.network import build
from laveran.networks.stack import plain
from laveran.study.explanation.excitation import (
    Unit,
    as_cells,
    exciting_picture,
    loudest_unit,
    most_exciting,
    parse_unit,
    unit_map,
)

SIZE_PX = 16


@pytest.fixture(scope="module")
def member():
    torch.manual_seed(8)
    return build(plain((4, 8), per_stage=1), SIZE_PX).eval()


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(9).integers(0, 256, (70, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)


def test_the_picture_found_excites_more_than_any_of_many(member, pictures):
    unit = Unit("2.2", 3)
    middle = unit_map(member, as_cells(pictures), unit)[:, 2, 2].max()
    found = exciting_picture(member, unit, SIZE_PX, steps=60)
    assert (found.shape, found.dtype) == ((SIZE_PX, SIZE_PX, 3), np.uint8)
    assert unit_map(member, as_cells(found[np.newaxis]), unit)[0, 2, 2] > 1.3 * middle


def test_a_unit_that_is_silent_at_first_is_excited_all_the_same(member):
    """Behind a ReLU there is no slope; the way up starts before it."""
    torch.manual_seed(0)
    silent = build(plain((4,), per_stage=1), SIZE_PX).eval()
    silent.features[0][1].bias.data.fill_(-1.0)
    unit = Unit("0.2", 0)
    grey = as_cells(np.full((1, SIZE_PX, SIZE_PX, 3), 128, np.uint8))
    assert unit_map(silent, grey, unit)[0, 3:5, 3:5].max() == 0
    found = exciting_picture(silent, unit, SIZE_PX, steps=40)
    assert unit_map(silent, as_cells(found[np.newaxis]), unit).max() > 0


def test_the_seed_decides_the_picture(member):
    first, again, other = (
        exciting_picture(member, Unit("0.2", 0), SIZE_PX, steps=3, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_most_exciting_cells_are_those_of_the_largest_values(member, pictures):
    unit, told = Unit("2.2", 5), []
    found = most_exciting(member, pictures, unit, 5, watch=lambda *words: told.append(words[:3]))
    with torch.no_grad():
        maps = member.features((as_cells(pictures) - member.mean) / member.std)[:, 5].numpy()
    wanted = np.argsort(-maps.max((1, 2)), kind="stable")[:5]
    np.testing.assert_array_equal(found.indexes, wanted)
    np.testing.assert_allclose(found.values, maps.max((1, 2))[wanted], rtol=1e-5)
    for index, (row, column) in zip(found.indexes, found.places, strict=True):
        height, width = maps.shape[1:]
        place = maps[index, int(row * height), int(column * width)]
        assert place == pytest.approx(maps[index].max(), rel=1e-5)
    assert told == [("excite", 64, 70), ("excite", 70, 70)]


def test_the_loudest_unit_adds_most_to_the_logit(member, pictures):
    cell = as_cells(pictures[:1])
    unit = loudest_unit(member, cell)
    with torch.no_grad():
        adds = member.head.weight[0] * member.embed(cell)[0]
    assert unit == Unit("2.2", int(adds.argmax()))


def test_a_unit_is_written_as_it_is_read():
    assert str(parse_unit("2.2:7")) == "2.2:7"


@pytest.mark.parametrize("text", ["2.2", "2.2:", ":x", "2.2:-1", "2.2:a"])
def test_what_is_no_unit_is_refused(text):
    with pytest.raises(ConfigError, match="write LAYER:NUMBER"):
        parse_unit(text)


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [(Unit("9", 0), "no layer '9' with maps; it has 0.0"), (Unit("0.0", 4), "has 4 maps, so no")],
)
def test_a_unit_that_is_not_there_is_refused(member, pictures, unit, sentence):
    with pytest.raises(ConfigError, match=sentence):
        unit_map(member, as_cells(pictures[:1]), unit)
