"""Near-duplicates: found in every symmetry and through what a copy suffers, and nothing else."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.audit.glimpse import SIDE_PX, glimpse
from laveran.audit.twins import NEAR, Twin, distance, find_twins, signature, unit


def views(image):
    """The eight symmetries of a picture."""
    turned = [np.rot90(image, quarter) for quarter in range(4)]
    return [np.ascontiguousarray(v) for view in turned for v in (view, view[:, ::-1])]


def thumbnails(images):
    return np.stack([glimpse(np.ascontiguousarray(image)).thumbnail for image in images])


def suffered(image):
    """What a copy may have gone through."""
    smaller = cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return {
        "smaller": smaller,
        "padded": np.pad(image, ((7, 2), (0, 5), (0, 0))),
        "lighter": np.where(image > 0, np.clip(image * 1.06 + 4, 0, 255), 0).astype(np.uint8),
        "compressed": cv2.imdecode(jpeg, cv2.IMREAD_COLOR),
    }


def test_unrelated_cells_are_no_twins(drawn, pictures):
    images = [image for image, _ in pictures.values()]
    assert find_twins(thumbnails(images), [str(i) for i in range(len(images))]) == []


def test_a_cell_is_found_in_all_symmetries_and_after_what_copies_suffer(pictures):
    images = [image for image, _ in pictures.values()]
    copies = [*views(images[5])[1:], *views(suffered(images[5])["compressed"])]
    copies += suffered(images[5]).values()
    found = find_twins(
        thumbnails([*images, *copies]), [str(i) for i in range(len(images) + len(copies))]
    )
    partners = {twin.second for twin in found if twin.first == 5}
    assert partners == set(range(len(images), len(images) + len(copies)))
    assert {i for twin in found for i in twin[:2]} == {5, *partners}
    assert found[0].distance == 0
    assert [twin.distance for twin in found] == sorted(twin.distance for twin in found)


def test_equal_files_are_paired_with_the_first():
    cells = np.random.default_rng(0).integers(0, 256, (4, 32, 32), dtype=np.uint8)
    cells[2] = cells[3] = cells[0]
    assert find_twins(cells, ["a", "b", "a", "a"]) == [Twin(0, 2, 0), Twin(0, 3, 0)]


def test_cells_of_one_colour_are_compared_as_files_only():
    flat = np.stack([np.full((32, 32), value, np.uint8) for value in (7, 7, 90, 90)])
    assert find_twins(flat, ["a", "b", "c", "c"]) == [Twin(2, 3, 0)]
    assert find_twins(np.zeros((0, 32, 32), np.uint8), []) == []


@given(st.integers(0, 10_000))
def test_no_symmetry_changes_the_signature_or_the_distance(seed):
    draw = np.random.default_rng(seed)
    cell, other = draw.integers(0, 256, (2, SIDE_PX, SIDE_PX), dtype=np.uint8)
    turned = unit(np.stack(views(cell)))
    np.testing.assert_allclose(signature(turned), signature(turned[:1]).repeat(8, 0), atol=1e-5)
    apart = distance(turned, unit(other[np.newaxis]).repeat(8, 0))
    np.testing.assert_allclose(apart, apart[0], atol=1e-5)


@given(st.integers(0, 10_000), st.floats(0.01, 80))
def test_the_signature_is_never_farther_than_the_pictures(seed, strength):
    draw = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(draw.uniform(0, 255, (SIDE_PX, SIDE_PX)), (0, 0), 4)
    near = smooth + draw.normal(0, strength, smooth.shape)
    pair = unit(np.clip(np.stack([smooth, near.T]), 0, 255).astype(np.uint8))
    gap = np.linalg.norm(np.subtract(*signature(pair)))
    assert gap <= distance(pair[:1], pair[1:])[0] + 1e-4


def test_brightness_and_contrast_do_not_count():
    cell = np.random.default_rng(3).integers(50, 150, (1, 32, 32), dtype=np.uint8)
    np.testing.assert_allclose(unit(cell), unit(cell + 40), atol=1e-6)


def test_progress_reaches_the_end():
    cells = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)
    calls = []
    find_twins(cells, list("abcde"), lambda *call: calls.append(call))
    assert calls == [(5, 5)]


def test_a_glimpse_cuts_the_margin_off_and_counts_the_mask():
    cell = np.zeros((60, 50, 3), np.uint8)
    cell[10:50, 5:45] = np.random.default_rng(0).integers(80, 256, (40, 40, 3))
    seen, cut = glimpse(cell), glimpse(np.ascontiguousarray(cell[10:50, 5:45]))
    assert np.array_equal(seen.thumbnail, cut.thumbnail)
    assert seen.mask_area_px == cut.mask_area_px == 1600
    np.testing.assert_allclose(seen.colour, cell[10:50, 5:45].mean((0, 1)), atol=1e-9)


def test_a_black_picture_can_be_glimpsed():
    seen = glimpse(np.zeros((3, 5, 3), np.uint8))
    assert (seen.mask_area_px, seen.colour) == (0, (0.0, 0.0, 0.0))
    assert seen.thumbnail.shape == (SIDE_PX, SIDE_PX)


@pytest.mark.slow
def test_no_two_given_cells_are_twins_and_the_search_is_quick(homework):
    import time

    from laveran.cells.reading import read_cells

    seen = []
    manifest = read_cells(
        homework / "train_data.zip",
        transform=lambda image: glimpse(image).thumbnail,
        on_picture=lambda _, kept: seen.append(kept),
    ).manifest
    start = time.monotonic()
    assert find_twins(np.stack(seen), [cell.sha256 for cell in manifest]) == []
    assert time.monotonic() - start < 30
    assert NEAR < 0.18  # the closest unrelated cells
