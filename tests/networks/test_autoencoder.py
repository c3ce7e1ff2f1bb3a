"""The autoencoder's network: shapes, the bound's terms against torch and chance, its files."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Generator
from torch.distributions import Normal, kl_divergence

from laveran.errors import ModelError
from laveran.networks.autoencoder import (
    ROUNDING,
    AutoencoderNetwork,
    AutoencoderSpec,
    Posterior,
    filters_for,
    load,
    log_likelihood,
    save,
)


def build(*, variational=True, **changes):
    torch.manual_seed(0)
    settings = {"size_px": 16, "filters": (8, 8), "latent": 5}
    return AutoencoderNetwork(AutoencoderSpec(**settings | changes, variational=variational))


def cells(n=6, size_px=16):
    return torch.rand(n, 3, size_px, size_px, generator=Generator().manual_seed(1))


def posterior(n=4, latent=5):
    generator = Generator().manual_seed(2)
    return Posterior(
        torch.randn(n, latent, generator=generator), torch.randn(n, latent, generator=generator)
    )


@given(st.integers(1, 128))
def test_every_multiple_of_four_has_stages_that_fit(quarters):
    spec = AutoencoderSpec(size_px=4 * quarters, filters=filters_for(4 * quarters))
    assert spec.coarsest_px * spec.stride_px == spec.size_px
    assert spec.coarsest_px % 2 == 1 or spec.coarsest_px <= 4


@pytest.mark.parametrize("variational", [False, True])
@pytest.mark.parametrize(("size_px", "filters"), [(16, (8, 8)), (24, (8,)), (40, (4, 8))])
def test_a_picture_comes_back_at_its_size(variational, size_px, filters):
    network = build(variational=variational, size_px=size_px, filters=filters).eval()
    mean, log_variance = network.encode(cells(size_px=size_px))
    assert mean.shape == (6, 5)
    assert (log_variance is not None) == variational
    drawn = network.decode(mean)
    assert drawn.shape == (6, 3, size_px, size_px)
    assert 0 <= drawn.min() <= drawn.max() <= 1


def test_sides_that_the_stages_do_not_divide_are_refused():
    with pytest.raises(ValidationError, match="multiple of 16"):
        AutoencoderSpec(size_px=40, filters=(8, 8, 8))


def test_the_divergence_is_that_of_torch():
    ours = posterior()
    theirs = kl_divergence(Normal(ours.mean, (ours.log_variance / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(ours.divergence(), theirs.sum(1))


def test_the_divergence_is_what_chance_says():
    one = posterior(n=1, latent=2)
    many = Posterior(one.mean.expand(200_000, 2), one.log_variance.expand(200_000, 2))
    codes = many.draw(Generator().manual_seed(3))
    q = Normal(one.mean, (one.log_variance / 2).exp())
    estimate = (q.log_prob(codes) - Normal(0.0, 1.0).log_prob(codes)).sum(1)
    error = 5 * estimate.std() / math.sqrt(len(codes))
    assert abs(estimate.mean() - one.divergence()) < error


def test_the_likelihood_is_that_of_torch():
    means, variance = cells(), torch.tensor(0.3)
    theirs = Normal(means, variance.sqrt()).log_prob(cells(6) / 2).flatten(1).sum(1)
    torch.testing.assert_close(log_likelihood(cells(6) / 2, means, variance), theirs)


def test_the_bound_lies_below_the_likelihood():
    """In a model whose likelihood is known: one code, a linear decoder, `x = w z + noise`."""
    w, variance, x = torch.tensor([[0.7, -0.4]]), torch.tensor(0.2), torch.tensor([[0.5, 0.1]])
    covariance = w.T @ w + variance * torch.eye(2)
    true = torch.distributions.MultivariateNormal(torch.zeros(2), covariance).log_prob(x)
    precision = 1 + (w @ w.T) / variance
    exact = Posterior(x @ w.T / variance / precision, -precision.log())
    for apart in (0.0, 0.5):
        q = Posterior(exact.mean + apart, exact.log_variance)
        many = Posterior(q.mean.expand(100_000, 1), q.log_variance.expand(100_000, 1))
        codes = many.draw(Generator().manual_seed(0))
        bound = log_likelihood(x.expand(100_000, 2), codes @ w, variance).mean() - q.divergence()
        gap = kl_divergence(
            Normal(q.mean, (q.log_variance / 2).exp()),
            Normal(exact.mean, (exact.log_variance / 2).exp()),
        )
        assert (true - bound).item() == pytest.approx(gap.item(), abs=0.01)


def test_a_draw_is_reparametrised():
    mean = torch.zeros(2000, 1, requires_grad=True)
    log_variance = torch.full((2000, 1), math.log(9.0), requires_grad=True)
    codes = Posterior(mean, log_variance).draw(Generator().manual_seed(0))
    assert codes.std().item() == pytest.approx(3, rel=0.1)
    codes.sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones(2000, 1))
    torch.testing.assert_close(log_variance.grad, codes.detach() / 2)


def test_a_plain_one_has_one_code_and_no_divergence():
    network = build(variational=False).eval()
    bound = network.bound(cells(), Generator().manual_seed(0))
    torch.testing.assert_close(bound.reconstruction, network.bound(cells()).reconstruction)
    assert bound.divergence.tolist() == [0] * 6
    torch.testing.assert_close(bound.value(beta=4), bound.reconstruction)


def test_the_variance_follows_the_error_in_training_alone():
    network = build()
    black = torch.zeros(4, 3, 16, 16)
    network.eval().bound(black)
    assert network.variance.item() == 1
    network.train().bound(black)
    assert 0.9 <= network.variance.item() < 0.95
    network.decoder = torch.nn.Sequential(torch.nn.Flatten(), Zeros())
    for _ in range(300):
        network.bound(black)
    assert network.variance.item() == pytest.approx(ROUNDING)


class Zeros(torch.nn.Module):
    """A decoder that answers black."""

    def forward(self, codes):
        return torch.zeros(len(codes), 3, 16, 16)


def test_black_counts_for_a_tenth():
    """The density of a pixel on black is that of ten times the variance."""
    network = build(variational=False).eval()
    network.variance.fill_(0.02)
    half = torch.full((1, 3, 16, 16), 0.5)
    half[..., :8] = 0
    means = network.decode(network.encode(half).mean)
    deviation = torch.where(half > 0, 0.02, 0.2).sqrt()
    expected = Normal(means, deviation).log_prob(half).sum()
    torch.testing.assert_close(network.bound(half).reconstruction, expected.view(1))


def test_beta_weighs_the_divergence():
    bound = build().eval().bound(cells())
    torch.testing.assert_close(bound.value(3), bound.reconstruction - 3 * bound.divergence)
    assert (bound.divergence > 0).all()


@pytest.mark.parametrize("variational", [False, True])
def test_what_was_saved_comes_back(tmp_path, variational):
    network = build(variational=variational).eval()
    network.prior_mean.fill_(2)
    save(network, tmp_path)
    again = load(tmp_path)
    assert again.spec == network.spec
    assert not again.training
    torch.testing.assert_close(again.bound(cells()), network.bound(cells()), rtol=0, atol=0)
    torch.testing.assert_close(again.prior_mean, network.prior_mean)


def test_files_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no autoencoder"):
        load(tmp_path)
    save(build(), tmp_path)
    other = tmp_path / "other"
    save(build(latent=6), other)
    (other / "weights.safetensors").replace(tmp_path / "weights.safetensors")
    with pytest.raises(ModelError, match="does not fit"):
        load(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="damaged"):
        load(tmp_path)
    (tmp_path / "autoencoder.json").write_text('{"latent": 3}')
    with pytest.raises(ModelError, match="damaged"):
        load(tmp_path)
