"""The lesson on convolution: its first state, and in a browser its arithmetic and its hands."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from browser import browsing
from laveran.report.convolution_page import ConvolutionPage, FirstWindow, StackFilter, render
from laveran.study.convolution.arithmetic import cross_correlate, pool
from laveran.study.convolution.kernels import KERNELS, named_filters
from laveran.study.convolution.lesson import LECTURE_MAP, lecture_counts

SIDE, TOP, LEFT = 24, 5, 9
SOBEL = "Sobel, left to right"
MINUS = "\N{MINUS SIGN}"
PADDINGS = {"none": 0, "same": 1, "full": 2}


@pytest.fixture(scope="module")
def page():
    cell = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    crop = cell[TOP : TOP + 7, LEFT : LEFT + 7, 1].astype(float)
    kernel = KERNELS[SOBEL]
    first = FirstWindow(crop, kernel, cross_correlate(crop, kernel), crop[:3, :3] * kernel)
    filters = [StackFilter(*each) for each in named_filters()]
    filters.append(StackFilter("<learned>", np.full((3, 5, 5), 0.25), -1.0, 2))
    pooled = (LECTURE_MAP, pool(LECTURE_MAP))
    return ConvolutionPage(
        "<b>a cell", cell, (TOP, LEFT), SOBEL, first, KERNELS, filters, pooled, lecture_counts()
    )


def test_the_first_state_stands_without_a_script(page, parse):
    html = render(page)
    found = parse(html)
    assert "<b>a cell" in found.text
    assert "<learned>" in found.text
    for number in (*page.first.output.ravel(), *page.first.numbers.ravel()):
        assert f">{number:g}<".replace("-", MINUS) in html
    for weights in ("448", "3,073", "150,529", "150129"):
        assert weights in found.text
    assert [len(found.having("table", id=name)) for name in ("pool-in", "pool-out")] == [1, 1]


def test_the_script_gets_the_cell_and_the_filters(page):
    given = json.loads(json.dumps(page.for_script, allow_nan=False))
    assert (given["side"], given["crop"], given["cropSide"]) == (SIDE, [TOP, LEFT], 7)
    for kept, filter_ in zip(given["filters"], page.filters, strict=True):
        np.testing.assert_allclose(kept["weights"], filter_.weights, rtol=1e-4)
        assert (kept["bias"], kept["stride"]) == (filter_.bias, filter_.stride)


@pytest.fixture(scope="module")
def tab(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    (folder / "page.html").write_text(render(page), encoding="utf-8")
    with browsing(folder / "profile") as opened:
        opened.open((folder / "page.html").as_uri())
        yield opened


def computed(tab, function, *values):
    """What the page's own function makes of some values."""
    return tab.run(f"convolutionMath.{function}({', '.join(map(json.dumps, values))})")


