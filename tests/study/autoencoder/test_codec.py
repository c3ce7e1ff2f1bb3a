"""Autoencoders of cells: what they learn, what they give back, a fit that was killed."""

import numpy as np
import pytest
import torch

from laveran.cells.crop import letterbox
from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.errors import ConfigError, ModelError
from laveran.study.autoencoder.codec import Autoencoder, train_autoencoder
from laveran.study.autoencoder.loop import Fitting, measured_bound

SIZE_PX = 16


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    cells = [draw_cell(rng, draw_patient(rng), None).image for _ in range(n)]
    return np.stack([letterbox(cell, SIZE_PX) for cell in cells])


@pytest.fixture(scope="module")
def cells():
    return drawn(64, seed=1)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "variational"])
def fitted(request, cells):
    return train_autoencoder(cells, variational=request.param, latent=6, epochs=40)


def error(answers, pictures):
    """Within the cells: the black around them counts little in training."""
    apart = (answers.astype(float) - pictures) ** 2
    return np.sqrt(apart[pictures.max(-1) > 0].mean())


def test_shapes_and_kinds(fitted, cells):
    codes = fitted.encode(cells[:5])
    assert (codes.shape, codes.dtype) == ((5, 6), np.float32)
    for pictures in (fitted.decode(codes), fitted.reconstruct(cells[:5]), fitted.sample(5)):
        assert (pictures.shape, pictures.dtype) == ((5, SIZE_PX, SIZE_PX, 3), np.uint8)
    assert (fitted.anomaly(cells[:5]).shape, fitted.anomaly(cells[:5]).dtype) == ((5,), np.float32)
    assert fitted.encode(cells[:0]).shape == (0, 6)
    assert fitted.anomaly(cells[:0]).shape == (0,)


def test_a_cell_comes_back_better_than_the_mean_cell(fitted, cells):
    fresh = drawn(32, seed=2)
    assert error(fitted.reconstruct(fresh), fresh) < 0.9 * error(cells.mean(0), fresh)


def test_the_history_tells_the_terms_and_the_bound_rises(fitted):
    assert [row["epoch"] for row in fitted.history] == list(range(1, 41))
    for row in fitted.history:
        difference = row["train_reconstruction"] - row["train_divergence"]
        assert row["train_bound"] == pytest.approx(difference, rel=1e-4, abs=0.01)
    assert fitted.history[-1]["train_bound"] > fitted.history[0]["train_bound"]
    divergence = fitted.history[-1]["train_divergence"]
    assert (divergence > 0) == fitted.network.spec.variational


def test_a_way_leads_from_one_reconstruction_to_the_other(fitted, cells):
    way = fitted.interpolate(cells[0], cells[1], steps=5)
    assert len(way) == 5
    ends = fitted.reconstruct(cells[:2])
    assert np.abs(way[[0, -1]].astype(int) - ends).max() <= 1
    middle = fitted.decode(fitted.encode(cells[:2]).mean(0, keepdims=True))
    assert np.abs(way[2].astype(int) - middle[0]).max() <= 1


