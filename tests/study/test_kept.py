"""Finished fits are kept, never repeated, and never mixed with those of another study."""

import json

import pytest
from pydantic import BaseModel

from laveran.errors import ConfigError
from laveran.study.kept import Kept


class Found(BaseModel):
    value: float


def never(tell):
    raise AssertionError


def test_a_result_is_made_once(tmp_path):
    Kept(tmp_path, {"seed": 0}, 1).once("one", Found, lambda _: Found(value=0.5))
    again = Kept(tmp_path, {"seed": 0}, 1).once("one", Found, never)
    assert again == Found(value=0.5)
    assert json.loads((tmp_path / "fits" / "one.json").read_text()) == {"value": 0.5}


def test_what_is_stopped_leaves_nothing(tmp_path):
    kept = Kept(tmp_path, {}, 1)
    with pytest.raises(AssertionError):
        kept.once("one", Found, never)
    assert kept.once("one", Found, lambda _: Found(value=1)).value == 1


@pytest.mark.parametrize("other", [{"seed": 1}, {}, {"seed": 0, "cells": "a"}])
def test_other_settings_are_refused(tmp_path, other):
    Kept(tmp_path, {"seed": 0}, 1)
    with pytest.raises(ConfigError, match="holds a study with"):
        Kept(tmp_path, other, 1)
    assert json.loads((tmp_path / "settings.json").read_text()) == {"seed": 0}


def test_what_is_damaged_is_named(tmp_path):
    kept = Kept(tmp_path, {}, 1)
    (tmp_path / "fits").mkdir()
    (tmp_path / "fits" / "one.json").write_text("{")
    with pytest.raises(ConfigError, match=r"one\.json is damaged; delete it"):
        kept.once("one", Found, never)
    (tmp_path / "settings.json").write_text("[")
    with pytest.raises(ConfigError, match=r"settings\.json is damaged"):
        Kept(tmp_path, {}, 1)


def test_progress_is_told_in_hundredths_of_fits(tmp_path):
    told = []
    kept = Kept(tmp_path, {}, 2, lambda *what: told.append(what[:3]))

    def make(tell):
        tell(1, 4)
        return Found(value=0)

    kept.once("one", Found, make)
    kept.once("two", Found, make)
    assert told == [("train", done, 200) for done in (25, 100, 125, 200)]
