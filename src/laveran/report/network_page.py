"""The page of a network in space: a cell enters, its layers stand as stacks of maps."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.report.network_scene import NetworkScene
from laveran.report.packing import pack_bytes
from laveran.report.page import STYLES, render_page
from laveran.report.pictures import TOWARDS_PARASITIZED, TOWARDS_UNINFECTED

SCRIPTS = (
    "network_numbers.js",
    "network_units.js",
    "network_space.js",
    "network_camera.js",
    "network_drawing.js",
    "network_lines.js",
    "network_panel.js",
    "network_hands.js",
    "network.js",
)
DARKEST, BRIGHTEST = 3.0, 90.0  # lightness of nothing and of the strongest


def render(scene: NetworkScene) -> str:
    """The page as HTML: one file without any outside asset, with the network's own numbers."""
    return render_page(
        "network.html.j2",
        styles=(*STYLES, "network.css"),
        scripts=SCRIPTS,
        scene=scene,
        data=scene.to_json() | {"ramp": pack_bytes(ramp())},
    )


def ramp() -> NDArray[np.uint8]:
    """The colours of values from -1 to 1: orange below zero, black at zero, violet above.

    Lightness grows evenly with the absolute value, in CIELAB, so the scale can be read without
    the hues; those are the page's own of evidence and told apart by colour-blind readers too.

    Returns:
        RGB uint8 [255, 3]; zero is number 127.

    Example:
        >>> ramp()[127].tolist()
        [11, 11, 11]
    """
    value = np.linspace(-1, 1, 255, dtype=np.float32)
    strength = np.abs(value)
    hue = np.where(value[:, None] > 0, TOWARDS_PARASITIZED, TOWARDS_UNINFECTED)
    chroma = strength * (3.6 - 3.1 * strength)  # none at black, most half way
    lightness = DARKEST + (BRIGHTEST - DARKEST) * strength
    lab = np.concatenate([lightness[:, None], hue * chroma[:, None]], axis=1)  # [255, 3]
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    colours: NDArray[np.uint8] = (np.clip(rgb, 0, 1) * 255).round().astype(np.uint8)
    return colours
