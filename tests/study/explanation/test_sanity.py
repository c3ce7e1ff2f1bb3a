"""Maps that do not depend on what was learned are found out."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from laveran.networks.network import build
from laveran.networks.stack import plain
from laveran.study.explanation.attribution import evidence, integrated_gradients
from laveran.study.explanation.sanity import check_maps, randomised, rank_correlation, weighty

SIZE_PX = 16


@pytest.fixture(scope="module")
def members():
    torch.manual_seed(5)
    return [build(plain((4, 8), per_stage=1), SIZE_PX).eval()]


@pytest.fixture(scope="module")
def cells():
    torch.manual_seed(6)
    cells = 255 * torch.rand(2, 3, SIZE_PX, SIZE_PX)
    cells[:, :, :, :4] = 0
    return cells


def darkness(members, cells):
    """A map that looks at the cell alone, as edge detectors do."""
    return 255 - cells.mean(1)


def test_a_map_that_ignores_the_network_survives(members, cells):
    found = check_maps(members, cells, {"darkness": darkness, "evidence": evidence})
    assert found["darkness"].survives
    assert found["darkness"].correlation == pytest.approx((1.0, 1.0, 1.0))
    assert not found["evidence"].survives
    assert found["evidence"].correlation[-1] < 0.4


def test_the_black_margin_is_not_compared(members, cells):
    """There all maps agree; compared, it would keep every correlation up."""

    def noise(members, cells):
        torch.manual_seed(int(1e6 * members[0].head.weight[0, 0].abs()))
        return torch.rand(cells[:, 0].shape) * (cells.amax(1) > 0)

    found = check_maps(members, cells, {"noise": noise}, draws=4)
    assert max(map(abs, found["noise"].correlation)) < 0.15


def test_layers_are_drawn_anew_from_the_answer_back(members):
    names = weighty(members[0])
    assert names == ["head", "features.2.0", "features.0.0"]
    before = {name: value.clone() for name, value in members[0].state_dict().items()}
    for step, changed in enumerate(randomised(members, seed=0), 1):
        state = changed[0].state_dict()
        same = [torch.equal(before[f"{name}.weight"], state[f"{name}.weight"]) for name in names]
        assert same == [False] * step + [True] * (len(names) - step)
    assert all(torch.equal(before[name], value) for name, value in members[0].state_dict().items())


def test_the_seed_decides(members, cells):
    method = {"gradients": integrated_gradients}
    first, again, other = (
        check_maps(members, cells, method, draws=1, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other


values = st.lists(st.integers(-4, 4), min_size=3, max_size=30)


@given(values, st.randoms(use_true_random=False))
def test_rank_correlation_is_pearsons_of_mean_ranks(numbers, chance):
    """A value's mean rank is half its ties more than the values below it."""
    other = chance.sample(numbers, len(numbers))
    a, b = (
        [sum(x < y for x in each) + sum(x == y for x in each) / 2 for y in each]
        for each in (numbers, other)
    )
    found = rank_correlation(numbers, other)
    if len(set(numbers)) == 1:
        assert found == 0
    else:
        assert found == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-9)


def test_rank_correlation_with_a_class_follows_the_roc():
    """Spearman's of values with a class is a multiple of 2 AUROC - 1, by Mann and Whitney."""
    draw = np.random.default_rng(0)
    label, score = draw.integers(0, 2, 40), draw.normal(size=40)
    n, ones = 40, label.sum()
    slope = np.sqrt(3 * ones * (n - ones) / (n * n - 1))
    wanted = slope * (2 * roc_auc_score(label, score) - 1)
    assert rank_correlation(label, score) == pytest.approx(wanted)
