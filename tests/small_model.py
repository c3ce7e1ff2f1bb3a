"""A model file small enough to follow by hand: blue cells are parasitized, red ones are not.

Built with `onnx.helper` alone, so that the light side is tested without torch.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from laveran.model.contract import (
    METADATA_KEY,
    Contract,
    EvidenceMap,
    Golden,
    Interval,
    OperatingPoint,
    Training,
)

SIZE_PX = 8
STRIDE_PX = 2
WEIGHT = np.array([-9.0, 1.0, 8.0], np.float32)  # of mean R, G, B in 0..1
BIAS = 0.25
OPSET = [helper.make_opsetid("", 18)]
FIGURE = Interval(value=0.9, low=0.8, high=0.95)
BLUE, RED = (60, 20, 200), (200, 20, 60)


def expected_logits(cells):
    """The logits that the graph should give, by numpy: float64 [N] of uint8 [N, S, S, 3]."""
    return (cells / 255).mean((1, 2)) @ WEIGHT.astype(np.float64) + BIAS


def expected_probabilities(cells):
    return 1 / (1 + np.exp(-expected_logits(cells)))


def golden_cell():
    return np.random.default_rng(7).integers(0, 256, (SIZE_PX, SIZE_PX, 3), dtype=np.uint8)


def small_contract(**changes):
    """The contract of `small_graph`; `changes` replace fields."""
    cell = golden_cell()[np.newaxis]
    fields = {
        "laveran_version": "0.1.0",
        "crop": "letterbox-v1",
        "size_px": SIZE_PX,
        "network": "a mean of colours",
        "temperature": 1.0,
        "operating_points": (
            OperatingPoint(name="accuracy", threshold=0.5, sensitivity=FIGURE, specificity=FIGURE),
            OperatingPoint(
                name="never",
                threshold=1.0,
                sensitivity=FIGURE,
                specificity=FIGURE,
                accuracy=FIGURE,
                blank=FIGURE,
            ),
            OperatingPoint(name="always", threshold=0.0, sensitivity=FIGURE, specificity=FIGURE),
        ),
        "training": Training(
            recipe="none",
            cells=1,
            patients=1,
            sources=("drawn",),
            data_sha256="00",
            species="none",
            synthetic=True,
        ),
        "figures": {"n_cells": 1, "accuracy": FIGURE},
        "protocol": "made up for tests",
        "optimistic": False,
        "licence": "Apache-2.0",
        "weights_sha256": "00",
        "evidence": EvidenceMap(bias=BIAS, stride_px=STRIDE_PX),
        "golden": Golden.of(
            cell[0], float(expected_logits(cell)[0]), float(expected_probabilities(cell)[0])
        ),
    }
    return Contract(**(fields | changes))


def small_graph(weight=WEIGHT, batch="N", size_px=SIZE_PX):
    """cells -> maps (means of 2 x 2 pixels, 0..1) -> evidence, embedding, logit, probability."""
    constants = {
        "white": np.float32(255),
        "weight": weight.astype(np.float32).reshape(3, 1),
        "bias": np.float32(BIAS),
        "map_axes": np.array([2, 3]),
        "one": np.array([1]),
        "last": np.array([3]),
    }
    nodes = [
        helper.make_node("Cast", ["cells"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["numbers", "white"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["maps"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("ReduceMean", ["maps", "map_axes"], ["embedding"], keepdims=0),
        helper.make_node("Transpose", ["maps"], ["places"], perm=[0, 2, 3, 1]),
        helper.make_node("MatMul", ["places", "weight"], ["weighted"]),
        helper.make_node("Squeeze", ["weighted", "last"], ["evidence"]),
        helper.make_node("MatMul", ["embedding", "weight"], ["column"]),
        helper.make_node("Squeeze", ["column", "one"], ["row"]),
        helper.make_node("Add", ["row", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    side = size_px // STRIDE_PX
    outputs = {
        "probability": [batch],
        "logit": [batch],
        "embedding": [batch, 3],
        "evidence": [batch, side, side],
    }
    shape = [batch, size_px, size_px, 3]
    return helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("cells", TensorProto.UINT8, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )


def with_output(name, dims, source):
    """A graph with one more output, that is another name for `source`."""
    graph = small_graph()
    graph.initializer.append(numpy_helper.from_array(WEIGHT, "three"))
    graph.node.append(helper.make_node("Identity", [source], [name]))
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))
    return graph


def small_model(graph=None, metadata=None):
    """The model as protobuf; `metadata` is a contract, a text or a dict, by default it fits."""
    model = helper.make_model(graph or small_graph(), opset_imports=OPSET, ir_version=10)
    metadata = small_contract() if metadata is None else metadata
    if isinstance(metadata, Contract):
        metadata = metadata.model_dump_json()
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    helper.set_model_props(model, {METADATA_KEY: text})
    onnx.checker.check_model(model)
    return model


def write_small_model(path, graph=None, metadata=None):
    """Write it and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small_model(graph, metadata).SerializeToString())
    return path


def picture(colour, height=12, width=10):
    """A cell of one colour, uint8 [H, W, 3]."""
    return np.full((height, width, 3), colour, np.uint8)
