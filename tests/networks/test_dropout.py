import pytest
import torch

from laveran.errors import ConfigError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.dropout import CELLS_AT_ONCE, Averaged, monte_carlo
from laveran.networks.network import Network, build
from laveran.networks.stack import plain, residual

SIZE_PX = 32
HEAD_ONLY = {
    "plain": plain((4, 8), head_dropout=0.3),
    "residual": residual((4, 8), head_dropout=0.6),
    "backbone": BackboneSpec(name="test_resnet", head_dropout=0.2),
}
INSIDE = {
    "inside": plain((4, 8), dropout=0.2),
    "both": residual((4, 8), dropout=0.2, head_dropout=0.3),
}


def cells(count=6, size=SIZE_PX):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (count, 3, size, size), generator=generator).to(torch.uint8)


def used(spec):
    """A network in evaluation mode whose running statistics are no longer the first ones."""
    torch.manual_seed(0)
    network = build(spec, SIZE_PX).train()
    network(cells(16).float())
    return network.eval()


def naive(network, pictures, passes, seed):
    """The whole network again for every pass, dropout switched on by hand."""
    for part in network.modules():
        part.train("Dropout" in type(part).__name__)
    with torch.no_grad():
        torch.manual_seed(seed)
        logits = torch.stack([network(pictures.float()) for _ in range(passes)])
    network.eval()
    return logits


def linear(share, embedding, weight, bias):
    """A network that is nothing but dropout and a linear head: a picture of 1 x 1 is embedded."""
    network = Network(torch.nn.Identity(), embedding.shape[1], share, std=[1.0] * 3).eval()
    network.head.weight.data, network.head.bias.data = weight.view(1, -1), bias.view(1)
    return network, embedding.view(*embedding.shape, 1, 1)


@pytest.mark.parametrize("spec", (HEAD_ONLY | INSIDE).values(), ids=HEAD_ONLY | INSIDE)
def test_it_is_the_whole_network_asked_again_bit_for_bit(spec):
    network = used(spec)
    expected = Averaged.of(naive(network, cells(), 5, seed=7))
    for found, wanted in zip(monte_carlo(network, cells(), 5, seed=7), expected, strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("spec", HEAD_ONLY.values(), ids=HEAD_ONLY)
def test_the_body_is_computed_once_where_only_the_embedding_is_dropped(spec):
    network = used(spec)
    calls = []
    network.features.register_forward_hook(lambda *_: calls.append(1))
    monte_carlo(network, cells(), 5)
    assert len(calls) == 1


def test_mean_and_variance_are_those_that_a_linear_head_must_have():
    share, passes = 0.3, 40_000
    embedding = torch.tensor([[2.0, 1.0, 0.5], [1.0, 3.0, 2.0]])
    weight, bias = torch.tensor([0.5, -0.25, 1.0]), torch.tensor(0.1)
    network, pictures = linear(share, embedding, weight, bias)
    # a huge temperature makes the sigmoid a straight line of slope 1/4
    found = monte_carlo(network, pictures, passes, temperature=100.0)
    expected = embedding @ weight + bias
    variance = share / (1 - share) * (weight * embedding).square().sum(1)
    error = (variance / passes).sqrt()
    assert ((100 * found.logit - expected).abs() < 4 * error).all()
    torch.testing.assert_close((400 * found.disagreement).square(), variance, rtol=0.03, atol=0)


def test_the_temperature_divides_logits():
    network = used(HEAD_ONLY["plain"])
    plain_one, cooled = (monte_carlo(network, cells(), temperature=t) for t in (1.0, 0.5))
    torch.testing.assert_close(cooled.logit, 2 * plain_one.logit)
    torch.testing.assert_close(cooled.probability, torch.sigmoid(2 * plain_one.logit))


def test_hardly_any_dropout_is_hardly_any_disagreement():
    found = monte_carlo(used(plain((4, 8), head_dropout=1e-9)), cells())
    assert found.disagreement.max() < 1e-6
    assert monte_carlo(used(HEAD_ONLY["plain"]), cells()).disagreement.min() > 1e-4


def test_the_seed_decides_and_the_generator_of_others_is_left_alone():
    network = used(HEAD_ONLY["plain"])
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first = monte_carlo(network, cells(), seed=1)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(monte_carlo(network, cells(), seed=1).logit, first.logit)
    assert not torch.equal(monte_carlo(network, cells(), seed=2).logit, first.logit)


def test_batch_norm_stays_in_inference():
    network = used(HEAD_ONLY["plain"]).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = monte_carlo(network, cells())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(found.logit, monte_carlo(network.eval(), cells()).logit)


@pytest.mark.parametrize("fails", [False, True])
def test_modes_are_restored_even_on_error(fails):
    network = used(HEAD_ONLY["residual"])
    network.features[0].train()
    before = [part.training for part in network.modules()]
    assert any(before)
    assert not all(before)
    if fails:
        with pytest.raises(RuntimeError, match="must match the size"):
            monte_carlo(network, cells()[:, :2])  # two colours of three
    else:
        monte_carlo(network, cells())
    assert [part.training for part in network.modules()] == before


def test_cells_beyond_one_batch_keep_their_order():
    embedding = torch.arange(2 * CELLS_AT_ONCE + 3.0).view(-1, 1).repeat(1, 3)
    network, pictures = linear(1e-9, embedding, torch.ones(3), torch.zeros(()))
    torch.testing.assert_close(monte_carlo(network, pictures).logit, 3 * embedding[:, 0])


@pytest.mark.parametrize(
    "spec", [plain((4, 8)), residual((4, 8)), BackboneSpec(name="test_resnet")]
)
def test_a_network_without_dropout_is_refused(spec):
    with pytest.raises(ConfigError, match="the network has no dropout to leave on"):
        monte_carlo(used(spec), cells())


@pytest.mark.parametrize("passes", [1, 0, -3])
def test_too_few_passes_are_refused(passes):
    with pytest.raises(ConfigError, match=f"^{passes} passes cannot disagree"):
        monte_carlo(used(HEAD_ONLY["plain"]), cells(), passes)
