"""From a trained network to the one file that runs without torch."""

from __future__ import annotations

import logging
import warnings
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
from laveran.networks.network import Network

OUTPUTS = ("probability", "logit", "embedding", "evidence")
OPSET = 18
PARITY = 1e-4  # largest difference of a probability between torch and the exported file


class Exported(nn.Module):
    """The network with everything that an embedder could forget: layout, scale, temperature."""

    def __init__(self, network: Network, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """uint8 [N, S, S, 3] -> the tensors that `OUTPUTS` names, as a model file has them."""
        reading = self.network.read(cells.permute(0, 3, 1, 2).float())
        logit = reading.logit / self.temperature
        return torch.sigmoid(logit), logit, reading.embedding, reading.evidence / self.temperature


def evidence_bias(network: Network, temperature: float) -> float:
    """The `bias` of the law `mean(evidence) + bias == logit`."""
    return float(network.head.bias.detach()) / temperature


def export(network: Network, contract: Contract, path: Path, cells: NDArray[np.uint8]) -> float:
    """Write `network` as a model file and check that it answers as torch does.

    Args:
        network: Trained network, in evaluation mode.
        contract: What the file says of itself; its temperature goes into the graph.
        path: The file to write, whole or not at all.
        cells: Prepared cells uint8 [N, S, S, 3] to compare on, N at least 1.

    Returns:
        The largest difference of a probability.

    Raises:
        ModelError: If that difference is 1e-4 or more; no file is left then.
    """
    whole = Exported(network.cpu(), contract.temperature).eval()
    with files.replacing(path) as scratch:
        scratch.write_bytes(_onnx_bytes(whole, contract))
        with torch.no_grad():
            expected = whole(torch.from_numpy(cells))[0].numpy()
        difference = float(np.abs(load(scratch).answer(cells).probability - expected).max())
        if not difference < PARITY:
            raise ModelError(
                f"the exported model differs from the network by {difference:.2g} in probability "
                f"(allowed is {PARITY}); nothing was written to {path}"
            )
    return difference


def _onnx_bytes(whole: Exported, contract: Contract) -> bytes:
    """The graph with its metadata as one ONNX file."""
    example = torch.zeros(2, contract.size_px, contract.size_px, 3, dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's advice to its own developers
        try:
            program: Any = torch.onnx.export(
                whole,
                (example,),
                input_names=[INPUT],
                output_names=list(OUTPUTS),
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
