import zipfile

import cv2
import numpy as np
import pytest

from laveran.cells.manifest import Manifest
from laveran.cells.sharpness import sharpest, sharpness
from laveran.cells.stacks import read_focus, read_stacks
from laveran.cells.synthetic import draw_patient
from laveran.cells.synthetic_dataset import Population, draw_dataset, is_synthetic
from laveran.cells.synthetic_stack import APART, draw_stack, draw_stacks, write_stacks
from laveran.errors import ConfigError

POPULATION = Population(cells_per_patient=3, controls=0, seed=4)


@pytest.fixture(scope="module")
def stacks():
    return list(draw_stacks([1, 2, 3, 4], POPULATION, planes=5))


def stack_of(seed, stage="ring"):
    rng = np.random.default_rng(seed)
    return draw_stack(rng, draw_patient(rng), stage)


def test_parasites_lie_some_planes_beside_the_red_cell(stacks):
    for stack in stacks:
        drawn = stack.drawn
        assert len(drawn.planes) == 5
        assert 0 <= drawn.focus < 5
        if drawn.label:
            assert abs(drawn.focus - drawn.parasite_focus) in APART
            assert 0 <= drawn.parasite_focus < 5
        else:
            assert drawn.parasite_focus is None


def test_a_parasite_is_sharpest_in_its_own_plane():
    found = []
    for seed in range(12):
        drawn = stack_of(seed)
        spot = drawn.planes * drawn.parasite_mask[..., None]
        found.append(sharpest(spot) == drawn.parasite_focus)
    assert sum(found) >= 11


def test_a_plane_is_black_outside_the_outline_and_nowhere_else(stacks):
    for stack in stacks:
        shown = stack.drawn.planes.any(axis=3)
        assert (shown == stack.drawn.outline_mask).all()


def test_the_cells_are_those_of_the_data_set_of_single_pictures(stacks):
    cells = list(draw_dataset([1, 2, 3, 4], POPULATION))
    assert [f"{stack.name}.png" for stack in stacks] == [cell.name for cell in cells]
    assert [stack.label for stack in stacks] == [cell.label for cell in cells]
    for stack, cell in zip(stacks, cells, strict=True):
        assert stack.drawn.planes.shape[1:] == cell.image.shape


def test_a_stack_is_drawn_alike_every_time():
    assert np.array_equal(stack_of(3).planes, stack_of(3).planes)


def test_too_few_planes_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="3 planes are too few"):
        draw_stack(rng, draw_patient(rng), planes=3)


@pytest.mark.parametrize("form", ["tiff", "folders"])
def test_what_is_written_is_read_without_loss(form, stacks, tmp_path):
    written = write_stacks(tmp_path, stacks, form)
    reading = read_stacks(written.data, written.labels)
    assert reading.skipped == ()
    assert is_synthetic(reading.manifest)
    assert len(reading.manifest) == len(stacks)
    by_name = {
        name.rpartition("/")[2].removesuffix(".tif"): number
        for number, name in enumerate(reading.manifest.names)
    }
    known = read_focus(written.focus, reading.manifest.names)
    for stack in stacks:
        row = by_name[stack.name]
        np.testing.assert_array_equal(reading.stacks[row], stack.drawn.planes)
        cell = reading.manifest[row]
        assert (cell.label, cell.patient) == (stack.label, stack.patient)
        focus = known[cell.name]
        assert (focus.cell, focus.parasites) == (stack.drawn.focus, stack.drawn.parasite_focus)


def test_everything_says_that_it_is_drawn(stacks, tmp_path):
    written = write_stacks(tmp_path, stacks[:1], "folders")
    with zipfile.ZipFile(written.data) as archive:
        assert b"synthetic" in archive.comment
        assert b"synthetic" in archive.read(archive.namelist()[0])
    assert "synthetic" in (tmp_path / "SYNTHETIC.txt").read_text()


def test_the_names_of_stacks_are_known_as_synthetic(stacks):
    assert not is_synthetic(Manifest(()))
    assert all(stack.name.startswith("S00") for stack in stacks)


def test_sharpness_is_that_of_the_inside_alone():
    rng = np.random.default_rng(0)
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[4:16, 4:16] = rng.integers(1, 256, (12, 12, 3))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)
    inside = slice(5, 15)  # where 3 x 3 pixels are of the cell
    laplacian = (
        grey[4:14, inside]
        + grey[6:16, inside]
        + grey[inside, 4:14]
        + grey[inside, 6:16]
        - 4 * grey[inside, inside]
    )
    assert sharpness(picture[None])[0] == pytest.approx(laplacian.var())


def test_nothing_is_not_sharp():
    assert sharpness(np.zeros((3, 8, 8, 3), np.uint8)).tolist() == [0, 0, 0]
