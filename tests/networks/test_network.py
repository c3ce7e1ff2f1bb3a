import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from laveran.errors import ConfigError, ModelError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.layers import Conv, Pool
from laveran.networks.network import Network, build, load, load_start, save
from laveran.networks.stack import StackSpec, plain, residual

SIZE_PX = 32
SPECS = [
    plain((4, 8), activation="elu", dropout=0.2, head_dropout=0.3),
    residual((4, 8, 8), batch_norm=False),
    StackSpec(layers=[Conv(filters=5, kernel=4, stride=3, padding="full", edge="reflect")]),
    BackboneSpec(name="test_resnet", head_dropout=0.1),
    BackboneSpec(name="test_mambaout"),
]
KINDS = [f"{spec.family}-{number}" for number, spec in enumerate(SPECS)]


def cells(count=3, size=SIZE_PX):
    return torch.randint(256, (count, 3, size, size), generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=SPECS, ids=KINDS)
def spec(request):
    return request.param


def used(spec):
    """A network whose weights and running statistics are no longer the first ones."""
    torch.manual_seed(0)
    network = build(spec, SIZE_PX).train()
    network(cells(8).float())
    for weight in network.parameters():
        weight.data += 0.05 * torch.randn_like(weight)
    return network.eval()


def test_the_evidence_averages_to_the_logit(spec):
    network = used(spec)
    reading = network.read(cells().float())
    assert reading.evidence.ndim == 3
    law = reading.evidence.mean((1, 2)) + network.head.bias
    torch.testing.assert_close(law, reading.logit, atol=1e-4, rtol=1e-4)


def test_reading_and_forward_say_the_same(spec):
    network = used(spec)
    torch.testing.assert_close(network(cells().float()), network.read(cells().float()).logit)


def test_a_cell_reads_the_same_alone_and_in_company(spec):
    network = used(spec)
    together, alone = network(cells().float()), network(cells()[1:2].float())
    torch.testing.assert_close(together[1:2], alone, atol=1e-4, rtol=1e-4)


def test_a_saved_network_comes_back_bit_for_bit(spec, tmp_path):
    network = used(spec)
    network.start_sha256 = "abc"
    save([network], spec, SIZE_PX, tmp_path)
    assert load(tmp_path).start_sha256 == "abc"
    again = load(tmp_path)
    assert not again.training
    state = again.state_dict()
    assert list(state) == list(network.state_dict())
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    assert torch.equal(again(cells().float()), network(cells().float()))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "network.json",
        "weights.safetensors",
    ]


def test_channels_last_weights_are_saved_as_well(tmp_path):
    network = used(SPECS[0]).to(memory_format=torch.channels_last)
    save([network], SPECS[0], SIZE_PX, tmp_path)
    assert torch.equal(load(tmp_path).features[2][0].weight, network.features[2][0].weight)


def test_our_own_networks_keep_black_at_0():
    network = build(plain((4,)), SIZE_PX)
    seen = []
    network.features.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(torch.zeros(1, 3, SIZE_PX, SIZE_PX))
    assert not seen[0].any()


def test_normalisation_is_inside_the_network():
    network = Network(torch.nn.Identity(), 3, mean=[10.0, 20.0, 30.0], std=[2.0, 4.0, 5.0])
    grey = torch.full((1, 3, 2, 2), 40.0)
    assert network.maps(grey)[0, :, 0, 0].tolist() == [15, 5, 2]


def test_head_dropout_is_idle_in_evaluation_mode():
    torch.manual_seed(0)
    network = build(plain((8,), head_dropout=0.9, batch_norm=False), SIZE_PX)
    assert not torch.equal(network(cells().float()), network(cells().float()))
    network.eval()
    assert torch.equal(network(cells().float()), network(cells().float()))


@pytest.mark.parametrize(
    ("spec", "size_px"),
    [
        (StackSpec(layers=[Conv(filters=2, kernel=9, padding="none")]), 8),
        (StackSpec(layers=[Conv(filters=2), Pool(), Pool(), Pool()]), 7),
        (StackSpec(layers=[Conv(filters=2, kernel=9, edge="reflect")]), 4),
        (BackboneSpec(name="test_vit3"), 64),
    ],
)
def test_too_small_an_input_is_refused(spec, size_px):
    with pytest.raises(ConfigError, match=f"does not fit inputs of {size_px} px"):
        build(spec, size_px)


def test_own_networks_have_no_start_weights():
    network = build(plain((4,)), SIZE_PX)
    before = network.features[0][0].weight.clone()
    load_start(network, plain((4,)))
    assert network.start_sha256 is None
    assert torch.equal(network.features[0][0].weight, before)


@pytest.fixture
def saved(tmp_path):
    save([used(SPECS[0])], SPECS[0], SIZE_PX, tmp_path)
    return tmp_path


def edit(folder, **changes):
    path = folder / "network.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def swap(folder):
    save_file({"another": torch.zeros(3)}, folder / "weights.safetensors")


def reshape(folder):
    state = load_file(folder / "weights.safetensors")
    save_file(state | {"head.weight": torch.zeros(1, 9)}, folder / "weights.safetensors")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "network.json").unlink(), "holds no network.json"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "holds no weights.safetensors"),
        (lambda folder: cut(folder / "network.json"), "network.json is damaged"),
        (lambda folder: (folder / "network.json").write_bytes(b"\xff\xfe"), "is damaged"),
        (lambda folder: edit(folder, schema_version=2), "schema_version"),
        (lambda folder: edit(folder, author="me"), "author: Extra inputs"),
        (lambda folder: edit(folder, size_px=0), "size_px"),
        (lambda folder: edit(folder, size_px=1), "cannot be rebuilt"),
        (lambda folder: edit(folder, network={"family": "forest"}), "network"),
        (
            lambda folder: edit(folder, network={"family": "backbone", "name": "no_such_net"}),
            "timm knows no backbone called 'no_such_net'",
        ),
        (lambda folder: cut(folder / "weights.safetensors"), "weights.safetensors is damaged"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b""), "is damaged"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"\x80\x04K*."), "is damaged"),
        (swap, "does not fit network.json"),
        (reshape, "does not fit network.json"),
    ],
)
def test_a_damaged_network_is_refused_in_one_line(saved, damage, reason):
    damage(saved)
    with pytest.raises(ModelError, match=reason) as refused:
        load(saved)
    assert "\n" not in str(refused.value)


def test_no_folder_is_no_network(tmp_path):
    with pytest.raises(ModelError, match=r"holds no network\.json"):
        load(tmp_path / "nowhere")
