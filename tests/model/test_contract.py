"""What a model file says of itself: read back as it was, or refused in one sentence."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from laveran.errors import ConfigError, ModelError
from laveran.model.contract import Golden, Interval, parse_contract
from small_model import small_contract

WHERE = "some.onnx"


def plain(**changes):
    """The contract as the dict that its JSON holds."""
    return json.loads(small_contract().model_dump_json()) | changes


def refusal(value):
    """The sentence by which metadata is refused; `value` is text, or is made JSON."""
    with pytest.raises(ModelError) as caught:
        parse_contract(value if isinstance(value, str | None) else json.dumps(value), WHERE)
    sentence = str(caught.value)
    assert sentence.startswith(WHERE)
    assert "\n" not in sentence
    return sentence


def test_a_contract_is_read_back_as_it_was():
    contract = small_contract()
    assert parse_contract(contract.model_dump_json(), WHERE) == contract


@pytest.mark.parametrize("missing", [None, ""])
def test_metadata_must_be_there(missing):
    assert "carries no Laveran metadata; export it with laveran" in refusal(missing)


@pytest.mark.parametrize("text", ["{", "no JSON", '{"schema_version": 1,}', '{"a": "\\ud800"}'])
def test_malformed_json_is_refused(text):
    assert "its metadata is not valid: metadata: Invalid JSON" in refusal(text)


@pytest.mark.parametrize("value", [[], 1, "text", True])
def test_json_that_is_no_object_is_refused(value):
    assert "its metadata is not valid: metadata:" in refusal(json.dumps(value))


@pytest.mark.parametrize("version", [0, 2, "1", None, [1], {"major": 1}, 1.5, "x" * 1000])
def test_an_unknown_version_is_refused(version):
    sentence = refusal(plain(schema_version=version))
    assert "has metadata of version" in sentence
    assert "this Laveran reads version 1; update laveran or export the model again" in sentence
    assert len(sentence) < 250


def test_an_unknown_version_is_told_first_whatever_else_differs():
    assert "has metadata of version 2," in refusal({"schema_version": 2, "something": "new"})


def test_a_version_must_be_stated():
    value = plain()
    del value["schema_version"]
    assert "has metadata without a schema_version" in refusal(value)


def test_every_field_that_has_no_default_must_be_there():
    for name in set(plain()) - {"schema_version", "classes", "gate", "members", "readings"}:
        value = plain()
        del value[name]
        assert f"its metadata is not valid: {name}: Field required" in refusal(value)


def test_an_unknown_key_is_refused():
    assert "not valid: mood: Extra inputs are not permitted" in refusal(plain(mood="good"))


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"crop": "letterbox-v9"}, "crop: unknown crop procedure 'letterbox-v9', update laveran"),
        ({"classes": ["parasitized", "uninfected"]}, "classes: the classes must be"),
        ({"classes": ["uninfected"]}, "classes.1"),
        ({"size_px": 0}, "size_px"),
        ({"size_px": 5000}, "size_px"),
        ({"temperature": 0}, "temperature"),
        ({"operating_points": []}, "operating_points"),
        ({"evidence": {"bias": 0.0, "stride_px": 0}}, "evidence.stride_px"),
        ({"evidence": "yes"}, "evidence"),
        ({"golden": {"cells": "", "logit": 0.0}}, "golden.probability"),
        ({"figures": {"accuracy": "high"}}, "figures.accuracy"),
    ],
)
def test_a_value_that_cannot_be_is_named(changes, place):
    assert f"its metadata is not valid: {place}" in refusal(plain(**changes))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(number):
    text = json.dumps(plain(temperature="HERE")).replace('"HERE"', number)
    assert "not valid: temperature" in refusal(text)
    assert "not valid: evidence.bias" in refusal(
        json.dumps(plain(evidence={"bias": "HERE", "stride_px": 2})).replace('"HERE"', number)
    )


@given(st.text(max_size=60))
def test_any_text_is_refused_in_one_sentence(text):
    refusal(text)


def test_a_contract_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        small_contract().size_px = 3
    with pytest.raises(ValidationError, match="frozen"):
        small_contract().operating_points[0].threshold = 0.1


def test_an_operating_point_is_found_by_name():
    contract = small_contract()
    assert contract.operating_point("accuracy").threshold == 0.5
    assert contract.default_point == contract.operating_points[0].name == "accuracy"
    assert contract.operating_point("never").sensitivity == Interval(value=0.9, low=0.8, high=0.95)
    message = "no operating point 'specificity=0.99'; it has accuracy, never, always"
    with pytest.raises(ConfigError, match=message):
        contract.operating_point("specificity=0.99")


@given(arrays(np.uint8, st.integers(1, 12).map(lambda side: (side, side, 3))))
def test_the_golden_cell_comes_back(cell):
    golden = Golden.of(cell, 0.5, 0.6)
    side = len(cell)
    np.testing.assert_array_equal(golden.cell(side), cell[np.newaxis])
    assert Golden.model_validate_json(golden.model_dump_json()) == golden
    for wrong in (side - 1, side + 1):
        with pytest.raises(ValueError, match="reshape"):
            golden.cell(wrong)


def test_a_golden_bomb_is_not_unpacked():
    """64 MB of zeros in 64 kB: no more is unpacked than the input needs."""
    bomb = Golden.of(np.zeros((4700, 4700, 3), np.uint8), 0.0, 0.5)
    with pytest.raises(ValueError, match="cannot reshape array of size 193 "):
        bomb.cell(8)
