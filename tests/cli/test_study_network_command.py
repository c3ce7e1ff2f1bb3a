"""`laveran study network` on the command line."""


def test_a_page_is_written(laveran, tmp_path):
    page = tmp_path / "network.html"
    ended = laveran("study", "network", "--out", page)
    assert ended.code == 0
    assert ended.out.startswith(f"{page}: 32 layers, 250,050 weights, ")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_faults_are_one_sentence(refused, tmp_path):
    out = tmp_path / "network.html"
    assert "cannot open" in refused("study", "network", tmp_path / "none.png", "--out", out)
    assert "holds no network.json" in refused("study", "network", "--model", tmp_path, "--out", out)
    assert not out.exists()
