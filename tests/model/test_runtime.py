"""Loading and running a model file: what it answers, and everything that is refused."""

import pickle
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, helper, numpy_helper

from laveran.cells.crop import stretch
from laveran.errors import DataError, ModelError
from laveran.model.contract import Golden, OutlierGate
from laveran.model.runtime import BATCH, Model, load
from small_model import (
    BIAS,
    BLUE,
    RED,
    SIZE_PX,
    WEIGHT,
    expected_logits,
    expected_probabilities,
    golden_cell,
    picture,
    small_contract,
    small_graph,
    small_model,
    with_output,
    write_small_model,
)

CELLS = np.random.default_rng(1).integers(0, 256, (150, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
GATED = small_contract(gate=OutlierGate(threshold=1.0))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load(write_small_model(tmp_path_factory.mktemp("run") / "model.onnx"))


def refusal(path):
    """The one sentence by which `load` refuses a file."""
    with pytest.raises(ModelError) as caught:
        load(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def renamed(graph, old, new):
    """`graph` with an input or output called otherwise."""
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]
    for value in (*graph.input, *graph.output):
        value.name = new if value.name == old else value.name
    return graph


def without_output(name):
    graph = small_graph()
    kept = [output for output in graph.output if output.name != name]
    del graph.output[:]
    graph.output.extend(kept)
    return graph


# What a model answers


def test_the_answer_is_what_the_graph_says(model):
    answer = model.answer(CELLS)
    np.testing.assert_allclose(answer.logit, expected_logits(CELLS), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(answer.probability, expected_probabilities(CELLS), atol=1e-6)
    assert answer.probability.dtype == np.float32
    assert answer.embedding.shape == (150, 3)
    assert answer.evidence.shape == (150, 4, 4)
    assert answer.outlier is None
    assert answer.disagreement is None


def test_the_evidence_of_a_file_adds_up_to_its_logit(model):
    answer = model.answer(CELLS)
    total = answer.evidence.mean((1, 2)) + model.contract.evidence.bias
    np.testing.assert_allclose(total, answer.logit, rtol=1e-5, atol=1e-5)


def test_probabilities_alone_are_those_of_the_answer(model):
    np.testing.assert_array_equal(
        model.probabilities(CELLS[:BATCH]), model.answer(CELLS).probability[:BATCH]
    )


def test_no_cells_have_no_answer(model):
    nothing = model.answer(CELLS[:0])
    assert nothing.probability.shape == (0,)
    assert nothing.evidence.shape == (0, 4, 4)
    assert model.predict([]).shape == (0,)
    assert model.predict([]).dtype == np.float32


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=5))
def test_predict_takes_pictures_of_any_size(model, shapes):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]
    prepared = np.stack([model.prepare(image) for image in images])
    np.testing.assert_array_equal(model.predict(images), model.probabilities(prepared))
    np.testing.assert_allclose(
        model.predict(images), expected_probabilities(prepared), rtol=1e-4, atol=1e-6
    )


def test_more_pictures_than_a_batch_keep_their_order(model):
    images = [picture(BLUE if number % 3 else RED) for number in range(2 * BATCH + 3)]
    called = model.predict(images) >= 0.5
    assert called.tolist() == [bool(number % 3) for number in range(len(images))]


def test_extreme_shapes_can_be_prepared(model):
    for shape in ((1, 1), (1, 40_000), (40_000, 1)):
        assert model.predict([picture(BLUE, *shape)]).shape == (1,)


def test_a_view_of_pictures_is_as_good_as_a_copy(model):
    mirrored = CELLS[:, :, ::-1]
    np.testing.assert_array_equal(model.probabilities(mirrored), model.probabilities(+mirrored))
    turned = picture(BLUE, 12, 30)[::-1, ::2]
    np.testing.assert_array_equal(model.predict([turned]), model.predict([turned.copy()]))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((1, 4, 4, 3), np.uint8),
        "a.png",
    ],
)
def test_what_is_no_picture_is_refused_and_not_guessed_at(model, wrong):
    with pytest.raises(DataError, match=r"a picture must be RGB, uint8 \[H, W, 3\], not"):
        model.predict([wrong])


def test_a_picture_of_nothing_is_refused(model):
    with pytest.raises(DataError, match=r"not uint8 \[0, 5, 3\]"):
        model.predict([np.zeros((0, 5, 3), np.uint8)])


