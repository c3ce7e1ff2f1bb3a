import numpy as np
import pytest
import torch

from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.network import build
from laveran.networks.stack import plain
from laveran.training import batches
from laveran.training.batches import Cells, score

CPU = torch.device("cpu")
PICTURES = np.random.default_rng(0).integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)
LABELS = (np.arange(30) % 2).astype(np.float32)


def part(first, last, weights=None):
    return Cells(PICTURES, LABELS, np.arange(first, last), weights=weights)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build(plain((8, 8), per_stage=1), 16).eval()


def test_a_batch_holds_the_asked_cells_of_its_part():
    batch = part(10, 20).batch(np.array([3, 0]), CPU)
    assert torch.equal(batch.pictures[1], torch.from_numpy(PICTURES[13]).permute(2, 0, 1).float())
    assert batch.truth.tolist() == batch.targets.tolist() == [LABELS[10], LABELS[13]]
    assert batch.weights.tolist() == [1, 1]


def test_targets_stand_beside_the_labels():
    targets = np.linspace(0, 1, 30, dtype=np.float32)
    cells = Cells(PICTURES, LABELS, np.arange(10, 20), targets=targets)
    batch = cells.batch(np.array([3, 0]), CPU)
    assert batch.targets.tolist() == targets[[10, 13]].tolist()
    assert batch.truth.tolist() == [LABELS[10], LABELS[13]]


def test_a_batch_has_the_weights_of_its_cells():
    weights = np.arange(30, dtype=np.float32)
    assert part(10, 20, weights).batch(np.array([3, 0]), CPU).weights.tolist() == [10, 13]


def test_scores_come_in_order_whatever_the_batch(network, monkeypatch):
    with torch.no_grad():
        expected = network(part(0, 20).batch(np.arange(20), CPU).pictures).numpy()
    for size in (7, 20, 512):
        monkeypatch.setattr(batches, "SCORING_BATCH", size)
        found = score(network, part(0, 20), CPU).logit
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_no_cells_have_no_scores(network):
    scores = score(network, part(0, 0), CPU)
    assert scores.logit.shape == (0,)
    assert scores.embedding.shape == (0, network.head.in_features)


def test_the_embedding_is_what_the_head_reads(network):
    scores = score(network, part(0, 20), CPU)
    weight, bias = (value.detach().numpy() for value in network.head.parameters())
    np.testing.assert_allclose(scores.embedding @ weight[0] + bias, scores.logit, atol=1e-5)


def test_stacks_are_batched_and_scored_as_cells_are():
    stacks = np.random.default_rng(1).integers(0, 256, (5, 4, 16, 16, 3), dtype=np.uint8)
    cells = Cells(stacks, LABELS, np.arange(5))
    pictures = cells.batch(np.array([2]), CPU).pictures
    assert torch.equal(pictures[0], torch.from_numpy(stacks[2]).permute(3, 0, 1, 2).float())
    network = build(Conv3dSpec(filters=(4, 6)), 16).eval()
    with torch.no_grad():
        expected = network(cells.batch(np.arange(5), CPU).pictures).numpy()
    np.testing.assert_allclose(score(network, cells, CPU).logit, expected, atol=1e-5)
