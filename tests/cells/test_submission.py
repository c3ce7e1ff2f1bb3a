"""Handing in: the file looked over, and Kaggle's own client against a server on 127.0.0.1."""

import json
import sys

import loopback
import pytest

from laveran.cells.submission import check_submission, submit
from laveran.errors import ConfigError, FetchError, LabelsError

SERVICE = "/v1/competitions.CompetitionApiService"
START, FINISH = f"{SERVICE}/StartSubmissionUpload", f"{SERVICE}/CreateSubmission"
PLACE = "/upload/abc"
GOOD = "img_name,label\na.png,1\nb.png,0\nc.png,1\n"
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "submission.csv"
    path.write_text(GOOD)
    return path


@pytest.fixture
def server(kaggle):
    """Kaggle, as the client sees it: it gives a place, takes the file, then the submission."""
    place = {"token": "ticket", "createUrl": f"{kaggle.url}{PLACE}"}
    kaggle.posts[START] = loopback.answer(place)
    kaggle.puts[PLACE] = lambda _body: (201, {}, b"")
    kaggle.posts[FINISH] = loopback.answer({"message": "Successfully submitted", "ref": 7})
    return kaggle


def write(path, text):
    path.write_bytes(text.encode())
    return path


def listening(answerers, path, heard):
    """Note in `heard` what is sent to `path`."""
    answer = answerers[path]
    answerers[path] = lambda body: heard.append(body) or answer(body)


@pytest.mark.usefixtures("token")
def test_the_file_reaches_kaggle_with_its_message(server, good, capsys):
    asked, sent, handed_in = [], [], []
    listening(server.posts, START, asked)
    listening(server.puts, PLACE, sent)
    listening(server.posts, FINISH, handed_in)
    receipt = submit(good, "https://www.kaggle.com/c/fighting-malaria", message="first try")
    (start,) = map(json.loads, asked)
    assert start["competitionName"] == "fighting-malaria"
    assert start["fileName"] == "submission.csv"
    assert int(start["contentLength"]) == len(GOOD)
    assert sent == [GOOD.encode()]
    (finish,) = map(json.loads, handed_in)
    assert finish == {
        "competitionName": "fighting-malaria",
        "blobFileTokens": "ticket",
        "submissionDescription": "first try",
    }
    assert receipt.to_json() == {
        "path": str(good),
        "n_cells": 3,
        "n_parasitized": 2,
        "competition": "fighting-malaria",
        "answer": "Successfully submitted",
        "page": "https://www.kaggle.com/competitions/fighting-malaria/submissions",
    }
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("step", [START, FINISH])
@pytest.mark.parametrize(
    ("status", "message", "sentence"),
    [
        (400, "Your team has used its daily allowance", "refuses it .*: Your team has used its"),
        (401, "Unauthorized", "Kaggle does not know the token"),
        (403, "You must accept this competition's rules", "competitions/fighting-malaria/rules"),
        (404, "Not found", "Kaggle knows no competition 'fighting-malaria'"),
        (429, "Too many requests", "too many requests"),
        (503, "Down", r"out of order \(it answers 503\)"),
    ],
)
def test_refusals_are_one_sentence(server, good, step, status, message, sentence):
    server.posts[step] = loopback.refusal(status, message)
    with pytest.raises(FetchError, match=sentence) as caught:
        submit(good, "fighting-malaria")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_upload_that_fails_is_not_handed_in(server, good, status):
    server.puts[PLACE] = lambda _body: (status, {}, b"")
    server.posts[FINISH] = lambda _body: pytest.fail("nothing should be handed in")
    with pytest.raises(FetchError, match=r"the upload of .*submission\.csv to Kaggle broke off"):
        submit(good, "fighting-malaria")


def test_no_token_says_where_to_put_one(server, good, capsys):
    server.posts[START] = lambda _body: pytest.fail("nothing should be sent")
    with pytest.raises(FetchError, match=r"no Kaggle token .* the variable KAGGLE_API_TOKEN"):
        submit(good, "fighting-malaria")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("token", "no_network")
def test_no_network_is_one_sentence(good):
    with pytest.raises(FetchError, match=r"^Kaggle cannot be reached; check the network"):
        submit(good, "fighting-malaria")


