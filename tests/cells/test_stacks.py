import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from laveran.cells.stacks import Focus, decode_stack, natural, read_focus, read_stacks
from laveran.errors import ArchiveError, LabelsError, PictureError

PATIENTS = ("S001P01", "S002P02")


def planes(count=3, height=6, width=5, seed=0):
    shape = (count, height, width, 3)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def tiff(stack):
    pages = [cv2.cvtColor(plane, cv2.COLOR_RGB2BGR) for plane in stack]
    return cv2.imencodemulti(".tif", pages)[1].tobytes()


def png(plane):
    return cv2.imencode(".png", cv2.cvtColor(plane, cv2.COLOR_RGB2BGR))[1].tobytes()


def archive(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


sizes = st.tuples(st.integers(2, 5), st.integers(1, 9), st.integers(1, 9), st.just(3))


@given(sizes.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_pages_come_back_as_they_were_written(stack):
    np.testing.assert_array_equal(decode_stack(tiff(stack)), stack)


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_both_forms_are_read_side_by_side(form, tmp_path):
    one, other = planes(3, seed=1), planes(11, seed=2)
    members = {"Parasitized/S001P01ThinF_IMG_1_cell_1.tif": tiff(one)}
    for number, plane in enumerate(other):
        members[f"Uninfected/S002P02ThinF_IMG_1_cell_2/z{number}.png"] = png(plane)
    if form == "zip":
        data = archive(tmp_path / "stacks.zip", members)
    else:
        data = tmp_path / "stacks"
        for name, content in members.items():
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_bytes(content)
    reading = read_stacks(data)
    assert reading.manifest.names == [
        "Parasitized/S001P01ThinF_IMG_1_cell_1.tif",
        "Uninfected/S002P02ThinF_IMG_1_cell_2",
    ]
    assert reading.manifest.labels.tolist() == [1, 0]
    assert reading.manifest.patients.tolist() == list(PATIENTS)
    np.testing.assert_array_equal(reading.stacks[0], one)
    np.testing.assert_array_equal(reading.stacks[1], other)  # z2 before z10
    assert reading.skipped == ()


def test_one_folder_of_planes_is_one_stack(tmp_path):
    for number, plane in enumerate(planes(2)):
        (tmp_path / f"{number}.tif").write_bytes(cv2.imencode(".tif", plane)[1].tobytes())
    reading = read_stacks(tmp_path)
    assert reading.manifest.names == [tmp_path.name]
    assert len(reading.stacks[0]) == 2


def test_labels_name_stacks_with_or_without_a_suffix(tmp_path):
    members = {"a.tif": tiff(planes()), "b/1.png": png(planes()[0]), "b/2.png": png(planes()[1])}
    data = archive(tmp_path / "stacks.zip", members)
    (tmp_path / "labels.csv").write_text("img_name,label\na,1\nb,0\n")
    reading = read_stacks(data, tmp_path / "labels.csv")
    assert dict(zip(reading.manifest.names, reading.manifest.labels, strict=True)) == {
        "a.tif": 1,
        "b": 0,
    }


def test_what_is_kept_is_what_the_transform_makes(tmp_path):
    data = archive(tmp_path / "stacks.zip", {"a.tif": tiff(planes(4))})
    seen = []
    reading = read_stacks(data, transform=len, progress=lambda *step: seen.append(step))
    assert reading.stacks == (4,)
    assert seen == [(1, 1)]


GOOD = {"good.tif": tiff(planes())}


@pytest.mark.parametrize(
    ("members", "name", "reason"),
    [
        ({"a.tif": tiff(planes(1))}, "a.tif", "needs two planes or more, this has 1"),
        ({"a/z.png": png(planes()[0])}, "a/z.png", "needs two planes or more, this has 1"),
        (
            {"a/1.png": png(planes()[0]), "a/2.png": png(planes(height=7)[0])},
            "a",
            "plane 1 has 5 x 6 pixels, plane 2 has 5 x 7",
        ),
        (
            {"a/1.png": png(planes()[0]), "a/2.png": png(planes()[1])[:-20]},
            "a",
            "plane '2.png': ",
        ),
        ({"a.tif": tiff(planes())[:200]}, "a.tif", "cut off"),
        ({"a.tif": b"a text"}, "a.tif", "not a PNG"),
    ],
)
def test_what_is_no_stack_is_left_out_with_a_reason(members, name, reason, tmp_path):
    reading = read_stacks(archive(tmp_path / "stacks.zip", GOOD | members))
    assert reading.manifest.names == ["good.tif"]
    (skipped,) = reading.skipped
    assert skipped.name == name
    assert reason in skipped.reason


def test_nothing_but_broken_stacks_is_refused(tmp_path):
    data = archive(tmp_path / "stacks.zip", {"a.tif": tiff(planes(1))})
    with pytest.raises(ArchiveError, match=r"no focus stack in .* can be read; .*two planes"):
        read_stacks(data)


def chained(pages):
    """A TIFF without pixels, whose pages are described by (width, height, next)."""
    data = bytearray(b"II*\0\x08\0\0\0")
    for width, height, after in pages:
        data += (2).to_bytes(2, "little")
        for tag, value in ((256, width), (257, height)):
            data += tag.to_bytes(2, "little") + (4).to_bytes(2, "little")
            data += (1).to_bytes(4, "little") + value.to_bytes(4, "little")
        data += after.to_bytes(4, "little")
    return bytes(data)


def test_a_stack_too_large_to_hold_is_refused_by_its_header():
    huge = chained([(6000, 8000, 38), (6000, 8000, 0)])
    with pytest.raises(PictureError, match="2 planes of 6000 x 8000 pixels, the limit is 64"):
        decode_stack(huge)


def test_a_chain_of_pages_that_bites_its_tail_ends():
    with pytest.raises(PictureError, match="page 1 of 2 cannot be decoded"):
        decode_stack(chained([(4, 4, 38), (4, 4, 8)]))


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_in_names_sort_as_numbers(numbers):
    names = [f"plane_{number}.png" for number in numbers]
    assert sorted(names, key=natural) == [f"plane_{number}.png" for number in sorted(numbers)]


def test_known_focus_is_found_by_name(tmp_path):
    path = tmp_path / "focus.csv"
    path.write_text("img_name,cell_plane,parasite_plane\na,3,5\nb,0,\nelse,1,1\n")
    known = read_focus(path, ["x/a.tif", "x/b"])
    assert known == {"x/a.tif": Focus(3, 5), "x/b": Focus(0, None)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("img_name,cell_plane\na,1\n", "needs the columns"),
        ("img_name,cell_plane,parasite_plane\na,one,\n", "line 2: not a row of planes"),
        ("img_name,cell_plane,parasite_plane\na,1\n", "line 2: not a row of planes"),
    ],
)
def test_a_table_of_focus_that_cannot_be_read_is_refused(text, reason, tmp_path):
    (tmp_path / "focus.csv").write_text(text)
    with pytest.raises(LabelsError, match=reason):
        read_focus(tmp_path / "focus.csv", ["a"])


def test_a_plane_that_is_turned_leaves_out_its_stack_alone(tmp_path):
    done, upright = cv2.imencode(".jpg", planes(height=8, width=4)[0])
    assert done
    tiff_header = b"II*\0" + (8).to_bytes(4, "little")
    entry = (0x0112).to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little")
    exif = b"Exif\0\0" + tiff_header + (1).to_bytes(2, "little") + entry
    exif += (6).to_bytes(2, "little") + bytes(2) + bytes(4)
    marked = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    turned = upright.tobytes()[:2] + marked + upright.tobytes()[2:]
    good = {f"good/z{number}.png": png(plane) for number, plane in enumerate(planes())}
    bad = {"bad/z1.jpg": upright.tobytes(), "bad/z2.jpg": turned}
    read = read_stacks(archive(tmp_path / "stacks.zip", good | bad))
    assert read.manifest.names == ["good"]
    ((name, reason),) = read.skipped
    assert name == "bad"
    assert "plane 1 has 4 x 8 pixels, plane 2 has 8 x 4" in reason


def test_names_of_strange_or_endless_digits_sort_too():
    names = ["a.png", "9" * 5000 + ".png", "1²10.png", "1²2.png"]
    assert sorted(names, key=natural) == [*reversed(names)]
