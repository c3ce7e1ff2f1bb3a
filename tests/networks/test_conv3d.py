import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.dropout import monte_carlo
from laveran.networks.network import build


def stacks(count=2, planes=5, size=16):
    shape = (count, 3, planes, size, size)
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(1)).float()


def test_parameters_are_as_many_as_counted_by_hand():
    network = Conv3dSpec(filters=(4, 8), batch_norm=False).build()
    counted = 4 * (3 * 3 * 5 * 5 + 1) + 8 * (4 * 3 * 3 * 3 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == counted


def test_the_first_layer_sums_over_planes_rows_and_columns():
    torch.manual_seed(0)
    conv = Conv3dSpec(filters=(1,), batch_norm=False).build()[0][0]
    shown = stacks(1)
    padded = np.pad(shown[0].numpy(), ((0, 0), (1, 1), (2, 2), (2, 2)))  # [3, P + 2, S + 4, S + 4]
    kernel = conv.weight[0].detach().numpy()  # [3, 3, 5, 5]
    by_hand = (padded[:, 1:4, 4:9, 6:11] * kernel).sum() + conv.bias.item()
    assert conv(shown)[0, 0, 1, 2, 3].item() == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("planes", [1, 2, 9])
def test_any_number_of_planes_is_read_and_kept_in_the_evidence(planes):
    network = build(Conv3dSpec(filters=(4, 6, 8)), 16).eval()
    assert network.read(stacks(planes=planes)).evidence.shape == (2, planes, 2, 2)


def test_kernels_of_depth_1_see_each_plane_alone():
    torch.manual_seed(0)
    shown = stacks()
    alone = build(Conv3dSpec(filters=(4, 6), depth=1), 16).eval()
    order = [3, 0, 4, 1, 2]
    torch.testing.assert_close(alone(shown[:, :, order]), alone(shown))
    together = build(Conv3dSpec(filters=(4, 6), depth=3), 16).eval()
    assert not torch.allclose(together(shown[:, :, order]), together(shown))


def test_the_style_reaches_every_layer():
    network = Conv3dSpec(filters=(2, 3), activation="elu", dropout=0.2).build()
    kinds = [type(part) for part in network.modules()]
    for kind in (nn.Conv3d, nn.BatchNorm3d, nn.ELU, nn.Dropout3d):
        assert kinds.count(kind) == 2


def test_dropout_can_be_left_on_to_ask_again():
    network = build(Conv3dSpec(filters=(8,), dropout=0.5), 16)
    assert (monte_carlo(network, stacks(), passes=5).disagreement > 0).all()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"filters": ()}, "at least 1 item"),
        ({"filters": (2, 2, 2, 2)}, "at most 3 items"),
        ({"depth": 2}, "1, 3 or 5"),
        ({"planes": 7}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(values, reason):
    with pytest.raises(ValidationError, match=reason):
        Conv3dSpec(**values)
