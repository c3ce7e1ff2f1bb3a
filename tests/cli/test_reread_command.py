"""`laveran reread` on the command line: a page, and the score of what was read."""

import json


def test_a_page_is_written_and_scored(laveran, cells, tmp_path):
    page, labels = tmp_path / "page.html", tmp_path / "labels.csv"
    labels.write_text("img_name,label\na,1\nb,0\n")
    ended = laveran("reread", cells, labels, "--sample", 2, "--out", page)
    assert ended.code == 0
    key = tmp_path / "page_key.csv"
    assert ended.out == (
        f"{page}: 2 cells, 2 of them at random\n"
        f"{key}: what the ids stand for; keep it from whoever reads\n"
    )
    ids = [line.partition(",")[0] for line in key.read_text().splitlines()[1:]]
    tables = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for table in tables:
        table.write_text("id,reading\n" + "".join(f"{name},none\n" for name in ids))
    scored = laveran("reread", "--score", *tables, "--key", key)
    assert scored.code == 0
    assert f"{tables[0]}, random part:\n  n cells                         2\n" in scored.out
    assert "  wrong parasitized               1.0000 (" in scored.out
    assert f"{tables[0]} and {tables[1]}, random part:\n" in scored.out
    printed = json.loads(laveran("reread", "--score", tables[0], "--key", key, "--json").out)
    assert printed["readers"][0]["noise"]["random"]["wrong_uninfected"]["value"] == 0
    assert printed["pairs"] == []


def test_a_page_as_json(laveran, cells, tmp_path):
    ended = laveran("reread", cells, "--out", tmp_path / "page.html", "--json")
    summary = json.loads(ended.out)
    assert (summary["n_random"], summary["n_disputed"]) == (2, 0)


def test_wrong_usage_is_exit_code_2(laveran, cells, tmp_path):
    ended = laveran("reread", cells, cells, cells)
    assert ended.code == 2
    assert "give DATA and LABELS, no more" in " ".join(ended.err.split())
    ended = laveran("reread", "--score", tmp_path / "a.csv")
    assert ended.code == 2
    assert "--score needs --key" in " ".join(ended.err.split())
    assert laveran("reread").code == 2


def test_faults_are_one_sentence(refused, cells, tmp_path):
    out = tmp_path / "page.html"
    assert "cannot open" in refused("reread", tmp_path / "none.zip", "--out", out)
    assert "is not the folder of a finished run" in refused(
        "reread", cells, "--disputed", tmp_path, "--out", out
    )
    assert "cannot read the table" in refused(
        "reread", "--score", tmp_path / "a.csv", "--key", tmp_path / "key.csv"
    )
    assert not out.exists()
