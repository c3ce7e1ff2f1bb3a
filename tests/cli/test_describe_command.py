"""`laveran describe`: the table, JSON, the page, and names that lead nowhere."""

import json


def test_a_row_a_layer_and_the_sums(laveran):
    ended = laveran("describe", "fast", "--size", 64)
    assert (ended.code, ended.err) == (0, "")
    header, *rows, last = ended.out.splitlines()
    assert header.split()[:3] == ["layer", "operation", "output"]
    (first,) = [row.split() for row in rows if row.startswith("features.0.0")]
    assert first == [
        *("features.0.0", "Conv2d", "16", "x", "32", "x", "32"),
        *("5", "2", "2", "1,200", "1,228,800", "5", "2", "0"),
    ]
    assert last == "fast, input 3 x 64 x 64: 70,801 parameters, 8,306,753 multiply-adds a cell"


def test_json_says_the_same(laveran):
    found = json.loads(laveran("describe", "plain", "--size", 32, "--effective", "--json").out)
    assert found["network"] == "plain"
    assert found["parameters"] == sum(row["parameters"] for row in found["layers"])
    assert [row["operation"] for row in found["layers"][2:6]] == [
        *("Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"),
    ]
    stages = found["effective"]
    assert all(each["effective_px"] <= each["theoretical_px"] for each in stages)


def test_the_page_is_written_and_named(laveran, tmp_path):
    page = tmp_path / "plain.html"
    ended = laveran("describe", "plain", "--size", 32, "--out", page)
    assert ended.out.splitlines()[-1] == f"page {page}"
    assert "the weights of plain are random" in ended.err
    assert "stage" in ended.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_unknown_network_is_one_sentence(refused):
    assert refused("describe", "alexnet").startswith("no network is called 'alexnet'")
