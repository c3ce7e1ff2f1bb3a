import pytest
import torch
from torch import Generator

from laveran.training.augment import augment, blur, move, restain, turn
from laveran.training.recipe import Augmentation

NOTHING = Augmentation(turns=False)
ALL = Augmentation(rotate_degrees=45, scale=0.2, shift=0.1, stain=0.2, brightness=0.1, blur=0.5)
KNOBS = [
    {"turns": True},
    {"rotate_degrees": 30},
    {"scale": 0.3},
    {"shift": 0.2},
    {"stain": 0.3},
    {"brightness": 0.2},
    {"blur": 1.0},
]


def seeded(seed=0):
    return Generator().manual_seed(seed)


def cells(count=64, size=9):
    return torch.rand((count, 3, size, size), generator=seeded(7)) * 254 + 1


def one_cell_many_times(count=800, size=4):
    """A cell that looks different in all eight positions."""
    return torch.arange(3.0 * size * size).view(1, 3, size, size).expand(count, -1, -1, -1)


def symmetries(cell):
    """The eight flips and turns of [3, S, S], by the definition: transpose and flips."""
    flat = [cell, cell.transpose(1, 2)]
    return [each.flip(dims) for each in flat for dims in ([], [1], [2], [1, 2])]


def occurrences(changed, cell, exact=True):
    """How often each of the eight positions occurs among `changed`."""
    same = torch.equal if exact else lambda a, b: torch.allclose(a, b, atol=1e-3)
    return [sum(same(each, wanted) for each in changed) for wanted in symmetries(cell)]


def test_turns_are_the_eight_symmetries_pixel_for_pixel():
    given = one_cell_many_times()
    found = occurrences(turn(given, seeded()), given[0])
    assert sum(found) == 800
    assert all(60 < count < 140 for count in found)  # each as likely: 100 on average


def test_moving_turns_by_the_same_eight_symmetries():
    given = one_cell_many_times()
    barely = Augmentation(turns=True, shift=1e-9)
    found = occurrences(move(given, barely, seeded()), given[0], exact=False)
    assert sum(found) == 800
    assert all(60 < count < 140 for count in found)


def test_without_any_knob_nothing_changes():
    assert torch.equal(augment(cells(), NOTHING, seeded()), cells())


@pytest.mark.parametrize("knob", KNOBS, ids=[next(iter(knob)) for knob in KNOBS])
def test_every_knob_changes_something_by_itself(knob):
    changed = augment(cells(), NOTHING.model_copy(update=knob), seeded())
    assert changed.shape == cells().shape
    assert not torch.allclose(changed, cells(), atol=0.1)


@pytest.mark.parametrize("knob", [*KNOBS, ALL.model_dump()])
def test_values_stay_within_0_and_255(knob):
    given = cells()
    given[::2] = 255
    changed = augment(given, NOTHING.model_copy(update=knob), seeded())
    assert changed.min() >= 0
    assert changed.max() <= 255 + 1e-3


def test_black_stays_black():
    assert not augment(torch.zeros(8, 3, 9, 9), ALL, seeded()).any()


def test_a_new_stain_leaves_the_margin_black():
    given = cells()
    given[:, :, :, :4] = 0
    changed = restain(given, 0.3, 0.2, seeded())
    assert not changed[:, :, :, :4].any()
    assert changed[:, :, :, 4:].any()


def test_the_given_cells_are_not_written_to():
    given = cells()
    augment(given, ALL, seeded())
    assert torch.equal(given, cells())


