"""What a model file says of itself: one JSON value, versioned, checked on load.

It travels in the ONNX file's metadata under the key `laveran`.
"""

from __future__ import annotations

import base64
import zlib
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from laveran.cells.crop import PROCEDURES
from laveran.cells.manifest import CLASSES
from laveran.errors import ConfigError, ModelError

METADATA_KEY = "laveran"
SCHEMA_VERSION = 1

ACCURACY = "accuracy"  # the homework's operating point: meets the labels as published


class _Part(BaseModel):
    """Immutable; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Interval(_Part):
    """A figure with its 95% interval; null where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


class OperatingPoint(_Part):
    """A named threshold: cells whose probability reaches it are called parasitized.

    Attributes:
        name: "accuracy" (meets the labels as published), "probability=0.5", or such as
            "specificity=0.99".
        threshold: On the calibrated probability, 0..1.
        sensitivity: On cells of patients that did not choose the threshold, labels as published.
        specificity: Likewise.
        accuracy: Likewise.
        blank: Likewise, the share of the cells of control patients called parasitized.
    """

    name: str
    threshold: float = Field(ge=0, le=1)
    sensitivity: Interval
    specificity: Interval
    accuracy: Interval = Interval(value=None)
    blank: Interval = Interval(value=None)


class Training(_Part):
    """What the model was trained on, and by which recipe."""

    recipe: str
    cells: int = Field(ge=1)
    patients: int = Field(ge=0)
    sources: tuple[str, ...]
    data_sha256: str
    species: str
    synthetic: bool = False
    start_weights_sha256: str | None = None


class EvidenceMap(_Part):
    """Of the output `evidence`: `mean(evidence) + bias == logit`.

    Attributes:
        bias: What the logit would be if the cell showed nothing.
        stride_px: Pixels of the input from one unit of the map to the next.
    """

    bias: float
    stride_px: float = Field(gt=0)


class OutlierGate(_Part):
    """Of the output `outlier`: how far a picture is from all cells that were trained on.

    Attributes:
        threshold: 99% of cells of unseen patients of the training site lie below it.
    """

    threshold: float = Field(gt=0)


class Golden(_Part):
    """An input and what the model answered when it was exported.

    Attributes:
        cells: Base64 of the zlib-packed bytes of uint8 [1, S, S, 3].
        logit: The logit of that cell.
        probability: Its probability.
    """

    cells: str
    logit: float
    probability: float

    @classmethod
    def of(cls, cell: NDArray[np.uint8], logit: float, probability: float) -> Self:
        """The golden of one input cell uint8 [S, S, 3]."""
        packed = base64.b64encode(zlib.compress(cell.tobytes(), 9)).decode()
        return cls(cells=packed, logit=logit, probability=probability)

    def cell(self, size_px: int) -> NDArray[np.uint8]:
        """The input, uint8 [1, S, S, 3].

        Raises:
            ValueError: If the bytes are damaged or of another size.
        """
        try:
            unpacked = zlib.decompressobj().decompress(
                base64.b64decode(self.cells, validate=True), 3 * size_px * size_px + 1
            )
        except zlib.error as error:
            raise ValueError(str(error)) from error
        return np.frombuffer(unpacked, dtype=np.uint8).reshape(1, size_px, size_px, 3)


class Contract(_Part):
    """Everything an embedder must know of a model and could get wrong.

    Attributes:
        schema_version: Version of this schema.
        laveran_version: Of the package that exported the model.
        crop: Name of the crop-to-input procedure (`laveran.cells.crop`).
        size_px: Side S of the input `cells` uint8 [N, S, S, 3] RGB.
        classes: Names of the classes 0 and 1.
        network: The network in one line.
        temperature: What the raw logit was divided by; it is inside the graph.
        operating_points: Named thresholds with what they do; the first is the default.
        training: What it was trained on.
        figures: Figures on patients never seen in training, by name.
        readings: Figures on cells of such patients drawn at random that all readers read alike,
            which are taken as the truth; empty where nobody read again.
        protocol: How those figures were got, in one sentence.
        optimistic: Whether cells of one patient stood on both sides, or the recipe was chosen on
            the cells of the figures.
        licence: Of the weights.
        weights_sha256: Of the weights before export.
        evidence: Of the evidence map; None for networks without maps.
        gate: Of the outlier gate; None where none was fitted.
        members: Networks whose average this is; more than 1 for an ensemble.
        golden: Self-check at load.
    """

    schema_version: Literal[1] = 1
    laveran_version: str
    crop: str
    size_px: int = Field(ge=1, le=4096)
    classes: tuple[str, str] = CLASSES
    network: str
    temperature: float = Field(gt=0)
    operating_points: tuple[OperatingPoint, ...] = Field(min_length=1)
    training: Training
    figures: dict[str, Interval | int]
    readings: dict[str, Interval | int] = {}
    protocol: str
    optimistic: bool
    licence: str
    weights_sha256: str
    evidence: EvidenceMap | None
    gate: OutlierGate | None = None
    members: int = Field(1, ge=1)
    golden: Golden

    @field_validator("crop")
    @classmethod
    def _known_crop(cls, name: str) -> str:
        if name not in PROCEDURES:
            raise ValueError(f"unknown crop procedure {name!r}, update laveran")
        return name

    @field_validator("classes")
    @classmethod
    def _our_classes(cls, classes: tuple[str, str]) -> tuple[str, str]:
        if classes != CLASSES:
            raise ValueError(f"the classes must be {CLASSES}")
        return classes

    @property
    def default_point(self) -> str:
        """Name of the operating point to call at where nobody names another: the first."""
        return self.operating_points[0].name

    def operating_point(self, name: str) -> OperatingPoint:
        """The operating point called `name`.

        Raises:
            ConfigError: If the model has none of that name.
        """
        for point in self.operating_points:
            if point.name == name:
                return point
        known = ", ".join(point.name for point in self.operating_points)
        raise ConfigError(f"the model has no operating point {name!r}; it has {known}")


def parse_contract(text: str | None, where: str) -> Contract:
    """The contract in a model file's metadata; `where` names the file in errors.

    Raises:
        ModelError: If it is missing, of an unknown version, or malformed.
    """
    if not text:
        raise ModelError(f"{where} carries no Laveran metadata; export it with laveran")
    try:
        contract = Contract.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "metadata"
        if place == "schema_version":
            raise ModelError(
                f"{where} has metadata of version {first['input']!r:.40}, this Laveran reads "
                f"version {SCHEMA_VERSION}; update laveran or export the model again"
            ) from error
        reason = first["msg"].removeprefix("Value error, ")
        raise ModelError(f"{where}: its metadata is not valid: {place:.80}: {reason}") from error
    if "schema_version" not in contract.model_fields_set:
        raise ModelError(f"{where} has metadata without a schema_version; export the model again")
    return contract