def test_noise_is_stranger_than_cells(fitted):
    noise = np.random.default_rng(0).integers(0, 256, (16, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    assert fitted.anomaly(noise).min() > np.median(fitted.anomaly(drawn(32, seed=3)))


def test_samples_differ_and_a_seed_repeats_them(fitted):
    first, again, other = (fitted.sample(4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert len(np.unique(first.reshape(4, -1), axis=0)) == 4


def test_codes_of_a_plain_one_are_drawn_as_those_of_cells_lie(cells):
    plain = train_autoencoder(cells, latent=3, epochs=2)
    codes, network = plain.encode(cells), plain.network
    np.testing.assert_allclose(network.prior_mean.numpy(), codes.mean(0), rtol=1e-4, atol=1e-5)
    covariance = (network.prior_factor @ network.prior_factor.T).numpy()
    np.testing.assert_allclose(covariance, np.cov(codes.T), rtol=0.01, atol=1e-3)


def test_a_variational_one_draws_from_the_standard_normal(cells):
    network = train_autoencoder(cells, variational=True, latent=3, epochs=1).network
    torch.testing.assert_close(network.prior_mean, torch.zeros(3))
    torch.testing.assert_close(network.prior_factor, torch.eye(3))


def test_what_was_saved_answers_alike(fitted, cells, tmp_path):
    fitted.save(tmp_path)
    again = Autoencoder.load(tmp_path)
    np.testing.assert_array_equal(again.encode(cells), fitted.encode(cells))
    np.testing.assert_array_equal(again.sample(3), fitted.sample(3))
    np.testing.assert_array_equal(again.anomaly(cells), fitted.anomaly(cells))


def test_a_larger_beta_makes_codes_say_less(cells):
    plain, strict = (
        train_autoencoder(cells, variational=True, latent=4, epochs=6, beta=beta)
        for beta in (1.0, 50.0)
    )
    assert strict.history[-1]["train_divergence"] < 0.5 * plain.history[-1]["train_divergence"]


def test_the_same_seed_gives_the_same_network(cells):
    first, again, other = (
        train_autoencoder(cells, variational=True, latent=2, epochs=1, seed=seed).encode(cells)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("variational", [False, True])
def test_a_killed_fit_goes_on_to_the_very_same_weights(cells, tmp_path, monkeypatch, variational):
    settings = {"variational": variational, "latent": 2, "epochs": 3, "test": cells[:8]}
    whole = train_autoencoder(cells, **settings)
    path, finished_epoch = tmp_path / "checkpoint.safetensors", Fitting.epoch

    def killed(self, watch):
        if len(self.history) == 2:
            raise KeyboardInterrupt
        return finished_epoch(self, watch)

    monkeypatch.setattr(Fitting, "epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        train_autoencoder(cells, **settings, checkpoint=path)
    monkeypatch.undo()
    resumed = train_autoencoder(cells, **settings, checkpoint=path)
    np.testing.assert_array_equal(resumed.encode(cells), whole.encode(cells))
    without_time = [
        [{**row, "seconds": 0} for row in fitted.history] for fitted in (resumed, whole)
    ]
    assert without_time[0] == without_time[1]


def test_a_checkpoint_of_another_fit_is_refused(cells, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    train_autoencoder(cells, latent=2, epochs=1, checkpoint=path)
    for change in ({"latent": 3}, {"epochs": 2}, {"seed": 1}, {"variational": True}):
        with pytest.raises(ModelError, match="another training"):
            train_autoencoder(cells, **{"latent": 2, "epochs": 1, **change}, checkpoint=path)
    with pytest.raises(ModelError, match="another training"):
        train_autoencoder(cells[1:], latent=2, epochs=1, checkpoint=path)


def test_progress_is_told(cells):
    told = []
    train_autoencoder(cells, latent=2, epochs=2, watch=lambda *step: told.append(step))
    assert told[-1][:3] == ("train autoencoder", len(told), len(told))
    assert 0 < told[-1][3]["sigma"] < 1


def test_the_measured_bound_draws_codes(cells):
    network = train_autoencoder(cells, variational=True, latent=4, epochs=2).network
    first, again, other = (measured_bound(network, cells, seed) for seed in (0, 0, 1))
    torch.testing.assert_close(first.value(), again.value(), rtol=0, atol=0)
    assert (first.reconstruction != other.reconstruction).any()
    torch.testing.assert_close(first.divergence, other.divergence)


def test_pictures_that_cannot_be_learned_from_are_refused(cells):
    with pytest.raises(ConfigError, match="too few"):
        train_autoencoder(cells[:1])
    with pytest.raises(ConfigError, match="multiple of 4"):
        train_autoencoder(cells[:, :15, :15])
