"""The explanation of a cell in a real browser: offline, without errors, at any width."""

import numpy as np
import pytest

from browser import browsing
from laveran.report.explain_page import (
    CellMap,
    Excitement,
    ExplainReport,
    Inside,
    LayerMaps,
    NamedCell,
    SanityLine,
    render,
)


def report():
    draw = np.random.default_rng(0)
    picture = draw.integers(1, 256, (32, 32, 3), dtype=np.uint8)
    fine = draw.normal(size=(32, 32)).astype(np.float32)
    coarse = draw.normal(size=(4, 4)).astype(np.float32)
    cell = NamedCell(
        "<img src=x onerror=fail()>.png", "C1", "parasitized", picture, 0.5, (0.2, 0.8)
    )
    return ExplainReport(
        picture="<script>fail()</script>",
        model="runs/first",
        image=picture,
        cell=picture,
        probability=0.9,
        logit=2.2,
        call="parasitized",
        learned_readings=True,
        evidence=coarse,
        outlier=3.0,
        gate=2.0,
        inside=Inside(
            maps=[CellMap("occlusion", fine), CellMap("integrated gradients", fine)],
            fall=1.5,
            cams=[CellMap("grad-cam", np.abs(coarse), "0.2")],
            filters=draw.normal(size=(40, 3, 5, 5)).astype(np.float32),
            layers=[LayerMaps("0.2", "ReLU", draw.random((70, 8, 8), np.float32))],
            sanity=[
                SanityLine("occlusion", ("head", "0.0"), (0.5, 0.1), (0.6, 0.2), survives=False),
                SanityLine("evidence", ("head", "0.0"), (0.9, 0.8), (0.9, 0.9), survives=True),
            ],
            excitement=Excitement("0.2:3", "You named it.", picture, 9.0, 1.0, [cell] * 12),
            neighbours=[cell] * 12,
        ),
        notes=("a note",),
    )


def test_the_page_names_the_map_that_survives_and_escapes_names():
    page = render(report())
    assert "A map survives:</strong> evidence." in page
    assert "Unlike the cells that were learned from" in page
    assert "the 64 maps of the greatest spread" in page
    assert "<script>fail()" not in page
    assert "<img src=x" not in page


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    (folder / "explain.html").write_text(render(report()), encoding="utf-8")
    with browsing(folder / "profile") as opened:
        opened.open((folder / "explain.html").as_uri())
        yield opened


@pytest.mark.slow
def test_the_page_loads_without_a_complaint_or_a_request(tab):
    assert "fail()" in tab.run("document.querySelector('h1').innerText")
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
    broken = "[...document.images].filter((each) => !each.naturalWidth).length"
    assert tab.run(broken) == 0


@pytest.mark.slow
def test_maps_of_a_layer_unfold(tab):
    shown = "document.querySelector('.layer .layer-maps').offsetParent !== null"
    assert tab.run(shown) is True
    tab.run("document.querySelector('.layer summary').click()")
    assert tab.run("document.querySelector('.layer').open") is False


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_never_scrolls_sideways(tab, width):
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    assert tab.run("document.documentElement.scrollWidth") <= width
