"""A model is one file: every way to a tensor that lies elsewhere is found."""

from collections import deque

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from laveran.errors import ModelError
from laveran.model.onnx_file import check_self_contained
from small_model import small_model

WHERE = "some.onnx"
GRAPH_KEY = 7 << 3 | 2  # ModelProto.graph, of a length that follows


def is_refused(data):
    """Whether the bytes are refused, which no other error than ours and one sentence may do."""
    sentence = None
    try:
        check_self_contained(data, WHERE)
    except ModelError as error:
        sentence = str(error)
    assert sentence is None or (sentence.startswith(WHERE) and "\n" not in sentence)
    return sentence is not None


def make_external(tensor):
    """Let `tensor` lie in another file."""
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def has_external(message):
    """As `check_self_contained` should see it, by protobuf's own reflection."""
    if isinstance(message, TensorProto):
        return bool(message.external_data) or message.data_location == TensorProto.EXTERNAL
    return any(
        has_external(child)
        for field, value in message.ListFields()
        if field.message_type is not None
        for child in (value if field.is_repeated else (value,))
    )


def ways_to_tensors():
    """For every field between two messages, the shortest way from a model over it to a tensor.

    Found in the descriptors of the installed `onnx`: a new field of a new version is a new test.
    """
    down = {ModelProto.DESCRIPTOR.full_name: ()}
    fields, queue = [], deque([ModelProto.DESCRIPTOR])
    while queue:
        message = queue.popleft()
        for field in message.fields:
            child = field.message_type
            if child is None or message is TensorProto.DESCRIPTOR:
                continue
            fields.append(field)
            if child.full_name not in down:
                down[child.full_name] = (*down[message.full_name], field)
                queue.append(child)
    to_tensor = {TensorProto.DESCRIPTOR.full_name: ()}
    for _ in fields:
        for field in fields:
            rest = to_tensor.get(field.message_type.full_name)
            if rest is not None:
                to_tensor.setdefault(field.containing_type.full_name, (field, *rest))
    ways = [
        (*down[field.containing_type.full_name], field, *to_tensor[field.message_type.full_name])
        for field in fields
        if field.message_type.full_name in to_tensor
    ]
    return {".".join(field.name for field in way): way for way in ways}


WAYS = ways_to_tensors()


def follow(message, way):
    """The message at the end of `way`, made on the way."""
    for field in way:
        child = getattr(message, field.name)
        message = child.add() if field.is_repeated else child
    message.SetInParent()
    return message


def test_the_ways_are_those_that_the_format_is_known_for():
    assert {
        "graph.initializer",
        "graph.sparse_initializer.values",
        "graph.sparse_initializer.indices",
        "graph.node.attribute.t",
        "functions.attribute_proto.tensors",
        "functions.attribute_proto.g.initializer",
        "functions.node.attribute.t",
    } <= set(WAYS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sign", ["location", "data"])
def test_an_external_tensor_is_found_wherever_it_is(way, sign):
    model = small_model()
    tensor = follow(model, WAYS[way])
    assert not is_refused(model.SerializeToString())
    if sign == "location":
        tensor.data_location = TensorProto.EXTERNAL
    else:
        tensor.external_data.add(key="location", value="weights.bin")
    with pytest.raises(ModelError, match="keeps tensors in other files; a model must be one file"):
        check_self_contained(model.SerializeToString(), WHERE)


def test_an_external_tensor_in_a_branch_of_an_if_is_found():
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "hidden")
    make_external(tensor)
    output = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [3])
    branch = helper.make_graph([], "branch", [], [output], [tensor])
    inner = helper.make_node("If", ["sure"], ["x"], then_branch=branch, else_branch=branch)
    outer = helper.make_graph([inner], "outer", [], [output])
    model = small_model()
    model.graph.node.append(
        helper.make_node("If", ["sure"], ["y"], then_branch=outer, else_branch=outer)
    )
    assert is_refused(model.SerializeToString())


def test_a_tensor_that_says_it_is_embedded_passes():
    model = small_model()
    for tensor in model.graph.initializer:
        tensor.data_location = TensorProto.DEFAULT
    assert not is_refused(model.SerializeToString())


def test_files_that_onnx_itself_saves(tmp_path):
    path = tmp_path / "model.onnx"
    weights = np.zeros((64, 64), np.float32)
    model = small_model()
    model.graph.initializer.append(numpy_helper.from_array(weights, "large"))
    onnx.save(model, path)
    assert not is_refused(path.read_bytes())
    onnx.save(model, path, save_as_external_data=True, location="weights.bin")
    assert is_refused(path.read_bytes())


