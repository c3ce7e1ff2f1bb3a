"""From a trained network to the one file that runs without torch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from laveran import files
from laveran.errors import ModelError
from laveran.model.contract import METADATA_KEY, Contract
from laveran.model.runtime import INPUT, load
from laveran.networks.gate import Gate
from laveran.networks.network import Network

OPSET = 18
PARITY = 1e-4  # largest difference of a probability between torch and the exported file


class Exported(nn.Module):
    """Networks with everything that an embedder could forget.

    That is: layout, scale, the average of an ensemble, temperature, the outlier gate. The
    average is taken of logits and of evidence, so that `mean(evidence) + bias == logit` holds
    for an ensemble too; its embedding is all members' side by side. Networks without maps give
    no `evidence`.

    Args:
        members: One network, or several with evidence maps of one size.
        temperature: What their mean logit is divided by.
        gates: One on each member's embedding, or none for no output `outlier`.
    """

    def __init__(
        self, members: Sequence[Network], temperature: float, gates: Sequence[Gate] = ()
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.temperature = temperature
        self.gates = nn.ModuleList(gates)

    @property
    def has_maps(self) -> bool:
        """Whether there is evidence to tell."""
        return all(member.has_maps for member in self._networks)

    @property
    def outputs(self) -> list[str]:
        """Names of what `forward` gives, in its order."""
        there = {
            "evidence": self.has_maps,
            "outlier": len(self.gates) > 0,
            "disagreement": len(self.members) > 1,
        }
        return ["probability", "logit", "embedding", *(name for name in there if there[name])]

    def forward(self, cells: Tensor) -> tuple[Tensor, ...]:
        """uint8 [N, S, S, 3] -> the tensors that `outputs` names, as a model file has them."""
        planes = cells.permute(0, 3, 1, 2).float()
        readings = [member.read(planes) for member in self._networks]
        logits = torch.stack([reading.logit for reading in readings]) / self.temperature  # [M, N]
        embeddings = [reading.embedding for reading in readings]
        evidence = [reading.evidence for reading in readings if reading.evidence is not None]
        logit = logits.mean(0)
        answer = [torch.sigmoid(logit), logit, torch.cat(embeddings, dim=1)]
        if evidence:
            answer.append((torch.stack(evidence) / self.temperature).mean(0))
        if len(self.gates):
            apart = [gate(each) for gate, each in zip(self.gates, embeddings, strict=True)]
            answer.append(torch.stack(apart).mean(0))
        if len(readings) > 1:
            answer.append(torch.sigmoid(logits).std(0))
        return tuple(answer)

    @property
    def bias(self) -> float:
        """The `bias` of the law `mean(evidence) + bias == logit`."""
        biases = [float(member.head.bias.detach()) for member in self._networks]
        return sum(biases) / len(biases) / self.temperature

    @property
    def _networks(self) -> list[Network]:
        """The members as what they are."""
        return [member for member in self.members if isinstance(member, Network)]


def export(exported: Exported, contract: Contract, path: Path, cells: NDArray[np.uint8]) -> float:
    """Write trained networks as a model file and check that it answers as torch does.

    Args:
        exported: What goes into the graph; on the CPU, in evaluation mode.
        contract: What the file says of itself.
        path: The file to write, whole or not at all.
        cells: Prepared cells uint8 [N, S, S, 3] to compare on, N at least 1.

    Returns:
        The largest difference of a probability.

    Raises:
        ModelError: If that difference is 1e-4 or more; no file is left then.
    """
    with files.replacing(path) as scratch:
        scratch.write_bytes(_onnx_bytes(exported, contract))
        with torch.no_grad():
            expected = exported(torch.from_numpy(cells))[0].numpy()
        difference = float(np.abs(load(scratch).answer(cells).probability - expected).max())
        if not difference < PARITY:
            raise ModelError(
                f"the exported model differs from the network by {difference:.2g} in probability "
                f"(allowed is {PARITY}); nothing was written to {path}"
            )
    return difference


def _onnx_bytes(exported: Exported, contract: Contract) -> bytes:
    """The graph with its metadata as one ONNX file."""
    example = torch.zeros(2, contract.size_px, contract.size_px, 3, dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's advice to its own developers
        try:
            program: Any = torch.onnx.export(
                exported,
                (example,),
                input_names=[INPUT],
                output_names=exported.outputs,
                dynamic_shapes=({0: torch.export.Dim("cells", min=1)},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            raise ModelError(f"torch cannot export {contract.network} to ONNX") from error
    model = program.model_proto
    _forget_origin(model.graph)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, contract.model_dump_json()
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _forget_origin(graph: Any) -> None:
    """Remove the exporter's notes: source lines with paths of this machine, beside each node."""
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
