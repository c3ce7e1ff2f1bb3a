from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from laveran.errors import ConfigError, ModelError
from laveran.metrics import fit_temperature
from laveran.networks.network import build
from laveran.networks.stack import plain, residual
from laveran.training import loop
from laveran.training.batches import Cells, score
from laveran.training.checkpoint import read_checkpoint
from laveran.training.loop import fit, trim
from laveran.training.recipe import Augmentation, Recipe

SIZE_PX = 16
ALL = Augmentation(rotate_degrees=45, scale=0.2, shift=0.05, stain=0.15, brightness=0.1, blur=0.5)
RECIPE = Recipe(
    name="test",
    network=plain((8, 8), per_stage=1),
    size_px=SIZE_PX,
    epochs=4,
    batch_size=16,
    learning_rate=0.02,
)


def trivial(count=96):
    """Half of the cells are dark, which makes them parasitized."""
    rng = np.random.default_rng(0)
    labels = (np.arange(count) % 2).astype(np.float32)
    pictures = rng.integers(140, 220, (count, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    pictures[labels == 1] -= 60
    return pictures, labels


PICTURES, LABELS = trivial()


def part(first, last, labels=LABELS):
    return Cells(PICTURES, labels, np.arange(first, last))


TRAIN, VALID = part(0, 64), part(64, 96)


def fitted(recipe, checkpoint, train=TRAIN, valid=VALID, seed=5, report=None):
    torch.manual_seed(3)
    network = build(recipe.network, SIZE_PX)
    torch.manual_seed(np.random.default_rng().integers(2**32))  # must not matter
    AcceleratorState._reset_state()
    accelerator = Accelerator(
        cpu=True, mixed_precision={"fp32": "no"}.get(recipe.precision, recipe.precision)
    )
    return fit(
        network,
        train,
        valid,
        recipe,
        seed=seed,
        checkpoint=checkpoint,
        accelerator=accelerator,
        report=report,
    )


class StoppedError(Exception):
    """What a test throws into the middle of an epoch."""


def interrupted(recipe, checkpoint, step, **parts):
    def report(progress):
        if progress.step == step:
            raise StoppedError

    with pytest.raises(StoppedError):
        fitted(recipe, checkpoint, report=report, **parts)


def same_bits(one, other):
    states = one.state_dict(), other.state_dict()
    return list(states[0]) == list(states[1]) and all(
        a.numpy().tobytes() == b.numpy().tobytes()
        for a, b in zip(states[0].values(), states[1].values(), strict=True)
    )


def without_seconds(history):
    return [{key: row[key] for key in row if key != "seconds"} for row in history]


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "last.safetensors"


def test_a_trivial_task_is_learned(checkpoint):
    result = fitted(RECIPE.replace(epochs=8), checkpoint)
    assert result.history[-1]["valid_accuracy"] >= 0.95
    assert result.history[-1]["train_loss"] < 0.4 < result.history[0]["train_loss"]
    called = score(result.network, VALID, torch.device("cpu")).logit >= 0
    assert (called == LABELS[64:]).mean() >= 0.95


def test_a_history_row_an_epoch(checkpoint):
    history = fitted(RECIPE, checkpoint).history
    columns = ["epoch", "train_loss", "learning_rate", "valid_loss"]
    columns += ["valid_loss_error", "valid_accuracy", "seconds"]
    assert [list(row) for row in history] == [columns] * 4
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    rates = [row["learning_rate"] for row in history]
    assert rates[0] < rates[1] > rates[2] > rates[3]
    assert all(0 < rate <= 0.02 for rate in rates)


def test_what_is_measured_on_valid_is_what_is_kept(checkpoint):
    result = fitted(RECIPE, checkpoint)
    best = result.history[result.best_epoch - 1]
    logit = score(result.network, VALID, torch.device("cpu")).logit.astype(np.float64)
    logit /= fit_temperature(logit, LABELS[64:])
    loss = np.logaddexp(0, np.where(LABELS[64:] == 1, -logit, logit)).mean()
    assert loss == pytest.approx(best["valid_loss"], rel=1e-5)
    lowest = min(result.history, key=lambda row: row["valid_loss"])
    assert best["valid_loss"] <= lowest["valid_loss"] + lowest["valid_loss_error"]


def test_early_stopping_waits_for_its_patience_and_keeps_the_best(checkpoint, tmp_path):
    upside_down = part(64, 96, 1 - LABELS)  # the more is learned, the worse
    recipe = RECIPE.replace(epochs=20, patience=3, learning_rate=0.1)
    result = fitted(recipe, checkpoint, valid=upside_down)
    lowest = min(result.history, key=lambda row: row["valid_loss"])
    allowed = lowest["valid_loss"] + lowest["valid_loss_error"]
    assert result.best_epoch == max(
        row["epoch"] for row in result.history if row["valid_loss"] <= allowed
    )
    assert len(result.history) == result.best_epoch + 3 < 20
    then = tmp_path / "then"
    interrupted(recipe, then, 4 * result.best_epoch + 2, valid=upside_down)
    assert same_bits_as(result.network, read_checkpoint(then).tensors["average"])


def same_bits_as(network, state):
    return all(torch.equal(state[name], value) for name, value in network.state_dict().items())


def test_without_valid_the_last_weights_are_kept(checkpoint):
    result = fitted(RECIPE.replace(patience=1), checkpoint, valid=None)
    assert result.best_epoch == len(result.history) == 4
    assert all("valid_loss" not in row for row in result.history)
    assert same_bits_as(result.network, read_checkpoint(checkpoint).tensors["average"])


def absolute(network):
    return float(sum(w.detach().abs().sum() for w in network.parameters() if w.ndim > 1))


def test_penalties_pull_weights_to_0(checkpoint, tmp_path):
    free = fitted(RECIPE.replace(l2=0), checkpoint, valid=None).network
    for number, penalty in enumerate([{"l1": 0.01}, {"l2": 5.0}]):
        recipe = RECIPE.replace(**{"l2": 0, **penalty})
        penalised = fitted(recipe, tmp_path / str(number), valid=None).network
        assert absolute(penalised) < 0.9 * absolute(free)


def test_l1_is_the_sum_of_absolute_weights_in_the_loss(checkpoint, tmp_path):
    start = build_start()
    recipe = RECIPE.replace(epochs=1, learning_rate=1e-12, label_smoothing=0)
    losses = [
        fitted(each, tmp_path / str(each.l1)).history[0]["train_loss"]
        for each in (recipe, recipe.replace(l1=0.5))
    ]
    assert losses[1] - losses[0] == pytest.approx(0.5 * absolute(start), rel=1e-4)


def build_start():
    torch.manual_seed(3)
    return build(RECIPE.network, SIZE_PX)


def test_label_smoothing_keeps_the_loss_above_its_entropy(checkpoint, tmp_path):
    plain_labels = fitted(RECIPE.replace(epochs=12, label_smoothing=0), checkpoint)
    smooth = fitted(RECIPE.replace(epochs=12, label_smoothing=0.4), tmp_path / "smooth")
    entropy = -(0.2 * np.log(0.2) + 0.8 * np.log(0.8))
    assert plain_labels.history[-1]["train_loss"] < 0.2
    assert entropy < smooth.history[-1]["train_loss"] < entropy + 0.1


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_the_average_follows_the_weights(checkpoint, decay):
    torch.manual_seed(3)
    network = build(RECIPE.network, SIZE_PX)
    average = network.head.weight.detach().double().clone()
    steps = 0

    def follow(progress):
        nonlocal steps
        steps = progress.step
        weight = network.head.weight.detach().double()
        average.lerp_(weight, 1 - min(decay, steps / (steps + 10)))

    recipe = RECIPE.replace(average_decay=decay)
    AcceleratorState._reset_state()
    result = fit(
        network,
        TRAIN,
        None,
        recipe,
        seed=1,
        checkpoint=checkpoint,
        accelerator=Accelerator(cpu=True),
        report=follow,
    )
    assert steps == 16
    torch.testing.assert_close(result.network.head.weight.double(), average, atol=1e-6, rtol=1e-5)


def test_progress_counts_steps_and_shows_the_last_valid_figures(checkpoint):
    seen = []
    result = fitted(RECIPE, checkpoint, report=seen.append)
    assert [progress.step for progress in seen] == list(range(1, 17))
    assert {progress.steps for progress in seen} == {16}
    assert all(progress.valid_loss is None for progress in seen[:4])
    assert seen[4].valid_loss == result.history[0]["valid_loss"]
    assert seen[15].valid_accuracy == result.history[2]["valid_accuracy"]
    assert seen[3].train_loss == pytest.approx(result.history[0]["train_loss"])


def test_the_seed_decides(checkpoint, tmp_path):
    first = fitted(RECIPE, checkpoint)
    again = fitted(RECIPE, tmp_path / "again")
    other = fitted(RECIPE, tmp_path / "other", seed=6)
    assert same_bits(first.network, again.network)
    assert without_seconds(first.history) == without_seconds(again.history)
    assert not same_bits(first.network, other.network)


def test_every_epoch_has_its_own_order_and_its_own_changes(checkpoint, monkeypatch):
    seeds, first_batches = [], []

    def seen(cells, settings, generator):
        seeds.append(generator.initial_seed())
        first_batches.append(cells.sum((1, 2, 3)).tolist())
        return cells

    monkeypatch.setattr(loop, "augment", seen)
    fitted(RECIPE, checkpoint)
    assert len(seeds) == 16
    assert len(set(seeds)) == 4
    assert len({tuple(batch) for batch in first_batches}) == 16


def test_an_epoch_sees_every_cell_once(checkpoint, monkeypatch):
    seen = []
    batch = Cells.batch
    monkeypatch.setattr(
        Cells, "batch", lambda self, rows, device: (seen.extend(rows), batch(self, rows, device))[1]
    )
    fitted(RECIPE.replace(epochs=1), checkpoint, valid=None)
    assert sorted(seen) == list(range(64))


RESUMED = {
    "plain": RECIPE.replace(
        network=plain((8, 12), dropout=0.2, head_dropout=0.2), augmentation=ALL, l1=1e-4
    ),
    "residual": RECIPE.replace(network=residual((8, 12), dropout=0.1), augmentation=ALL),
    "bf16": RECIPE.replace(augmentation=ALL, precision="bf16"),
}


@pytest.mark.parametrize("name", RESUMED)
@pytest.mark.parametrize("valid", [VALID, None], ids=["valid", "no valid"])
def test_resumed_in_any_epoch_the_weights_are_the_same_bits(tmp_path, name, valid):
    recipe = RESUMED[name]
    undisturbed = fitted(recipe, tmp_path / "undisturbed", valid=valid)
    for epoch in range(4):
        path = tmp_path / str(epoch)
        interrupted(recipe, path, 4 * epoch + 2, valid=valid)
        assert path.exists() == (epoch > 0)
        resumed = fitted(recipe, path, valid=valid)
        assert same_bits(resumed.network, undisturbed.network)
        assert without_seconds(resumed.history) == without_seconds(undisturbed.history)
        assert resumed.best_epoch == undisturbed.best_epoch


def test_stopped_again_and_again_the_weights_are_the_same_bits(tmp_path):
    undisturbed = fitted(RESUMED["plain"], tmp_path / "undisturbed")
    path = tmp_path / "disturbed"
    for step in (3, 6, 7, 11, 15):
        interrupted(RESUMED["plain"], path, step)
    assert same_bits(fitted(RESUMED["plain"], path).network, undisturbed.network)


def test_a_finished_fit_is_not_trained_again(checkpoint):
    first = fitted(RECIPE, checkpoint)
    steps = []
    again = fitted(RECIPE, checkpoint, report=steps.append)
    assert steps == []
    assert same_bits(again.network, first.network)
    assert again.history == first.history


def test_mixed_precision_trains_but_leaves_a_plain_network(checkpoint, tmp_path):
    mixed = fitted(RECIPE.replace(precision="bf16"), checkpoint)
    exact = fitted(RECIPE, tmp_path / "exact")
    assert not same_bits(mixed.network, exact.network)
    assert mixed.history[-1]["train_loss"] == pytest.approx(
        exact.history[-1]["train_loss"], abs=0.05
    )
    assert {weight.dtype for weight in mixed.network.parameters()} == {torch.float32}
    cells = torch.full((1, 3, SIZE_PX, SIZE_PX), 99.0)
    assert torch.equal(mixed.network(cells), mixed.network.read(cells).logit)


@pytest.mark.parametrize("cells", [4, 16, 17, 33])
@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_few_cells_and_few_epochs_are_no_trouble(checkpoint, cells, epochs):
    result = fitted(RECIPE.replace(epochs=epochs), checkpoint, train=part(0, cells))
    assert len(result.history) == epochs


def test_a_loss_that_is_no_number_ends_the_fit(checkpoint):
    with pytest.raises(ConfigError, match="the loss is not finite after epoch 1; lower"):
        fitted(RECIPE.replace(learning_rate=1e30), checkpoint)
    assert not checkpoint.exists()


def test_a_checkpoint_of_another_network_is_refused(checkpoint):
    fitted(RECIPE, checkpoint)
    with pytest.raises(ModelError, match="is of another training"):
        fitted(RECIPE.replace(network=residual((8, 12))), checkpoint)


def test_more_processes_than_cells_in_a_batch_are_refused(checkpoint):
    crowd = SimpleNamespace(num_processes=17)
    with pytest.raises(ConfigError, match="17 processes cannot share batches of 16 cells"):
        fit(build_start(), TRAIN, None, RECIPE, seed=0, checkpoint=checkpoint, accelerator=crowd)


def test_a_cell_of_weight_zero_teaches_nothing(tmp_path):
    wrong = LABELS.copy()
    wrong[:32] = 1 - wrong[:32]
    weights = np.ones(len(wrong), np.float32)
    weights[:32] = 1e-6
    train = Cells(PICTURES, wrong, np.arange(64), weights=weights)
    recipe = RECIPE.replace(epochs=16)
    network = fitted(recipe, tmp_path / "c.safetensors", train=train, valid=None).network
    right = (score(network, VALID, torch.device("cpu")).logit >= 0) == (LABELS[64:96] == 1)
    assert right.mean() == 1


def test_the_parasitized_cells_of_the_highest_losses_are_trimmed():
    labels = torch.tensor([1.0, 0, 1, 1, 0, 1])
    losses = torch.tensor([0.1, 9.0, 3.0, 0.2, 8.0, 5.0])
    left = trim(torch.full((6,), 2.0), losses, labels, 0.5, torch.Generator().manual_seed(0))
    assert left.tolist() == [2, 2, 0, 2, 2, 0]


def test_cells_in_doubt_are_not_trimmed():
    truth, losses = torch.tensor([1.0, 0.5, 1.0, 0.75]), torch.tensor([0.1, 9.0, 0.2, 9.0])
    left = trim(torch.ones(4), losses, truth, 0.5, torch.Generator().manual_seed(0))
    assert left.tolist() == [1, 1, 0, 1]


def test_shares_of_readers_are_learned_as_such(checkpoint):
    """Cells that nobody can tell come out between those that all can."""
    truth = LABELS.copy()
    truth[:32] = 0.5
    pictures = PICTURES.copy()
    pictures[:32] = 200 - (pictures[:32] // 8)
    found = fitted(RECIPE.replace(epochs=12), checkpoint, Cells(pictures, truth, np.arange(64)))
    cells = Cells(pictures, truth, np.arange(96))
    logit = score(found.network, cells, torch.device("cpu")).logit
    doubted, none, parasite = logit[:32], logit[32:][LABELS[32:] == 0], logit[32:][LABELS[32:] == 1]
    assert none.mean() < doubted.mean() < parasite.mean()


def test_the_share_holds_in_the_mean_where_a_batch_is_small():
    generator = torch.Generator().manual_seed(0)
    batch = (torch.ones(8), torch.rand(8, generator=generator), torch.ones(8))
    left = [trim(*batch, 0.05, generator).sum().item() for _ in range(2000)]
    assert 1 - np.mean(left) / 8 == pytest.approx(0.05, abs=0.005)


def test_nothing_is_trimmed_of_uninfected_cells_alone():
    left = trim(torch.ones(3), torch.ones(3), torch.zeros(3), 0.9, torch.Generator())
    assert left.tolist() == [1, 1, 1]


def test_a_batch_of_which_nothing_counts_does_no_harm(tmp_path):
    ones = part(0, 64, np.ones_like(LABELS))
    recipe = RECIPE.replace(trimmed_share=0.99, batch_size=2)
    found = fitted(recipe, tmp_path / "c.safetensors", train=ones, valid=None)
    assert all(np.isfinite(row["train_loss"]) for row in found.history)


def test_trimming_frees_the_network_of_wrong_labels(tmp_path):
    """A tenth of the uninfected cells are labelled parasitized; the others' labels are right."""
    wrong = LABELS.copy()
    wrong[np.flatnonzero(LABELS[:64] == 0)[:6]] = 1
    plainly = fitted(RECIPE, tmp_path / "a.safetensors", train=part(0, 64, wrong), valid=None)
    trimmed = fitted(
        RECIPE.replace(trimmed_share=0.16),
        tmp_path / "b.safetensors",
        train=part(0, 64, wrong),
        valid=None,
    )
    surest = [
        score(found.network, part(64, 96), torch.device("cpu")).logit[LABELS[64:96] == 0].mean()
        for found in (plainly, trimmed)
    ]
    assert surest[1] < surest[0]