def test_missing_client_says_how_to_install_it(monkeypatch, good):
    monkeypatch.setitem(sys.modules, "kaggle", None)
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    with pytest.raises(FetchError, match=r"pip install 'laveran\[kaggle\]'"):
        submit(good, "fighting-malaria")


def test_a_wrong_name_or_file_is_found_before_kaggle_is_asked(good, tmp_path):
    with pytest.raises(ConfigError, match="is no name of a Kaggle competition"):
        submit(good, "https://www.kaggle.com/t/abc")
    with pytest.raises(LabelsError, match=r"cannot read the submission .*none\.csv"):
        submit(tmp_path / "none.csv", "fighting-malaria")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.removesuffix("\n"),
        "Id,Predicted\n1,1\n2,0\n3,1\n",
        "label,img_name\n1,a.png\n0,b.png\n1,c.png\n",
        'img_name,label\n"a,1.png",1\nb.png,0\nc.png,1\n',
    ],
)
def test_what_can_be_scored(tmp_path, text):
    found = check_submission(write(tmp_path / "s.csv", text))
    assert (found.n_cells, found.n_parasitized) == (3, 2)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", r"s\.csv has no rows"),
        ("\n", "line 1: an empty row"),
        ("img_name,label\n", "has no rows"),
        ("a.png,1\nb.png,0\n", "has no header"),
        ("img_name,label\na.png,1\n\nb.png,0\n", "line 3: an empty row"),
        ("img_name,label\na.png,1\n\n", "line 3: an empty row"),
        ("img_name,label\na.png,1\n,\n", "line 3: an empty row"),
        ("img_name,label\na.png,\n", "line 2: 'a.png,' is not two columns"),
        ("img_name,label\n ,1\n", "line 2: ' ,1' is not two columns"),
        ("img_name,label,p\na.png,1,0.9\n", "line 1: 'img_name,label,p' is not two columns"),
        ("img_name;label\na.png;1\n", "line 1: 'img_name;label' is not two columns"),
        ("img_name,label\na.png,1\na.png,1\n", "line 3: 'a.png' is there twice"),
        ("img_name,label\na.png,0.93\n", "line 2: the class is '0.93', not 0 or 1"),
        ("img_name,label\na.png,Parasitized\n", "line 2: the class is 'Parasitized'"),
        ("img_name,label\na.png,2\n", "line 2: the class is '2'"),
        ('img_name,label\n"a.png,1\n', "no CSV in UTF-8"),
    ],
)
def test_what_cannot_be_scored(tmp_path, text, fault):
    with pytest.raises(LabelsError, match=fault):
        check_submission(write(tmp_path / "s.csv", text))


@pytest.mark.parametrize("content", [b"img_name,label\n\xe4.png,1\n", "a,b\n1,1".encode("utf-16")])
def test_other_text_than_utf8_is_refused(tmp_path, content):
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(LabelsError, match="no CSV in UTF-8"):
        check_submission(tmp_path / "s.csv")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(LabelsError, match="cannot read the submission"):
        check_submission(tmp_path)


@pytest.mark.parametrize(
    ("sample", "fault"),
    [
        (GOOD, None),
        ("img_name,label\na.png,0\nb.png,0\nc.png,0\n", None),
        ("img_name,label\na.png,\nb.png,\nc.png,\n", None),
        ("Id,label\na.png,0\nb.png,0\nc.png,0\n", "columns img_name, label, and .* Id, label"),
        (
            "img_name,label\na.png,0\nb.png,0\nc.png,0\nd.png,0\n",
            "lacks .* for .1, such as 'd.png'",
        ),
        ("img_name,label\na.png,0\nb.png,0\n", "nobody asks for .1, such as 'c.png'"),
        ("img_name,label\nb.png,0\na.png,0\nc.png,0\n", "in another order"),
        ("img_name;label\na.png;0\nb.png;0\nc.png;0\n", "'img_name,label' is not two columns"),
    ],
)
def test_the_sample_decides(good, tmp_path, sample, fault):
    like = write(tmp_path / "sample.csv", sample)
    if fault is None:
        assert check_submission(good, like).n_cells == 3
    else:
        with pytest.raises(LabelsError, match=fault):
            check_submission(good, like)