def shown(tab, table):
    """The numbers of a table as they are shown."""
    rows = tab.run(
        f"[...document.getElementById('{table}').rows]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return np.array([[float(text.replace(MINUS, "-")) for text in row] for row in rows])


def press(tab, group, value):
    tab.run(f"document.querySelector('#{group} button[value=\"{value}\"]').click()")


def key(tab, table, name):
    tab.run(
        f"document.getElementById('{table}').dispatchEvent("
        f"new KeyboardEvent('keydown', {{key: '{name}', bubbles: true}}))"
    )


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_pages_convolution_is_torchs(tab, size, padding, stride):
    draw = np.random.default_rng(size + stride)
    stack, weights = draw.normal(size=(3, 11, 8)), draw.normal(size=(3, size, size))
    width = computed(tab, "paddingWidth", padding, size)
    settings = {"stride": stride, "padding": width}

    def torchs(stack, weights):
        batch, filters = torch.from_numpy(stack)[None], torch.from_numpy(weights.copy())[None]
        return functional.conv2d(batch, filters, **settings)[0, 0].numpy()

    for function, used in (
        ("crossCorrelate", weights[:1]),
        ("convolve", weights[:1, ::-1, ::-1]),
    ):
        ours = computed(tab, function, stack[0].tolist(), weights[0].tolist(), stride, width)
        expected = torchs(stack[:1], used)
        np.testing.assert_allclose(ours, expected, atol=1e-12)
        sides = [computed(tab, "outputSize", each, size, stride, width) for each in (11, 8)]
        assert sides == list(expected.shape)
    ours = computed(tab, "filtered", stack.tolist(), weights.tolist(), 0.75, stride, width)
    np.testing.assert_allclose(ours, torchs(stack, weights) + 0.75, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_the_pages_pooling_is_torchs(tab, size, stride):
    map_ = np.random.default_rng(size).normal(size=(8, 11))
    batch = torch.from_numpy(map_)[None, None]
    for mode, theirs in (("max", functional.max_pool2d), ("average", functional.avg_pool2d)):
        ours = computed(tab, "pool", map_.tolist(), size, stride, mode)
        np.testing.assert_allclose(ours, theirs(batch, size, stride)[0, 0], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.1, 1.0, 2.0])
def test_the_pages_activations_are_torchs(tab, alpha):
    values = [-30.0, -2.5, -1e-9, 0.0, 1e-9, 3.25]
    ours = [computed(tab, "elu", value, alpha) for value in values]
    np.testing.assert_allclose(
        ours, functional.elu(torch.tensor(values, dtype=torch.float64), alpha), 1e-12
    )
    bent = [computed(tab, "relu", value) for value in values]
    np.testing.assert_array_equal(bent, functional.relu(torch.tensor(values, dtype=torch.float64)))


@pytest.mark.slow
def test_the_first_state_is_what_the_script_shows(tab, page):
    np.testing.assert_array_equal(shown(tab, "numbers"), page.first.numbers)
    np.testing.assert_array_equal(shown(tab, "output"), page.first.output)
    np.testing.assert_array_equal(shown(tab, "pool-out"), [[6, 8], [3, 4]])


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("operation", ["correlation", "convolution"])
def test_buttons_change_the_map_and_its_size(tab, page, operation, padding, stride):
    for group, value in (("operation", operation), ("padding", padding), ("stride", stride)):
        press(tab, group, value)
    kernel = page.first.kernel[::-1, ::-1] if operation == "convolution" else page.first.kernel
    expected = cross_correlate(page.first.numbers, kernel, stride, PADDINGS[padding])
    np.testing.assert_array_equal(shown(tab, "used"), kernel)
    np.testing.assert_array_equal(shown(tab, "output"), expected)
    size = tab.run("document.getElementById('size').textContent")
    assert size.endswith(
        f"⌊(7 + 2·{PADDINGS[padding]} {MINUS} 3) / {stride}⌋ + 1 = {len(expected)}"
    )


@pytest.mark.slow
def test_keys_and_pointer_move_the_window(tab, page):
    for group, value in (("operation", "correlation"), ("padding", "none"), ("stride", "1")):
        press(tab, group, value)
    for name in ("ArrowUp", "ArrowLeft") * 9:
        key(tab, "numbers", name)
    for name in ("ArrowDown", "ArrowRight", "ArrowRight"):
        key(tab, "output", name)
    result = "document.getElementById('result').textContent.replace('\N{MINUS SIGN}', '-')"
    assert float(tab.run(result)) == page.first.output[1, 2]
    expected = page.first.numbers[1:4, 2:5] * page.first.kernel
    np.testing.assert_array_equal(shown(tab, "products"), expected)
    assert tab.run("document.getElementById('sum').textContent").startswith("y(2, 3) = ")
    tab.run(
        "document.getElementById('numbers').rows[5].cells[5]"
        ".dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}))"
    )
    assert float(tab.run(result)) == page.first.output[4, 4]


@pytest.mark.slow
def test_another_crop_and_a_kernel_of_ones_own(tab, page):
    tab.run("document.getElementById('kernel').querySelectorAll('input')[4].value = '-2.5'")
    tab.run("document.querySelector('#kernel input').dispatchEvent(new Event('input'))")
    key(tab, "cell", "ArrowDown")
    key(tab, "cell", "ArrowLeft")
    crop = page.cell[TOP + 1 : TOP + 8, LEFT - 1 : LEFT + 6, 1].astype(float)
    np.testing.assert_array_equal(shown(tab, "numbers"), crop)
    kernel = page.first.kernel.copy()
    kernel[1, 1] = -2.5
    expected = cross_correlate(crop, kernel)
    np.testing.assert_allclose(shown(tab, "output"), expected, atol=0.51)  # shown to 1 from 100 on
    pressed = "document.querySelectorAll('#kernels [aria-pressed=true]').length"
    assert tab.run(pressed) == 0


@pytest.mark.slow
def test_filters_are_chosen_and_counted(tab, page):
    last = "[...document.querySelectorAll('#filters button')].at(-1)"
    tab.run(f"{last}.click()")
    assert tab.run(f"{last}.getAttribute('aria-pressed')") == "true"
    tells = tab.run("document.getElementById('stack-tells').textContent")
    assert tells.startswith(
        "<learned>: 3 kernels of 5 \N{MULTIPLICATION SIGN} 5, one a channel, at stride 2"
    )
    assert tab.run("document.getElementById('stack-map').width") == SIDE // 2
    tab.run("document.getElementById('count-K').value = 128")
    tab.run("document.getElementById('count-C').value = 16")
    tab.run("document.getElementById('count').dispatchEvent(new Event('input'))")
    assert tab.run("document.getElementById('count-sum').value").endswith("= 18,560")


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_never_scrolls_sideways(tab, width):
    press(tab, "padding", "full")
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    assert tab.run("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_nothing_complained_and_nothing_was_asked_for(tab):
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
