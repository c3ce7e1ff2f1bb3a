"""`laveran submit`: what reaches the library, and what is shown."""

import json

import pytest

from laveran.cells import submission
from laveran.cells.submission import Receipt, Submission


@pytest.fixture
def handed_in(monkeypatch):
    """`submit` of the library, replaced by one that only notes what it is asked."""
    asked = {}

    def submit(path, competition, **settings):
        asked.update(path=path, competition=competition, **settings)
        return Receipt(Submission(path, 1234, 56), "malaria", "Success\x1b", "https://k/malaria")

    monkeypatch.setattr(submission, "submit", submit)
    return asked


def test_the_options_reach_the_library(laveran, handed_in):
    ended = laveran(
        *("submit", "s.csv", "--competition", "malaria", "--message", "first try"),
        *("--like", "sample.csv"),
    )
    assert ended.code == 0
    assert {name: str(value) for name, value in handed_in.items()} == {
        "path": "s.csv",
        "competition": "malaria",
        "message": "first try",
        "like": "sample.csv",
    }


def test_the_screen_shows_what_was_sent_and_kaggles_words(laveran, handed_in):
    ended = laveran("submit", "s.csv", "--competition", "malaria")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "s.csv: 1,234 cells, 56 called parasitized",
        r"Kaggle says: Success\x1b",
        "its score will be at https://k/malaria",
    ]


def test_json_is_the_receipt(laveran, handed_in):
    ended = laveran("submit", "s.csv", "--competition", "malaria", "--json")
    assert json.loads(ended.out) == {
        "path": "s.csv",
        "n_cells": 1234,
        "n_parasitized": 56,
        "competition": "malaria",
        "answer": "Success\x1b",
        "page": "https://k/malaria",
    }


def test_a_competition_must_be_named(laveran):
    assert laveran("submit", "s.csv").code == 2


def test_a_file_that_cannot_be_scored_is_one_sentence(refused, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("img_name,label\na.png,0.5\n")
    sentence = refused("submit", path, "--competition", "malaria")
    assert sentence.startswith(f"{path}, line 2: the class is '0.5', not 0 or 1")
