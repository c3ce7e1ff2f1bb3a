"""A look inside an ONNX file before any runtime sees it: it must be whole in itself.

A tensor that lies in another file could be swapped, or point anywhere on the disk.
The format is protobuf; only the few fields on the way to a tensor are followed
(onnx.proto of ONNX 1.x: ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
"""

from __future__ import annotations

from collections.abc import Iterator

from laveran.errors import ModelError

# message -> field number -> message it holds
_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_FIELDS = {
    13,
    14,
}  # TensorProto.external_data, .data_location (0, embedded, is not written)
_GRAPH = 7
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def check_self_contained(data: bytes, where: str) -> None:
    """Refuse bytes that are no ONNX model, or one with tensors in other files.

    Args:
        data: The whole file.
        where: Names the file in errors.

    Raises:
        ModelError: If so.
    """
    try:
        has_graph = any(number == _GRAPH for number, _ in _fields(memoryview(data)))
        external = _has_external(memoryview(data), "model")
    except (ValueError, IndexError, RecursionError) as error:
        raise ModelError(f"{where} is no ONNX model: {error}") from error
    if not has_graph:
        raise ModelError(f"{where} is no ONNX model: it has no graph")
    if external:
        raise ModelError(
            f"{where} keeps tensors in other files; a model must be one file, export it again"
        )


def _has_external(message: memoryview, kind: str) -> bool:
    """Whether any tensor in `message` lies in another file."""
    children = _CHILDREN[kind]
    for number, value in _fields(message):
        if kind == "tensor" and number in _EXTERNAL_FIELDS and value != 0:
            return True
        child = children.get(number)
        if child and isinstance(value, memoryview) and _has_external(value, child):
            return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Field numbers and values of a protobuf message; fixed-width values are given as 0."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field has number 0")
        if wire == _VARINT:
            value, place = _varint(message, place)
            yield number, value
        elif wire == _BYTES:
            length, place = _varint(message, place)
            if place + length > len(message):
                raise ValueError("it ends in the middle of a field")
            yield number, message[place : place + length]
            place += length
        elif wire in {_FIXED32, _FIXED64}:
            place += 4 if wire == _FIXED32 else 8
            yield number, 0
        else:
            raise ValueError(f"wire type {wire} is not in use")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """A base-128 number and the place after it."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