@pytest.mark.parametrize("wrong", [CELLS[0], CELLS[:, :4], CELLS / np.float32(255)])
def test_cells_that_are_not_prepared_are_refused(model, wrong):
    with pytest.raises(DataError, match=r"takes cells uint8 \[N, 8, 8, 3\], not .*; use prepare"):
        model.probabilities(wrong)


def test_the_crop_is_the_one_that_the_file_names(tmp_path):
    stretched = load(
        write_small_model(tmp_path / "m.onnx", metadata=small_contract(crop="stretch-v1"))
    )
    image = picture(BLUE, 5, 30)
    np.testing.assert_array_equal(stretched.prepare(image), stretch(image, SIZE_PX))


def test_many_threads_get_what_one_gets(model):
    batches = [CELLS[start : start + 10] for start in range(0, 150, 10)] * 8
    one = [model.answer(batch).logit for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda batch: model.answer(batch).logit, batches))
    np.testing.assert_array_equal(many, one)


def test_optional_outputs_are_handed_on(tmp_path):
    graph = with_output("outlier", ["N"], "logit")
    model = load(write_small_model(tmp_path / "m.onnx", graph, GATED))
    answer = model.answer(CELLS[:3])
    np.testing.assert_array_equal(answer.outlier, answer.logit)


def test_a_promised_output_must_be_there(tmp_path):
    assert "not those that its metadata" in refusal(
        write_small_model(tmp_path / "m.onnx", metadata=GATED)
    )
    assert "not those that its metadata" in refusal(
        write_small_model(tmp_path / "m.onnx", metadata=small_contract(members=3))
    )


def test_a_network_without_maps_leaves_evidence_out(tmp_path):
    path = write_small_model(
        tmp_path / "m.onnx", without_output("evidence"), small_contract(evidence=None)
    )
    assert load(path).answer(CELLS[:3]).evidence is None


# Where a model is


def test_a_run_folder_is_its_model_file(tmp_path):
    path = write_small_model(tmp_path / "run" / "model.onnx")
    assert load(path.parent).path == load(str(path)).path == path
    assert Model(path, threads=2).size_px == SIZE_PX


def test_a_missing_file_is_named(tmp_path):
    assert "there is no model at" in refusal(tmp_path / "none.onnx")


def test_a_folder_without_a_model_is_refused(tmp_path):
    assert "holds no model.onnx; is its training finished?" in refusal(tmp_path)


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = write_small_model(tmp_path / "m.onnx")

    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", denied)
    assert "cannot read the model" in refusal(path)


# What is no model


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    path.touch()
    assert "is empty (0 bytes)" in refusal(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_renamed_is_refused_and_not_opened(tmp_path, protocol):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    path = tmp_path / "model.onnx"
    path.write_bytes(pickle.dumps(Bomb(), protocol))
    sentence = refusal(path)
    assert "is a pickle" in sentence or "is no ONNX model" in sentence
    assert "is a pickle" in sentence or protocol < 2


def test_a_zip_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"...")
    assert "is a zip, as data and torch checkpoints are" in refusal(path)