def varint(number, length=0):
    """A base-128 number, with empty bytes appended up to `length`."""
    low, rest = number & 0x7F, number >> 7
    more = rest or length > 1
    return bytes([low | (0x80 if more else 0)]) + (varint(rest, length - 1) if more else b"")


@pytest.mark.parametrize("high", [1 << 32, 1 << 34, 1 << 60])
def test_a_key_that_two_readers_take_for_two_fields_is_refused(high):
    """onnxruntime drops the higher bits of a key and so finds a graph that others skip."""
    hidden = small_model().graph
    make_external(hidden.initializer[0])
    data = hidden.SerializeToString()
    decoy = small_model().SerializeToString()
    assert is_refused(decoy + varint(GRAPH_KEY | high) + varint(len(data)) + data)


def test_a_number_may_be_written_longer_than_it_needs_to_be():
    hidden = small_model().graph
    make_external(hidden.initializer[0])
    data = hidden.SerializeToString()
    decoy = small_model().SerializeToString()
    assert is_refused(decoy + varint(GRAPH_KEY, 5) + varint(len(data), 5) + data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\x08", "is no ONNX model, or cut off: a number is cut off"),
        (b"\x08" + b"\xff" * 11, "a number is cut off or too long"),
        (b"\x08\x0a", "it has no graph"),
        (b"\x3a\x05ab", "it ends in the middle of a field"),
        (b"\x0d\x01\x02", "it ends in the middle of a field"),
        (b"\x09\x01\x02", "it ends in the middle of a field"),
        (b"\x0b\x0c", "wire type 3 is not in use"),
        (b"\x02\x00", "a field has a number that does not exist"),
        (b"\x80\x04\x95", "is a pickle"),
        (b"PK\x03\x04", "is a zip"),
    ],
)
def test_bytes_that_are_no_model(data, reason):
    with pytest.raises(ModelError, match=f"^{WHERE} .*{reason}"):
        check_self_contained(data, WHERE)


def test_graphs_nested_beyond_all_reason_are_refused():
    data = b""
    for _ in range(2000):  # graph > node > attribute > graph ...
        attribute = b"\x32" + varint(len(data)) + data
        node = b"\x2a" + varint(len(attribute)) + attribute
        data = b"\x0a" + varint(len(node)) + node
    assert is_refused(b"\x3a" + varint(len(data)) + data)


TENSORS = st.builds(
    lambda external, raw: TensorProto(
        raw_data=raw, data_location=TensorProto.EXTERNAL if external else None
    ),
    st.booleans(),
    st.binary(max_size=4),
)


def graphs(subgraphs):
    """Graphs with tensors as initializers, as attributes, sparse, and in `subgraphs`."""

    def build(initializers, attributes, sparse, subgraphs):
        graph = onnx.GraphProto(name="g", initializer=initializers)
        graph.sparse_initializer.extend(
            onnx.SparseTensorProto(values=values, indices=indices) for values, indices in sparse
        )
        node = graph.node.add(op_type="Constant")
        for tensor in attributes:
            node.attribute.add(name="value", t=tensor)
        node.attribute.add(name="all", tensors=attributes)
        for subgraph in subgraphs:
            node.attribute.add(name="then_branch", g=subgraph)
            node.attribute.add(name="branches", graphs=[subgraph])
        return graph

    some = st.lists(TENSORS, max_size=2)
    return st.builds(
        build,
        some,
        some,
        st.lists(st.tuples(TENSORS, TENSORS), max_size=1),
        subgraphs,
    )


@settings(max_examples=200)
@given(st.recursive(graphs(st.just([])), lambda inner: graphs(st.lists(inner, max_size=2))))
def test_a_model_is_refused_exactly_if_a_tensor_of_it_is_external(graph):
    model = ModelProto(ir_version=10, graph=graph)
    assert is_refused(model.SerializeToString()) == has_external(model)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence_or_pass(data):
    is_refused(data)


@settings(max_examples=300)
@given(st.data())
def test_whatever_protobuf_reads_as_external_is_refused(data):
    """Damage a model with an external tensor: as long as protobuf still sees one, so do we."""
    model = small_model()
    make_external(model.graph.initializer[0])
    damaged = bytearray(model.SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        seen = has_external(ModelProto.FromString(bytes(damaged)))
    except DecodeError:
        seen = False
    assert is_refused(bytes(damaged)) or not seen
