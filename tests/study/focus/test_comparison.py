import json

import numpy as np
import pytest
import torch

from laveran.cells.manifest import Cell, Manifest
from laveran.cells.splits import Split
from laveran.cells.synthetic_dataset import Population
from laveran.cells.synthetic_stack import draw_stacks, write_stacks
from laveran.errors import LabelsError
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.network import build
from laveran.study.focus.comparison import MIDDLE, SHARPEST, WHOLE, peaks, study_focus
from laveran.study.focus.stacks import FocusStacks, prepare_stacks
from laveran.study.focus.trial import count_parameters, flat_twin, train_and_ask

POPULATION = Population(cells_per_patient=3, seed=2)
SMALL = Conv3dSpec(filters=(4, 6))


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A study of drawn stacks, done in a moment: its folder and its page."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("focus")
    page = study_focus(
        out=out, epochs=1, size_px=16, network=SMALL, population=POPULATION, drawn_patients=8
    )
    return out, page


def test_drawn_stacks_are_said_to_be_drawn(studied):
    out, page = studied
    assert page.synthetic
    assert "SYNTHETIC" in (out / "focus.html").read_text()
    assert json.loads((out / "focus.json").read_text()) == page.to_json()
    assert (out / "drawn" / "SYNTHETIC.txt").is_file()


def test_the_three_networks_are_of_one_size_and_measured_alike(studied):
    _, page = studied
    assert [method.name for method in page.methods] == [WHOLE, SHARPEST, MIDDLE]
    sizes = [method.parameters for method in page.methods]
    assert max(sizes) < 1.2 * min(sizes)
    whole, *others = page.methods
    assert whole.minus is None
    for other in others:
        gain = whole.accuracy.value - other.accuracy.value
        assert other.minus.value == pytest.approx(gain)


def test_patients_are_apart(studied):
    _, page = studied
    assert not page.optimistic
    assert "divided once by patient" in page.protocol
    assert "of 8 patients" in page.protocol


def test_the_known_focus_is_scored_on_all_that_it_is_known_of(studied):
    out, page = studied
    rows = (out / "drawn" / "focus.csv").read_text().splitlines()[1:]
    infected = sum(not row.endswith(",") for row in rows)
    empty, parasites, cell, evidence = (each.stacks for each in page.shares)
    assert (empty, parasites, cell) == (len(rows) - infected, infected, infected)
    assert 0 < evidence < infected
    assert page.shares[0].share.value > 0.5  # the sharpest plane is no guess of one in seven


@pytest.fixture(scope="module")
def five_planes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("five")
    return write_stacks(folder, draw_stacks([1, 2], POPULATION, planes=5), "folders")


def test_stacks_are_prepared_as_they_are(five_planes):
    stacks = prepare_stacks(five_planes.data, five_planes.labels, size_px=16)
    assert stacks.planes.shape == (6, 5, 16, 16, 3)
    assert stacks.shown.tolist() == [[0, 1, 2, 3, 4]] * 6
    assert np.array_equal(stacks.middle, stacks.planes[:, 2])
    rows = np.arange(6)
    assert np.array_equal(stacks.best, stacks.planes[rows, stacks.sharpest])
    assert (stacks.cell_plane == -1).all()


def test_stacks_without_labels_are_refused(five_planes):
    with pytest.raises(LabelsError, match="nothing tells the labels"):
        prepare_stacks(five_planes.data, None, size_px=16)


def test_a_plane_of_a_longer_stack_has_its_place_among_those_shown():
    stacks = stacks_of(np.zeros((1, 3, 4, 4, 3), np.uint8), shown=np.array([[0, 4, 8]]))
    assert [stacks.place(0, plane) for plane in (0, 3, 8, -1)] == [0, 1, 2, None]


def stacks_of(planes, shown=None):
    """Stacks of which nothing else is known."""
    count, depth = planes.shape[:2]
    cells = [Cell(f"{i}", i % 2, f"P{i}", None, 4, 4, "00", "drawn") for i in range(count)]
    unknown = np.full(count, -1)
    if shown is None:
        shown = np.tile(np.arange(depth), (count, 1))
    manifest = Manifest(tuple(cells))
    return FocusStacks(manifest, planes, shown, unknown, planes[:, 0], unknown, unknown, ())


def test_the_evidence_peaks_where_the_only_bright_plane_is():
    torch.manual_seed(0)
    network = build(Conv3dSpec(filters=(4,), depth=1, batch_norm=False), 16).eval()
    with torch.no_grad():  # more light, more evidence
        network.features[0][0].weight.abs_()
        network.head.weight.abs_()
    planes = np.zeros((3, 5, 16, 16, 3), np.uint8)
    planes[0, 3] = planes[1, 1] = 255
    found = peaks(stacks_of(planes), network, np.array([True, True, False]))
    assert found.tolist() == [3, 1, -1]


def test_the_twin_has_the_layers_of_the_original_and_nearly_its_weights():
    spec = Conv3dSpec(filters=(16, 32, 64), head_dropout=0.2, activation="elu")
    twin = flat_twin(spec)
    assert [layer.kind for layer in twin.layers] == ["conv", "pool", "conv", "pool", "conv"]
    assert (twin.head_dropout, twin.activation) == (0.2, "elu")
    sizes = [count_parameters(build(each, 48)) for each in (spec, twin)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


def test_kernels_without_depth_are_their_own_twin():
    spec = Conv3dSpec(filters=(4, 6), depth=1)
    assert [layer.filters for layer in flat_twin(spec).layers if layer.kind == "conv"] == [4, 6]


@pytest.mark.slow
def test_a_network_finds_what_is_in_one_plane_only():
    """A bright spot in any one plane: no fixed plane shows it, the stack always does."""
    rng = np.random.default_rng(0)
    stacks = rng.integers(60, 90, (160, 4, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(160) % 2
    for row in np.flatnonzero(labels):
        stacks[row, rng.integers(4), 5:10, 5:10] = 200
    division = split_of(labels)
    answers = [
        train_and_ask(spec, pictures, labels, division, stage="", epochs=40)
        for spec, pictures in ((SMALL, stacks), (flat_twin(SMALL, 16), stacks[:, 2]))
    ]
    test = division.parts == "test"
    whole, flat = (((each.y_prob >= 0.5) == labels)[test].mean() for each in answers)
    assert whole > 0.95
    assert flat < 0.8  # it sees a quarter of the spots


def split_of(labels):
    parts = np.array(["train", "train", "valid", "valid", "test", "test", "test", "test"])
    return Split(np.resize(parts, len(labels)), "cell")
