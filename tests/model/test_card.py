from pathlib import Path

import pytest

from laveran.model.card import NOT_A_DEVICE, card
from laveran.model.contract import Interval
from laveran.model.runtime import SHIPPED, load
from small_model import small_contract

CARD = Path(__file__).parents[2] / "docs" / "model-card.md"


def test_a_card_says_what_the_file_says_of_itself():
    text = card(small_contract(), 1_234_567)
    assert "1.23 MB" in text
    assert "| Accuracy | cells called what they are | 0.9000 (0.8000 to 0.9500) |" in text
    assert f"| never | 1.000 |{4 * ' 0.9000 (0.8000 to 0.9500) |'}" in text
    assert "| accuracy | 0.500 | undefined |" in text
    assert "made up for tests" in text


def test_a_card_tells_what_readers_say_where_there_were_any():
    readings = {"n_certain": 244, "agreement": Interval(value=0.98, low=0.95, high=0.99)}
    text = card(small_contract(readings=readings), 1)
    assert "On 244 cells of unseen patients" in text
    assert "| agreement of the model at 0.5 | 0.9800 (0.9500 to 0.9900) |" in text
    assert "Beside careful readers" not in card(small_contract(), 1)


def test_a_card_tells_what_the_weights_were_before():
    assert "| started from | random weights |" in card(small_contract(), 1)
    training = small_contract().training.model_copy(update={"start_weights_sha256": "5eed"})
    assert "learned on ImageNet, SHA-256 5eed |" in card(small_contract(training=training), 1)


@pytest.mark.parametrize("part", ["Where it fails", "Intended use", "Not for", NOT_A_DEVICE])
def test_a_card_says_what_the_model_is_not_for(part):
    assert part in card(small_contract(), 1)


def test_the_card_in_the_documents_is_that_of_the_shipped_model():
    model = load()
    assert CARD.read_text(encoding="utf-8") == card(model.contract, model.path.stat().st_size)


def test_the_shipped_model_is_small_and_of_real_cells():
    model = load()
    assert model.path.stat().st_size <= 2_000_000
    assert not model.contract.training.synthetic
    assert not model.contract.optimistic
    assert model.contract.gate is not None
    assert {path.name for path in SHIPPED.iterdir()} == {
        "model.onnx",
        "weights.safetensors",
        "gate.safetensors",
        "network.json",
    }
