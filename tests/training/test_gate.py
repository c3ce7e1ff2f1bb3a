import numpy as np
import pytest
import torch

from laveran.errors import ConfigError
from laveran.training.gate import fit_gate, outlier_threshold, outliers

RNG = np.random.default_rng(0)
SPREAD = np.array([5.0, 1.0, 0.2, 1.0], np.float32)
SEEN = RNG.normal(size=(2000, 4)).astype(np.float32) * SPREAD + 3
UNSEEN, OTHERS = RNG.normal(size=(2, 4000, 4)).astype(np.float32) * SPREAD + 3


def test_distances_are_in_standard_deviations_of_each_direction():
    gate = fit_gate(SEEN, seed=0)
    far = np.eye(4, dtype=np.float32) * 50 * SPREAD + 3
    distance = outliers(gate, far)
    assert distance == pytest.approx(50, abs=6)


def test_the_threshold_keeps_99_percent_of_further_cells():
    gate = fit_gate(SEEN, seed=0)
    kept = outliers(gate, OTHERS) <= outlier_threshold(gate, UNSEEN)
    assert kept.mean() == pytest.approx(0.99, abs=0.006)


def test_a_dead_network_is_told():
    with pytest.raises(ConfigError, match="answers every cell alike"):
        fit_gate(np.ones((50, 4), np.float32), seed=0)


def test_one_seed_gives_one_gate():
    one, again = (fit_gate(SEEN, seed=4) for _ in range(2))
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_dead_units_say_nothing():
    dead = np.concatenate([SEEN, np.zeros((len(SEEN), 3), np.float32)], axis=1)
    gate = fit_gate(dead, seed=0)
    assert gate.basis.shape == (7, 4)
    lit = dead[:5].copy()
    lit[:, 5] = 1e6
    np.testing.assert_allclose(outliers(gate, lit), outliers(gate, dead[:5]), rtol=1e-3)


def test_a_gate_of_few_or_equal_cells_still_works():
    few = fit_gate(SEEN[:3], seed=0)
    assert np.isfinite(outliers(few, UNSEEN)).all()
    equal = fit_gate(np.repeat(SEEN[:2], 20, axis=0), seed=0)
    assert outlier_threshold(equal, SEEN[:2]) > 0
