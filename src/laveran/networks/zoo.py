"""The zoo: a small ready-made network of each family, by name."""

from __future__ import annotations

from collections.abc import Callable

from laveran.errors import ConfigError
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.dense import dense
from laveran.networks.highway import highway
from laveran.networks.mlp import MlpSpec
from laveran.networks.stack import StackSpec, plain, residual
from laveran.networks.vgg import vgg

ZOO: dict[str, Callable[[], StackSpec | MlpSpec | Conv3dSpec]] = {
    "plain": plain,
    "vgg": vgg,
    "residual": residual,
    "highway": highway,
    "dense": dense,
    "mlp": MlpSpec,
    "conv3d": Conv3dSpec,
}


def member(name: str) -> StackSpec | MlpSpec | Conv3dSpec:
    """The zoo's network called `name`.

    Raises:
        ConfigError: If there is none.

    Example:
        >>> member("vgg").family
        'stack'
    """
    if name not in ZOO:
        raise ConfigError(f"no network is called {name!r}; the zoo has {', '.join(ZOO)}")
    return ZOO[name]()
