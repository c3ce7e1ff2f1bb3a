"""The graph of a network: what runs, on what, and what comes out."""

import pytest
import torch
from torch import nn

from laveran.errors import ConfigError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.network import build
from laveran.networks.stack import plain, residual
from laveran.networks.trace import trace


@pytest.mark.parametrize(
    ("spec", "size_px"),
    [
        (plain((4, 8)), 32),
        (residual((4, 8, 8), per_stage=2), 32),
        (residual((4, 8), batch_norm=False, dropout=0.1), 32),
        (BackboneSpec(name="tf_efficientnet_lite0"), 32),
        (BackboneSpec(name="resnet18"), 32),
        (BackboneSpec(name="mobilenetv3_small_050"), 32),
    ],
    ids=lambda each: getattr(each, "name", None) or getattr(each, "family", str(each)),
)
def test_the_last_step_gives_what_the_network_gives(spec, size_px):
    features = build(spec, size_px).features.eval()
    cells = torch.rand(2, 3, size_px, size_px)
    steps = trace(features, cells)
    assert torch.equal(steps[-1].output, features(cells))
    names = [step.name for step in steps]
    assert len(set(names)) == len(names)
    for place, step in enumerate(steps):
        assert set(step.inputs) <= {"", *names[:place]}, step.name


def test_every_layer_with_weights_is_a_step():
    features = build(residual((4, 8)), 32).features
    steps = trace(features, torch.rand(1, 3, 32, 32))
    weighty = {
        name
        for name, module in features.named_modules()
        if list(module.parameters(recurse=False)) or isinstance(module, nn.MaxPool2d)
    }
    assert weighty <= {step.name for step in steps}


def test_a_shortcut_is_a_sum_of_both_ways():
    features = build(residual((4, 4)), 32).features
    steps = {step.name: step for step in trace(features, torch.rand(1, 3, 32, 32))}
    (total,) = (step for step in steps.values() if step.operation == "add")
    ways = [steps[name] for name in total.inputs]
    assert torch.equal(total.output, ways[0].output + ways[1].output)
    assert {way.operation for way in ways} == {"MaxPool2d", "BatchNorm2d"}  # no step for identity


def test_outputs_carry_gradients():
    features = build(plain((4, 8)), 32).features.eval()
    cells = torch.rand(1, 3, 32, 32, requires_grad=True)
    (gradient,) = torch.autograd.grad(trace(features, cells)[2].output.sum(), cells)
    assert gradient.abs().sum() > 0


def test_a_network_that_decides_by_what_it_sees_is_refused():
    class Moody(nn.Module):
        def forward(self, cells):
            return cells if cells.sum() > 0 else -cells

    with pytest.raises(ConfigError, match="cannot be listed"):
        trace(Moody(), torch.rand(1, 3, 4, 4))
