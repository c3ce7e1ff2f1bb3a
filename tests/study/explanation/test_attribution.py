"""Maps of where an answer comes from: equal to captum's, and true to their papers' laws."""

import pytest
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion

from laveran.errors import ConfigError
from laveran.networks.network import build
from laveran.networks.stack import plain, residual
from laveran.study.explanation.attribution import (
    enlarged,
    grad_cam,
    integrated_gradients,
    map_layers,
    mean_logit,
    occlusion,
    plain_cells,
    stages,
)

SIZE_PX = 24


@pytest.fixture(scope="module")
def members():
    """Two networks of the same kind, their batch norm no longer idle."""
    torch.manual_seed(3)
    networks = [build(residual((6, 8)), SIZE_PX) for _ in range(2)]
    for network in networks:
        network(255 * torch.rand(16, 3, SIZE_PX, SIZE_PX))
    return [network.eval() for network in networks]


@pytest.fixture(scope="module")
def cells():
    torch.manual_seed(4)
    cells = 20 + 200 * torch.rand(2, 3, SIZE_PX, SIZE_PX)
    cells[:, :, :4] = 0  # a black margin
    return cells


def column(member):
    """The network with its logit as captum wants it, [N, 1]."""
    return lambda cells: member(cells)[:, None]


@pytest.mark.parametrize("layer", ["0.0", "0.2", "2.activation"])
def test_grad_cam_is_that_of_captum(members, cells, layer):
    module = members[0].features.get_submodule(layer)
    wanted = LayerGradCam(members[0], module).attribute(cells, relu_attributions=True)
    found = grad_cam(members[:1], cells, layer)
    torch.testing.assert_close(found, wanted[:, 0].detach())
    assert found.max() > 0


def test_grad_cam_of_an_ensemble_sees_all_maps_as_of_one_layer(members, cells):
    both = []
    for member in members:
        maps = member.maps(cells).detach().requires_grad_()
        (member.head(maps.mean((2, 3))) / len(members)).sum().backward()
        both.append((maps.grad.mean((2, 3), keepdim=True) * maps).sum(1))
    wanted = sum(both).relu().detach()
    torch.testing.assert_close(grad_cam(members, cells, "2.activation"), wanted)


def test_grad_cam_of_the_last_layer_is_the_positive_evidence(members, cells):
    evidence = members[0].read(cells).evidence
    found = grad_cam(members[:1], cells, "2.activation")
    torch.testing.assert_close(found * found[0].numel(), evidence.relu().detach())


@pytest.mark.parametrize(("window_px", "stride_px"), [(8, 4), (4, 4), (12, 3)])
def test_occlusion_is_that_of_captum(members, cells, window_px, stride_px):
    paint = plain_cells(cells)
    settings = {"window_px": window_px, "stride_px": stride_px}
    for some in (members[:1], members):
        wanted = Occlusion(lambda given, some=some: mean_logit(some, given)).attribute(
            cells, (3, window_px, window_px), (3, stride_px, stride_px), baselines=paint
        )
        found = occlusion(some, cells, **settings)
        torch.testing.assert_close(found, wanted[:, 0].float(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("steps", [20, 70])
def test_integrated_gradients_are_those_of_captum(members, cells, steps):
    start = plain_cells(cells)
    wanted = IntegratedGradients(lambda given: mean_logit(members, given)).attribute(
        cells, start, n_steps=steps, method="gausslegendre"
    )
    found = integrated_gradients(members, cells, steps=steps)
    torch.testing.assert_close(found, wanted.sum(1).float(), atol=1e-4, rtol=1e-3)


def test_integrated_gradients_are_complete(members, cells):
    with torch.no_grad():
        gained = mean_logit(members, cells) - mean_logit(members, plain_cells(cells))
    found = integrated_gradients(members, cells, steps=200).sum((1, 2))
    torch.testing.assert_close(found, gained, atol=0.02 * float(gained.abs().max()), rtol=0)


def test_integrated_gradients_are_nothing_where_the_cell_is_its_baseline(members, cells):
    assert integrated_gradients(members, cells)[:, :4].abs().max() == 0
    assert integrated_gradients(members, plain_cells(cells)).abs().max() == 0


def test_a_plain_cell_has_one_colour_and_keeps_its_margin(cells):
    plainly = plain_cells(cells)
    assert plainly[:, :, :4].abs().max() == 0
    inside = plainly[:, :, 4:].flatten(2)
    torch.testing.assert_close(inside.amin(2), inside.amax(2))
    torch.testing.assert_close(inside[..., 0], cells[:, :, 4:].flatten(2).median(2).values)


def test_a_wholly_black_cell_stays_black():
    assert plain_cells(torch.zeros(1, 3, 4, 4)).abs().max() == 0


def test_stages_are_the_last_layers_at_their_size(members):
    layers = map_layers(members[0], SIZE_PX)
    assert stages(members[0], SIZE_PX) == [layers[2], layers[-1]]


@pytest.mark.parametrize(("window_px", "stride_px"), [(25, 4), (4, 5), (4, 0)])
def test_a_square_that_cannot_cover_the_cell_is_refused(members, cells, window_px, stride_px):
    with pytest.raises(ConfigError, match="cannot cover 24 px"):
        occlusion(members, cells, window_px=window_px, stride_px=stride_px)


def test_a_layer_that_is_not_there_is_refused(members, cells):
    with pytest.raises(ConfigError, match=r"no layer 'conv9' with maps; it has 0\.0, "):
        grad_cam(members, cells, "conv9")


def test_a_map_is_enlarged_about_its_units():
    spot = torch.zeros(1, 3, 3)
    spot[0, 1, 2] = 1
    large = enlarged(spot, 24)
    assert large.shape == (1, 24, 24)
    row, column = divmod(int(large.argmax()), 24)
    assert (row // 8, column // 8) == (1, 2)


def test_networks_in_training_are_not_touched():
    network = build(plain((4,), per_stage=1), 16).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    cells = 255 * torch.rand(1, 3, 16, 16)
    grad_cam([network], cells, "0.2")
    integrated_gradients([network], cells, steps=4)
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