def test_the_generator_decides():
    first, again, other = (augment(cells(), ALL, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_nothing_is_drawn_from_torchs_own_generator():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    augment(cells(), ALL, seeded())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stain_is_a_gain_for_each_colour_of_each_cell():
    grey = torch.full((500, 3, 2, 2), 100.0)
    gain = restain(grey, 0.2, 0.0, seeded()) / 100
    assert torch.equal(gain.amin((2, 3)), gain.amax((2, 3)))  # the same all over a cell
    gain = gain[:, :, 0, 0]
    assert gain.min() >= 0.8
    assert gain.max() <= 1.2
    assert gain.std(0) == pytest.approx([0.2 / 3**0.5] * 3, rel=0.1)  # uniform
    assert abs(torch.corrcoef(gain.T)[0, 1]) < 0.15  # colours are drawn apart


def test_brightness_is_an_offset_for_each_colour_of_each_cell():
    offset = restain(torch.full((500, 3, 2, 2), 100.0), 0.0, 0.1, seeded()) - 100
    assert offset.abs().max() <= 25.5 + 1e-3
    assert offset[:, :, 0, 0].std(0) == pytest.approx([25.5 / 3**0.5] * 3, rel=0.1)


def test_a_blur_mixes_in_the_mean_of_the_neighbours():
    point = torch.zeros(300, 3, 5, 5)
    point[:, :, 2, 2] = 90
    blurred = blur(point, 0.6, seeded())
    weight = blurred[:, 0, 1, 1] / 10  # the mean about a neighbour is 10
    assert 0 <= weight.min() < 0.05
    assert 0.55 < weight.max() <= 0.6
    centre = 90 * (1 - weight) + 10 * weight
    torch.testing.assert_close(blurred[:, 0, 2, 2], centre)
    assert not blurred[:, :, 0].any()


def test_a_zoom_scales_about_the_centre():
    square = torch.zeros(200, 3, 33, 33)
    square[:, :, 12:21, 12:21] = 100
    areas = move(square, Augmentation(turns=False, scale=0.2), seeded()).sum((1, 2, 3)) / 300
    sides = (areas / 81).sqrt()
    assert 0.8 < sides.min() < 0.88
    assert 1.15 < sides.max() < 1.27


def test_a_shift_is_a_share_of_the_side():
    point = torch.zeros(300, 3, 41, 41)
    point[:, :, 20, 20] = 100
    moved = move(point, Augmentation(turns=False, shift=0.1), seeded())[:, 0]
    place = torch.arange(41.0)
    x = (moved.sum(1) * place).sum(1) / moved.sum((1, 2)) - 20
    y = (moved.sum(2) * place).sum(1) / moved.sum((1, 2)) - 20
    for shift in (x, y):
        assert 3.5 < shift.abs().max() <= 4.1 + 1e-3
    assert abs(torch.corrcoef(torch.stack((x, y)))[0, 1]) < 0.2


def test_a_rotation_keeps_within_its_degrees():
    bar = torch.zeros(200, 3, 41, 41)
    bar[:, :, 20, 30] = 100  # to the right of the centre
    turned = move(bar, Augmentation(turns=False, rotate_degrees=30), seeded())[:, 0]
    place = torch.arange(41.0) - 20
    x, y = (turned.sum(1) * place).sum(1), (turned.sum(2) * place).sum(1)
    degrees = torch.rad2deg(torch.atan2(y, x))
    assert 25 < degrees.max() < 32
    assert -32 < degrees.min() < -25


@pytest.mark.parametrize("knob", [{"stain": 0.1}, {"blur": 0.1}, {"rotate_degrees": 9}])
def test_cells_may_lie_on_another_device_than_the_generator(knob):
    elsewhere = torch.zeros(2, 3, 8, 8, device="meta")
    assert augment(elsewhere, NOTHING.model_copy(update=knob), seeded()).device.type == "meta"


@pytest.mark.parametrize("settings", [ALL, Augmentation(turns=True)], ids=["all", "turns"])
def test_the_planes_of_a_stack_change_alike(settings):
    one = cells(count=6)
    stacks = one.unsqueeze(2).expand(-1, -1, 4, -1, -1).contiguous()  # [N, 3, P, S, S]
    changed = augment(stacks, settings, seeded())
    assert changed.shape == stacks.shape
    torch.testing.assert_close(
        changed, augment(one, settings, seeded()).unsqueeze(2).expand_as(stacks)
    )
    assert not torch.equal(changed, stacks)
