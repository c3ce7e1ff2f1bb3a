import json
import signal
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from laveran.errors import ModelError
from laveran.networks.network import build
from laveran.networks.stack import plain
from laveran.training.checkpoint import (
    Checkpoint,
    network_tensors,
    optimizer_tensors,
    read_checkpoint,
    restore_optimizer,
)

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
groups = st.text("abcdefgh", min_size=1, max_size=4)
values = st.lists(st.floats(width=32), min_size=1, max_size=5).map(torch.tensor) | st.integers(
    -(2**40), 2**40
).map(torch.tensor)
tensors = st.dictionaries(groups, st.dictionaries(names, values, min_size=1, max_size=3))
numbers = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
)


@given(tensors, numbers)
def test_a_checkpoint_comes_back_as_it_went(tmp_path_factory, tensors, numbers):
    path = tmp_path_factory.mktemp("checkpoints") / "last.safetensors"
    Checkpoint(tensors, numbers).write(path)
    found = read_checkpoint(path)
    assert found.numbers == numbers
    assert {group: set(state) for group, state in found.tensors.items()} == {
        group: set(state) for group, state in tensors.items()
    }
    for group, state in tensors.items():
        for name, tensor in state.items():
            again = found.tensors[group][name]
            assert (again.dtype, again.shape) == (tensor.dtype, tensor.shape)
            assert again.numpy().tobytes() == tensor.numpy().tobytes()


def test_where_there_is_none_there_is_none(tmp_path):
    assert read_checkpoint(tmp_path / "last.safetensors") is None


def test_tensors_that_share_memory_are_written_apart(tmp_path):
    shared = torch.arange(6.0)
    state = {"whole": shared, "part": shared[2:4], "turned": shared.view(2, 3).T}
    Checkpoint({"network": state}).write(tmp_path / "a")
    found = read_checkpoint(tmp_path / "a").tensors["network"]
    assert found["part"].tolist() == [2, 3]
    assert found["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_no_pickle_is_written(tmp_path):
    Checkpoint({"a": {"b": torch.zeros(2)}}, {"epoch": 1}).write(tmp_path / "a")
    length = int.from_bytes((tmp_path / "a").read_bytes()[:8], "little")
    header = json.loads((tmp_path / "a").read_bytes()[8 : 8 + length])
    assert json.loads(header["__metadata__"]["numbers"]) == {"epoch": 1}


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
import torch
from laveran.training import checkpoint
def half(path, content):
    with open(path, "wb") as file:
        file.write(content[:200])
    os.kill(os.getpid(), signal.SIGKILL)
Path.write_bytes = half
state = checkpoint.Checkpoint({"network": {"weight": torch.ones(999)}}, {"epoch": 2})
state.write(Path(sys.argv[1]))
"""


def test_killed_while_writing_leaves_the_old_one(tmp_path):
    path = tmp_path / "last.safetensors"
    Checkpoint({"network": {"weight": torch.zeros(999)}}, {"epoch": 1}).write(path)
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert read_checkpoint(path).numbers == {"epoch": 1}
    assert len(list(tmp_path.iterdir())) == 2  # the half-written one lies hidden beside it


def test_an_error_while_writing_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "last.safetensors"
    Checkpoint({}, {"epoch": 1}).write(path)
    with pytest.raises(TypeError):
        Checkpoint({}, {"epoch": object()}).write(path)
    assert read_checkpoint(path).numbers == {"epoch": 1}
    assert [left.name for left in tmp_path.iterdir()] == ["last.safetensors"]


def cut(path):
    Checkpoint({"a": {"b": torch.zeros(99)}}).write(path)
    path.write_bytes(path.read_bytes()[:-40])


def numbers_that_are_no_json(path):
    save_file({"a/b": torch.zeros(2)}, path, metadata={"numbers": "{"})


@pytest.mark.parametrize(
    "make",
    [
        cut,
        numbers_that_are_no_json,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 a zip, as torch.save writes"),
        lambda path: torch.save({"a": 1}, path),
        lambda path: save_file({"a": torch.zeros(2)}, path),
        lambda path: save_file({"a": torch.zeros(2)}, path, metadata={"numbers": "{}"}),
        lambda path: save_file({"a/b": torch.zeros(2)}, path, metadata={"by": "another"}),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, make):
    path = tmp_path / "last.safetensors"
    make(path)
    with pytest.raises(ModelError, match="is no checkpoint of ours"):
        read_checkpoint(path)


def trained(steps):
    """A network and its optimizer after some steps; weights lie in memory as in a training."""
    torch.manual_seed(0)
    network = build(plain((4, 8)), 16).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    for step in range(steps):
        advance(network, optimizer, step)
    return network, optimizer


def advance(network, optimizer, step):
    cells = torch.rand((4, 3, 16, 16), generator=torch.Generator().manual_seed(step)) * 255
    optimizer.zero_grad()
    network(cells).square().sum().backward()
    optimizer.step()


def strides(optimizer):
    """How each of the optimizer's tensors lies in memory."""
    return {name: tensor.stride() for name, tensor in optimizer_tensors(optimizer).items()}


def test_an_optimizer_goes_on_where_it_was(tmp_path):
    network, optimizer = trained(3)
    state = {"network": network_tensors(network), "optimizer": optimizer_tensors(optimizer)}
    rates = {"groups": optimizer.state_dict()["param_groups"]}
    Checkpoint(state, rates).write(tmp_path / "a")
    saved = read_checkpoint(tmp_path / "a")
    again, other = trained(0)
    again.load_state_dict(saved.tensors["network"])
    restore_optimizer(other, saved.tensors["optimizer"], saved.numbers["groups"])
    assert strides(other) == strides(optimizer)
    for step in (3, 4):
        advance(network, optimizer, step)
        advance(again, other, step)
    assert all(map(torch.equal, network.parameters(), again.parameters()))


def test_copied_tensors_do_not_follow_the_network():
    network, optimizer = trained(1)
    copied = network_tensors(network)
    before = copied["head.weight"].clone()
    advance(network, optimizer, 1)
    assert torch.equal(copied["head.weight"], before)
    assert not torch.equal(network.head.weight, before)
