"""The page of an autoencoder, and the histogram of its scores."""

import numpy as np
import pytest

from browser import browsing
from laveran.metrics import Figure
from laveran.report.autoencoder_page import (
    LOSS_GAIN,
    AutoencoderFigures,
    AutoencoderPage,
    Rebuilt,
    Trait,
    Way,
    render,
)
from laveran.report.score_histogram import score_histogram

GREY = np.full((8, 8, 3), 90, np.uint8)
STRIP = np.full((8, 64, 3), 90, np.uint8)


def make_page(**changes):
    figures = AutoencoderFigures(
        n_train=1400, n_test=600, n_test_patients=27, bound=15000.4, reconstruction=15100.2,
        divergence=99.8, sigma=12.0, error=21.04, error_on_cells=17.3, pca_error=23.1,
        pca_error_on_cells=24.6, used=31,
        anomaly_auroc=Figure(0.812, 0.75, 0.86), bound_auroc=Figure(0.7, 0.6, 0.8), seconds=51.2,
    )  # fmt: skip
    cells = [Rebuilt("a.png", "P1", "parasitized", GREY, GREY // 2, 33.4)]
    settings = {
        "variational": True,
        "latent": 64,
        "epochs": 2,
        "size_px": 8,
        "uninfected_only": False,
        "optimistic": False,
        "notes": (),
        "figures": figures,
        "history": [
            {"epoch": epoch, "sigma": 0.1, "seconds": 1.0}
            | {f"{part}_{term}": 100.0 * epoch for part in ("train", "test")
               for term in ("bound", "reconstruction", "divergence")}
            for epoch in (1, 2)
        ],
        "rebuilt": cells,
        "ways": [Way("a.png", "b.png", STRIP, STRIP)],
        "samples": STRIP,
        "traits": [Trait(7, 0.98, STRIP)],
        "strangest": cells,
        "plainest": cells,
        "y_true": np.array([0, 1, 1]),
        "anomaly": np.array([10.0, 30.0, 25.0], np.float32),
    }  # fmt: skip
    return AutoencoderPage(**settings | changes)


def test_a_variational_page_tells_the_bound(parse):
    page = parse(render(make_page()))
    for said in (
        "A variational autoencoder squeezes each cell of 8 \N{MULTIPLICATION SIGN} 8 pixels",
        "learned from 1,400 cells in 2 epochs, without their labels",
        "of 27 other patients",
        "17.3",
        "with the black around it 21.0",
        "leave 24.6 and 23.1.",
        "0.750 to 0.860; 0.5 is chance",
        "15,100 for the reconstruction less 100 for the code",
        "31of 64 numbers",
        "Number 7 standard deviation 0.98",
        "worst spot 33",
        "arXiv:1312.6114, eq. 3",
    ):
        assert said in " ".join(page.text.split()), said
    assert len(page.having("figure", class_="panel")) == 5
    assert len(page.having("img", alt="What comes back of it")) == 3
    assert page.having("div", class_="warning") == []


def test_a_plain_page_speaks_of_no_bound_and_no_prior(parse):
    page = parse(render(make_page(variational=False)))
    assert "An autoencoder squeezes" in page.text
    assert "it is no bound below the likelihood" in page.text
    assert "has no distribution to draw a code from" in page.text
    assert "Divergence" not in page.text
    assert len(page.having("figure", class_="panel")) == 3


def test_doubts_come_first(parse):
    page = parse(render(make_page(optimistic=True, notes=["a note"], uninfected_only=True)))
    assert len(page.having("div", class_="warning")) == 1
    assert "a note" in page.text
    assert "1,400 uninfected cells" in " ".join(page.text.split())


def test_no_way_where_a_class_lacks(parse):
    assert "lack a class" in parse(render(make_page(ways=[]))).text


def test_names_are_text_whatever_they_hold(parse):
    evil = "<script>fail()</script>"
    cells = [Rebuilt(evil, evil, "parasitized", GREY, GREY, 1.0)]
    html = render(
        make_page(
            rebuilt=cells, strangest=cells, notes=[evil], ways=[Way(evil, evil, STRIP, STRIP)]
        )
    )
    assert "<script>fail" not in html
    assert parse(html).text.count("fail()") >= 4


def test_what_is_lost_is_brightened_and_never_wraps(parse):
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    one, other = Rebuilt("", "", "", black, white, 0), Rebuilt("", "", "", white, black, 0)
    assert LOSS_GAIN > 1
    assert one.views[2] == other.views[2] == one.views[1]


def test_every_score_stands_in_a_column(parse):
    scores = np.concatenate([np.arange(50.0), [1e6]])
    labels = np.arange(51) % 2
    drawn = score_histogram(labels, scores, "a score")
    titles = [line.split("<")[0] for line in drawn.split("<title>")[1:]]
    counted = {name: sum(int(t.split()[-2]) for t in titles if t.endswith(f" {name}"))
               for name in ("parasitized", "uninfected")}  # fmt: skip
    assert counted == {"parasitized": 25, "uninfected": 26}
    assert "51 cells" in parse(drawn).having("svg")[0]["aria-label"]


@pytest.mark.parametrize("scores", [[1.0, 1.0], [5.0], [-3.0, 3.0]])
def test_few_scores_and_one_class_are_drawn(parse, scores):
    parse(score_histogram(np.ones(len(scores), int), scores, "a score"))


@pytest.mark.slow
def test_in_a_browser_nothing_is_fetched_and_nothing_scrolls_sideways(tmp_path):
    page = tmp_path / "autoencoder.html"
    page.write_text(render(make_page()), encoding="utf-8")
    with browsing(tmp_path / "profile") as tab:
        tab.open(page.as_uri())
        for width in (360, 1400):
            tab.send(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=800, deviceScaleFactor=1, mobile=False,
            )  # fmt: skip
            assert tab.run("document.documentElement.scrollWidth") <= width
        broken = "[...document.images].filter((image) => !image.naturalWidth).length"
        assert tab.run(broken) == 0
        assert tab.complaints == []
        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
