"""A network described: figures, measured fields and the page, in one call."""

import json

import pytest

from laveran.study.description import describe_network


def test_no_field_is_measured_unless_asked():
    found = describe_network("fast")
    assert found.description.parameters == 70_801
    assert found.stages == found.notes == ()
    assert "effective" not in found.to_json()


def test_the_shipped_model_sees_less_than_it_can(tmp_path):
    page = tmp_path / "describe.html"
    found = describe_network(out=page)
    last = found.to_json()["effective"][-1]
    assert last["theoretical_px"] == 147
    assert 40 < last["effective_px"] < 70
    assert found.notes == ()
    html = page.read_text(encoding="utf-8")
    assert "254,065" in html
    assert html.count("<figure>") == len(found.stages) == 9


def test_random_weights_are_told(tmp_path):
    found = describe_network("plain", size_px=32, effective=True)
    assert found.notes == ("the weights of plain are random: training changes what it sees",)
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("size_px", [16, 24])
def test_a_perceptron_has_no_fields_to_measure(size_px, tmp_path):
    found = describe_network("mlp", size_px=size_px, effective=True, out=tmp_path / "page.html")
    assert found.stages == ()
    assert found.notes == ("mlp has no maps: each unit sees the whole picture",)
    assert "What units see" not in (tmp_path / "page.html").read_text(encoding="utf-8")
