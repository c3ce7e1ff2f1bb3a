"""What a fit leaves in its folder: weights, model file, predictions, figures, report."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

import laveran
from laveran.cells.crop import procedure
from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.cells.synthetic_dataset import is_synthetic
from laveran.metrics.intervals import plain_figures
from laveran.model.contract import Contract, EvidenceMap, Golden, Interval, OutlierGate, Training
from laveran.model.runtime import load
from laveran.networks.backbone import BackboneSpec
from laveran.networks.gate import Gate
from laveran.networks.gate import save as save_gates
from laveran.networks.network import Network, save
from laveran.report.examples import Example
from laveran.report.run_report import RunReport
from laveran.report.run_report import write as write_report
from laveran.training.calibration import Calibration, operating_points
from laveran.training.export import Exported, export
from laveran.training.finding import Finding, Scored
from laveran.training.folder import RunFolder
from laveran.training.job import Job

PARITY_CELLS = 256  # real cells on which the model file must answer as torch does
MISTAKES = 24  # of each kind, in the report


@dataclass(frozen=True)
class Product:
    """What a training made.

    Attributes:
        members: The network, or those whose average counts.
        gates: The outlier gate of each.
        outlier_threshold: Where the gate closes.
        calibration: Temperature and thresholds.
        history: A row an epoch.
        best_epoch: The epoch whose weights were kept.
    """

    members: Sequence[Network]
    gates: Sequence[Gate]
    outlier_threshold: float
    calibration: Calibration
    history: list[dict[str, float]]
    best_epoch: int


def publish(
    job: Job, folder: RunFolder, product: Product, parts: NDArray[np.str_], finding: Finding
) -> None:
    """Write everything that a run folder holds; `metrics.json`, which says "finished", last.

    Args:
        job: What was asked.
        folder: Where to write.
        product: What came of it.
        parts: The part or fold of each cell [N].
        finding: The figures to publish with it.
    """
    if job.writes:
        folder.write_cells(job.feed.manifest, parts.tolist())
        folder.write_history(product.history)
        members = [member.cpu() for member in product.members]
        save(members, job.recipe.network, job.recipe.size_px, folder.path)
        save_gates(product.gates, folder.path)
        exported = Exported(members, product.calibration.temperature, product.gates).eval()
        contract = _contract(job, folder, product, exported, parts, finding)
        sample = np.linspace(0, len(job.labels) - 1, PARITY_CELLS).astype(int)
        parity = export(exported, contract, folder.model, job.feed.pictures[sample])
        folder.write_predictions(finding.predictions)
        write_report(_report(job, contract, finding), folder.report)
        folder.write_metrics(
            {
                **finding.to_json(),
                "temperature": product.calibration.temperature,
                "outlier_threshold": product.outlier_threshold,
                "operating_points": [p.model_dump() for p in contract.operating_points],
                "best_epoch": product.best_epoch,
                "export_parity": parity,
                "history": product.history,
            }
        )
    job.accelerator.wait_for_everyone()


def _contract(
    job: Job,
    folder: RunFolder,
    product: Product,
    exported: Exported,
    parts: NDArray[np.str_],
    finding: Finding,
) -> Contract:
    """What the model file says of itself."""
    recipe, manifest, calibration = job.recipe, job.feed.manifest, product.calibration
    fitted = ~np.isin(parts, ("valid", "test"))
    weights = (folder.path / "weights.safetensors").read_bytes()
    golden, evidence = _golden(job, exported)
    return Contract(
        laveran_version=laveran.__version__,
        crop=recipe.crop,
        size_px=recipe.size_px,
        network=_one_line(job, exported),
        temperature=calibration.temperature,
        operating_points=operating_points(calibration.thresholds, finding.operating_figures),
        training=Training(
            recipe=recipe.name,
            cells=int(fitted.sum()),
            patients=len(set(job.groups[fitted])) if job.unit == "patient" else 0,
            sources=tuple(sorted({Path(cell.source).name for cell in manifest})),
            data_sha256=manifest.checksum,
            species=job.species,
            synthetic=is_synthetic(manifest),
            start_weights_sha256=product.members[0].start_sha256,
        ),
        figures=_intervals(finding.evaluation.to_json()),
        readings=_intervals(plain_figures(finding.reread_figures)),
        protocol=finding.protocol,
        optimistic=finding.optimistic,
        licence=job.licence,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        evidence=evidence,
        gate=OutlierGate(threshold=product.outlier_threshold),
        members=len(exported.members),
        golden=golden,
    )


def _intervals(figures: Mapping[str, Any]) -> dict[str, Interval | int]:
    """Plain figures as a contract holds them."""
    return {
        name: Interval(**value) if isinstance(value, Mapping) else value
        for name, value in figures.items()
    }


def _golden(job: Job, exported: Exported) -> tuple[Golden, EvidenceMap | None]:
    """A drawn cell (no patient's) with the network's answer, and what its evidence map is like."""
    rng = np.random.default_rng(0)
    image = draw_cell(rng, draw_patient(rng), "ring").image
    size_px = job.recipe.size_px
    cell = procedure(job.recipe.crop)(image, size_px)
    with torch.no_grad():
        answer = exported(torch.from_numpy(cell[np.newaxis]))
    found = dict(zip(exported.outputs, answer, strict=True))
    golden = Golden.of(cell, float(found["logit"]), float(found["probability"]))
    if not exported.has_maps:
        return golden, None
    stride_px = size_px / found["evidence"].shape[-1]
    return golden, EvidenceMap(bias=exported.bias, stride_px=stride_px)


def _one_line(job: Job, exported: Exported) -> str:
    """The network in one line."""
    spec = job.recipe.network
    name = str(spec.family)
    if isinstance(spec, BackboneSpec):
        name = spec.name if spec.stages is None else f"{spec.name} up to stage {spec.stages}"
    parameters = sum(weight.numel() for weight in exported.members.parameters())
    return f"{name}, {parameters:,} parameters, {job.recipe.size_px} px"


def _report(job: Job, contract: Contract, finding: Finding) -> RunReport:
    """The page of this finding."""
    predictions = finding.predictions
    return RunReport(
        title=f"Training with the recipe {job.recipe.name}",
        protocol=finding.protocol,
        evaluation=finding.evaluation,
        names=predictions.names,
        patients=predictions.patients,
        y_true=predictions.y_true,
        y_prob=predictions.y_prob,
        called=predictions.called_by_default,
        threshold=contract.operating_point(contract.default_point).threshold,
        operating_point=contract.default_point,
        operating_points=finding.operating_figures,
        reread=finding.reread,
        notes=finding.notes,
        optimistic=finding.optimistic,
        synthetic=is_synthetic(job.feed.manifest),
        history=finding.history(),
        mistakes=_mistakes(job, finding),
        data=_data_summary(job),
        skipped=job.feed.skipped,
        recipe=job.recipe.to_toml(),
        versions={
            "laveran": laveran.__version__,
            "torch": torch.__version__,
            "onnxruntime": onnxruntime.__version__,
            "python": platform.python_version(),
        },
    )


def _data_summary(job: Job) -> dict[str, str | int]:
    """The data in rows: what, how many."""
    manifest, labels, groups = job.feed.manifest, job.labels, job.groups
    infected = set(groups[labels == 1])
    summary: dict[str, str | int] = {
        "source": ", ".join(sorted({Path(cell.source).name for cell in manifest})),
        "cells": len(manifest),
        "parasitized": int((labels == 1).sum()),
        "uninfected": int((labels == 0).sum()),
    }
    if job.unit == "patient":
        summary["patients with parasitized cells"] = len(infected)
        summary["control patients"] = len(set(groups) - infected)
    summary["skipped"] = len(job.feed.skipped)
    return summary


def _mistakes(job: Job, finding: Finding) -> list[Example]:
    """The worst mistakes, each with the evidence of the network that made it."""
    place = {name: index for index, name in enumerate(job.feed.manifest.names)}
    examples: list[Example] = []
    for scored in finding.scored:
        examples += _mistakes_of_one(job, scored, place)
    worst = sorted(examples, key=lambda example: -example.loss)
    return [
        example for label in (0, 1) for example in [e for e in worst if e.label == label][:MISTAKES]
    ]


def _mistakes_of_one(job: Job, scored: Scored, place: Mapping[str, int]) -> list[Example]:
    """The worst mistakes of one fit, of each kind."""
    predictions = scored.predictions
    wrong = predictions.called_by_default != (predictions.y_true == 1)
    examples: list[Example] = []
    model = load(scored.folder.path)
    for label in (0, 1):
        rows = np.flatnonzero(wrong & (predictions.y_true == label))
        doubt = predictions.logit[rows] * (1 if label else -1)
        rows = rows[np.argsort(doubt, kind="stable")[:MISTAKES]]
        if not len(rows):
            continue
        cells = np.stack([job.feed.pictures[place[predictions.names[row]]] for row in rows])
        evidence = model.answer(cells).evidence
        examples += [
            Example(
                predictions.names[row],
                predictions.patients[row] if job.unit == "patient" else "",
                label,
                float(predictions.y_prob[row]),
                cell,
                evidence[index] if evidence is not None else None,
            )
            for index, (row, cell) in enumerate(zip(rows, cells, strict=True))
        ]
    return examples
