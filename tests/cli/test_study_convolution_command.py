"""`laveran study convolution`: the page, the lecture's numbers, pictures that cannot be read."""

import json

import cv2
import numpy as np

from laveran.networks.network import build, save
from laveran.networks.stack import plain


def test_a_drawn_cell_where_none_is_given(laveran, tmp_path):
    page = tmp_path / "convolution.html"
    ended = laveran("study", "convolution", "--out", page)
    assert (ended.code, ended.err) == (0, "")
    assert "= 448\n" in ended.out
    assert "= 3,073\n" in ended.out
    assert "= 150,529\n" in ended.out
    assert ended.out.endswith(f"page {page}, on a drawn cell\n")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_users_picture_is_on_the_page(laveran, tmp_path):
    picture = np.full((50, 40, 3), 90, np.uint8)
    cv2.imwrite(str(tmp_path / "mine.png"), picture)
    page = tmp_path / "page.html"
    found = json.loads(
        laveran("study", "convolution", tmp_path / "mine.png", "--out", page, "--json").out
    )
    assert found["picture"] == "mine.png"
    assert [row["weights"] for row in found["counts"]] == [448, 3073, 150529]
    assert "to mine.png, number by number" in page.read_text(encoding="utf-8")


def test_the_filters_of_ones_own_run(laveran, tmp_path):
    spec = plain((5, 8))
    save([build(spec, 16)], spec, 16, tmp_path / "run")
    page = tmp_path / "page.html"
    ended = laveran("study", "convolution", "--model", tmp_path / "run", "--out", page)
    assert ended.code == 0
    assert page.read_text(encoding="utf-8").count("<span>learned ") == 5


def test_a_folder_without_a_network_is_one_sentence(refused, tmp_path):
    assert "network.json" in refused("study", "convolution", "--model", tmp_path)


def test_a_damaged_picture_is_one_sentence(refused, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    assert "a.png" in refused("study", "convolution", tmp_path / "a.png", "--out", tmp_path / "p")
    assert not (tmp_path / "p").exists()