@pytest.mark.parametrize("content", [b"a text\n", b"{}", b"\x89PNG\r\n\x1a\n", b"\x00" * 100])
def test_a_file_that_is_no_onnx_is_refused(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert "is no ONNX model" in refusal(path)


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    whole = small_model().SerializeToString()
    path = tmp_path / "model.onnx"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        refusal(path)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_byte_is_refused_or_changes_nothing_that_counts(tmp_path_factory, data):
    """Any one wrong byte: an error of ours, or a model that still passes its own check."""
    damaged = bytearray(small_model().SerializeToString())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "model.onnx"
    path.write_bytes(damaged)
    try:
        found = load(path)
    except ModelError:
        return
    golden = found.contract.golden
    assert abs(found.probabilities(golden.cell(found.size_px))[0] - golden.probability) <= 1e-3


def test_names_that_are_no_text_are_refused_in_silence(tmp_path, capfd):
    """onnxruntime would print about such a file, and try it once more."""
    whole = small_model().SerializeToString()
    path = tmp_path / "model.onnx"
    for name in (b"Sigmoid", b"a mean of colours", b"cells", b"evidence"):
        assert name in whole
        path.write_bytes(whole.replace(name, b"\xff" * len(name)))
        refusal(path)
    assert capfd.readouterr() == ("", "")


def test_an_operator_that_no_runtime_knows_is_refused(tmp_path):
    model = small_model()
    model.graph.node[-1].op_type = "Vaporise"
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert "cannot be run" in refusal(path)


def test_a_graph_that_fails_as_it_runs_is_refused(tmp_path):
    graph = small_graph()
    graph.node.insert(3, helper.make_node("Reshape", ["planes", "no_shape"], ["planes2"]))
    graph.node[4].input[0] = "planes2"
    graph.initializer.append(numpy_helper.from_array(np.array([7, 3, 8, 8]), "no_shape"))
    assert "fails when it is run" in refusal(write_small_model(tmp_path / "m.onnx", graph))


def test_a_file_of_the_runtimes_own_format_is_not_taken_for_one(tmp_path):
    """The name of its maker may make an ONNX file look like onnxruntime's own format."""
    model = small_model()
    model.ClearField("ir_version")
    model.ClearField("producer_name")
    disguised = b"\x12\x06aaORTM" + b"\x08\x0a" + model.SerializeToString()
    assert disguised[4:8] == b"ORTM"
    path = tmp_path / "model.onnx"
    path.write_bytes(disguised)
    np.testing.assert_allclose(
        load(path).probabilities(CELLS[:9]), expected_probabilities(CELLS[:9]), atol=1e-6
    )


# What is not a model of ours


@pytest.mark.parametrize(
    ("graph", "part"),
    [
        (renamed(small_graph(), "cells", "images"), "takes images tensor(uint8)"),
        (small_graph(size_px=16), "not cells uint8 [N, 8, 8, 3]"),
        (small_graph(batch=1), "not cells uint8 [N, 8, 8, 3]"),
        (renamed(small_graph(), "probability", "p"), "has the outputs p, logit"),
        (without_output("probability"), "has the outputs logit"),
        (without_output("logit"), "has the outputs probability, embedding, evidence"),
        (without_output("embedding"), "has the outputs probability, logit, evidence"),
        (without_output("evidence"), "not those that its metadata promises"),
        (with_output("surprise", ["N"], "logit"), "has the outputs"),
        (with_output("outlier", ["N"], "logit"), "not those that its metadata promises"),
    ],
)
def test_wrong_names_and_shapes_are_refused(tmp_path, graph, part):
    assert part in refusal(write_small_model(tmp_path / "m.onnx", graph))


@pytest.mark.parametrize(
    ("graph", "part"),
    [
        (with_output("outlier", ["N", 3], "embedding"), "with outlier float32 [1, 3]"),
        (with_output("outlier", ["M"], "three"), "one cell with outlier float32 [3]"),
    ],
)
def test_a_gates_output_has_one_value_a_cell(tmp_path, graph, part):
    assert part in refusal(write_small_model(tmp_path / "m.onnx", graph, GATED))


def test_a_float_input_is_refused(tmp_path):
    graph = small_graph()
    graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    path = write_small_model(tmp_path / "m.onnx", graph)
    assert "takes cells tensor(float)" in refusal(path)


def test_a_second_input_is_refused(tmp_path):
    graph = small_graph()
    graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["N"]))
    assert "more tensor(float)" in refusal(write_small_model(tmp_path / "m.onnx", graph))


def test_an_output_of_another_type_is_refused(tmp_path):
    graph = small_graph()
    graph.node.append(helper.make_node("Cast", ["logit"], ["disagreement"], to=TensorProto.FLOAT16))
    graph.output.append(helper.make_tensor_value_info("disagreement", TensorProto.FLOAT16, ["N"]))
    path = write_small_model(tmp_path / "m.onnx", graph, small_contract(members=2))
    assert "one cell with disagreement float16 [1]" in refusal(path)


def test_evidence_that_nobody_promised_is_refused(tmp_path):
    path = write_small_model(tmp_path / "m.onnx", metadata=small_contract(evidence=None))
    assert "not those that its metadata promises" in refusal(path)


# What does not answer as it did


