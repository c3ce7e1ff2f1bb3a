"""How large the gradients are that reach each convolution, seen from outside of the training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import Tensor, nn


@contextmanager
def gradient_sizes(network: nn.Module) -> Iterator[list[list[float]]]:
    """Note the mean of |dL/dW| of each convolution at every backward pass.

    Where it shrinks from layer to layer towards the picture, the first layers hardly learn: the
    vanishing gradient (Glorot & Bengio 2010, AISTATS, fig. 7; He et al. 2016, arXiv:1512.03385).

    Args:
        network: Any network; it and its training stay as they are.

    Yields:
        A list a convolution, from the picture on, that grows by one number a backward pass;
        the gates of highway layers are left out. Nothing is noted after the context is left.

    Example:
        >>> import torch
        >>> network = nn.Conv2d(1, 1, 1)
        >>> with gradient_sizes(network) as sizes:
        ...     network(torch.full((1, 1, 2, 2), 3.0)).mean().backward()
        >>> sizes
        [[3.0]]
    """
    weights = [
        part.weight
        for name, part in network.named_modules()
        if isinstance(part, nn.Conv2d) and "gate" not in name.split(".")
    ]
    sizes: list[list[float]] = [[] for _ in weights]
    hooks = [
        weight.register_hook(partial(_note, noted))  # type: ignore[no-untyped-call]
        for weight, noted in zip(weights, sizes, strict=True)
    ]
    try:
        yield sizes
    finally:
        for hook in hooks:
            hook.remove()


def _note(noted: list[float], gradient: Tensor) -> None:
    """Add the mean absolute value of one gradient."""
    noted.append(float(gradient.abs().mean()))
