"""A look inside an ONNX file before any runtime sees it: it must be whole in itself.

A tensor that lies in another file could be swapped, or point anywhere on the disk.
The format is protobuf; only the few fields on the way to a tensor are followed
(onnx.proto of ONNX 1.x), and what a runtime might read otherwise than we do is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from laveran.errors import ModelError

# message -> field number -> message it holds, for all messages on a way to TensorProto
_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL = {13, 14}  # of TensorProto: external_data, data_location (0 or absent: in the file)
_GRAPH = 7
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_KEY = 1 << 32  # protobuf's own reader drops higher bits: two readers would see two files
_OTHERS = {
    b"PK\3\4": "a zip, as data and torch checkpoints are",
    b"\x80": "a pickle, which could run any code and is never opened",
}


def check_self_contained(data: bytes, where: str) -> None:
    """Refuse bytes that are no ONNX model, or one with tensors in other files.

    Args:
        data: The whole file.
        where: Names the file in errors.

    Raises:
        ModelError: If so.
    """
    if not data:
        raise ModelError(f"{where} is empty (0 bytes); get or export it again")
    for magic, kind in _OTHERS.items():
        if data.startswith(magic):
            raise ModelError(f"{where} is {kind}; give the ONNX file that laveran exported")
    try:
        has_graph = any(number == _GRAPH for number, _ in _fields(memoryview(data)))
        external = _has_external(memoryview(data), "model")
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{where} is no ONNX model, or cut off: {error}") from error
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
        if kind == "tensor" and number in _EXTERNAL and value != 0:
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
        if not 8 <= key < _MAX_KEY:
            raise ValueError("a field has a number that does not exist")
        wire = key & 7
        value: memoryview | int = 0
        if wire == _VARINT:
            value, place = _varint(message, place)
        elif wire == _BYTES:
            length, place = _varint(message, place)
            value, place = message[place : place + length], place + length
        elif wire in (_FIXED32, _FIXED64):
            place += 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} is not in use")
        if place > len(message):
            raise ValueError("it ends in the middle of a field")
        yield key >> 3, value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """A base-128 number of at most 64 bits and the place after it."""
    value = 0
    for shift, byte in enumerate(message[place : place + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, place + shift + 1
    raise ValueError("a number is cut off or too long")