@pytest.mark.parametrize("channel", range(3))
def test_tampered_weights_are_found(tmp_path, channel):
    weight = WEIGHT.copy()
    weight[channel] += 0.1
    sentence = refusal(write_small_model(tmp_path / "m.onnx", small_graph(weight)))
    assert "does not answer as it did when it was exported" in sentence


@pytest.mark.parametrize(
    ("logit", "probability"), [(0.0, None), (None, 0.1), (99.0, None), (None, 1.0)]
)
def test_either_golden_figure_counts(tmp_path, logit, probability):
    golden = small_contract().golden
    changed = Golden.of(
        golden_cell(),
        golden.logit if logit is None else logit,
        golden.probability if probability is None else probability,
    )
    path = write_small_model(tmp_path / "m.onnx", metadata=small_contract(golden=changed))
    assert "does not answer as it did" in refusal(path)


def test_a_tampered_golden_cell_is_found(tmp_path):
    cell = golden_cell()
    cell[:4] = 255
    golden = small_contract().golden
    changed = Golden.of(cell, golden.logit, golden.probability)
    path = write_small_model(tmp_path / "m.onnx", metadata=small_contract(golden=changed))
    assert "does not answer as it did" in refusal(path)


@pytest.mark.parametrize("packed", ["", "****", "QUJD", "é", "A" * 400])
def test_damaged_golden_bytes_are_refused(tmp_path, packed):
    golden = small_contract().golden.model_copy(update={"cells": packed})
    path = write_small_model(tmp_path / "m.onnx", metadata=small_contract(golden=golden))
    assert "its golden input is damaged" in refusal(path)


def test_a_network_that_answers_nan_is_refused(tmp_path):
    path = write_small_model(tmp_path / "m.onnx", small_graph(WEIGHT * np.float32("nan")))
    assert "does not answer as it did" in refusal(path)


def test_evidence_that_does_not_add_up_is_refused(tmp_path):
    evidence = small_contract().evidence.model_copy(update={"bias": BIAS + 0.1})
    path = write_small_model(tmp_path / "m.onnx", metadata=small_contract(evidence=evidence))
    assert "evidence adds up to" in refusal(path)


@given(arrays(np.uint8, (3, SIZE_PX, SIZE_PX, 3)))
def test_a_cell_has_one_answer_in_any_company(model, cells):
    together = model.probabilities(cells)
    alone = [model.probabilities(cells[index : index + 1])[0] for index in range(3)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


# Test-time augmentation


def corner_model(path, monkeypatch):
    """A model that looks at the top left pixel's red alone, and at each cell from eight sides."""
    model = load(path, tta=True)

    def run(cells, outputs):
        red = cells[..., 0].astype(np.float32) / 64
        logit = red[:, 0, 0]
        answers = {"logit": logit, "probability": 1 / (1 + np.exp(-logit)), "evidence": red}
        return [answers.get(name, logit) for name in outputs]

    monkeypatch.setattr(model, "_run", run)
    return model


@pytest.fixture
def path(tmp_path):
    return write_small_model(tmp_path / "m.onnx")


def test_the_logit_is_averaged_over_flips_and_turns(path, monkeypatch):
    model = corner_model(path, monkeypatch)
    corners = CELLS[:5, :: SIZE_PX - 1, :: SIZE_PX - 1, 0].astype(float).mean((1, 2)) / 64
    np.testing.assert_allclose(model.answer(CELLS[:5]).logit, corners, atol=1e-5)
    expected = 1 / (1 + np.exp(-corners))
    np.testing.assert_allclose(model.probabilities(CELLS[:5]), expected, atol=1e-6)
    assert model.probabilities(CELLS[:5]).dtype == np.float32


def test_the_evidence_lies_as_the_cell_does(path, monkeypatch):
    model = corner_model(path, monkeypatch)
    red = CELLS[:5, :, :, 0] / np.float32(64)
    np.testing.assert_allclose(model.answer(CELLS[:5]).evidence, red, atol=1e-5)


def test_what_does_not_depend_on_the_side_stays(path):
    plain, augmented = load(path).answer(CELLS), load(path, tta=True).answer(CELLS)
    np.testing.assert_allclose(augmented.logit, plain.logit, atol=1e-5)
    np.testing.assert_allclose(augmented.evidence, plain.evidence, atol=1e-5)
    np.testing.assert_allclose(augmented.embedding, plain.embedding, atol=1e-5)
