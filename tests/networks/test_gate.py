import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from laveran.errors import ModelError
from laveran.networks.gate import FILE, Gate, load, save


def some_gate(seed=0, dimensions=5, kept=3, prototypes=4):
    generator = torch.Generator().manual_seed(seed)
    return Gate(
        torch.randn(dimensions, generator=generator),
        torch.randn(dimensions, kept, generator=generator),
        torch.randn(prototypes, kept, generator=generator),
    )


@given(seed=st.integers(0, 99))
def test_the_distance_is_that_to_the_nearest_prototype(seed):
    gate = some_gate(seed)
    embedding = np.random.default_rng(seed).normal(size=(6, 5)).astype(np.float32)
    place = (embedding - gate.mean.numpy()) @ gate.basis.numpy()
    apart = place[:, np.newaxis] - gate.prototypes.numpy()
    expected = np.linalg.norm(apart, axis=2).min(axis=1)
    np.testing.assert_allclose(gate(torch.from_numpy(embedding)), expected, atol=1e-3)


def test_a_prototype_is_at_no_distance():
    gate = Gate(torch.zeros(2), torch.eye(2), torch.tensor([[1.0, 2.0]]))
    assert gate(torch.tensor([[1.0, 2.0]])).tolist() == [0]


def test_gates_come_back_from_their_file(tmp_path):
    gates = [some_gate(0), some_gate(1)]
    save(gates, tmp_path)
    embedding = torch.randn(7, 5, generator=torch.Generator().manual_seed(5))
    for gate, again in zip(gates, load(tmp_path), strict=True):
        assert torch.equal(gate(embedding), again(embedding))


@pytest.mark.parametrize("content", [None, b"no tensors", b""])
def test_a_missing_or_damaged_file_is_refused(content, tmp_path):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match="holds no outlier gate"):
        load(tmp_path)
