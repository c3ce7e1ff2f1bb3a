"""What all commands show alike."""

from laveran.cli import show


def test_without_a_terminal_progress_is_a_line_now_and_then(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(show, "monotonic", lambda: clock[0])
    with show.progress() as watch:
        for done, now in ((1, 1.0), (2, 61.0), (3, 62.0), (1000, 130.0)):
            clock[0] = now
            watch("fold 1", done, 1200 if done > 2 else None, {"loss": 0.25})
    assert (
        capsys.readouterr().err == "fold 1: 2  loss 0.2500\nfold 1: 1,000 of 1,200  loss 0.2500\n"
    )
