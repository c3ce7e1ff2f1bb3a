"""What a convolutional layer does, written out: windows, edges, steps, pooling, stacks of maps.

Plain numpy, made to be read; networks are computed by torch, which these functions agree with.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Padding = Literal["none", "same", "full"]


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Windows that fit along a side: `floor((n + 2 p - F) / S) + 1`.

    Args:
        size: n, units along the side.
        kernel: F, units along the kernel's side.
        stride: S, units from one window to the next.
        padding: p, units added at each end.

    Example:
        >>> [output_size(7, 3, stride=1, padding=p) for p in (0, 1, 2)]  # none, same, full
        [5, 7, 9]
        >>> output_size(7, 3, stride=2)
        3
    """
    return (size + 2 * padding - kernel) // stride + 1


def padding_width(padding: Padding, kernel: int) -> int:
    """Zeros that stand at each end: none, as many as keep the size, or all that a kernel touches.

    Example:
        >>> [padding_width(way, 5) for way in ("none", "same", "full")]
        [0, 2, 4]
    """
    return {"none": 0, "same": (kernel - 1) // 2, "full": kernel - 1}[padding]


def pad(maps: ArrayLike, width: int) -> Array:
    """Maps [..., H, W] with `width` zeros around them.

    Example:
        >>> pad([[1, 2]], 1).astype(int).tolist()
        [[0, 0, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]]
    """
    values = np.asarray(maps, np.float64)
    return np.pad(values, [(0, 0)] * (values.ndim - 2) + [(width, width)] * 2)


def cross_correlate(
    picture: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int = 0
) -> Array:
    """What a "convolutional" layer computes: `y[i, j] = sum x[i S + a, j S + b] w[a, b]`.

    Args:
        picture: One map [H, W].
        kernel: Weights [F, F].
        stride: S.
        padding: Zeros at each edge.

    Returns:
        One map [H', W'], sides as `output_size` says.

    Example:
        >>> cross_correlate([[0, 0, 1], [0, 0, 0], [0, 0, 0]], np.arange(9).reshape(3, 3))
        array([[2.]])
    """
    weights = np.asarray(kernel, np.float64)
    windows: Array = sliding_window_view(pad(picture, padding), weights.shape)
    return np.asarray(np.einsum("ijab,ab->ij", windows[::stride, ::stride], weights))


def convolve(picture: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int = 0) -> Array:
    """The convolution of mathematics: the kernel is turned by half a turn first.

    Example:
        >>> convolve([[0, 0, 1], [0, 0, 0], [0, 0, 0]], np.arange(9).reshape(3, 3))
        array([[6.]])
    """
    return cross_correlate(picture, np.asarray(kernel)[::-1, ::-1], stride, padding)


def filter_maps(
    maps: ArrayLike, weights: ArrayLike, bias: ArrayLike, stride: int = 1, padding: int = 0
) -> Array:
    """A whole layer: each filter sums over all maps of the stack and gives one map.

    Args:
        maps: Stack [C, H, W].
        weights: Filters [K, C, F, F].
        bias: One a filter [K].
        stride: S.
        padding: Zeros at each edge.

    Returns:
        One map a filter [K, H', W'].

    Example:
        >>> filter_maps(np.ones((3, 4, 4)), np.ones((2, 3, 3, 3)), [0, 1]).mean((1, 2))
        array([27., 28.])
    """
    filters = np.asarray(weights, np.float64)
    windows: Array = sliding_window_view(pad(maps, padding), filters.shape[-2:], axis=(-2, -1))
    summed = np.einsum("cijab,kcab->kij", windows[:, ::stride, ::stride], filters)
    return np.asarray(summed + np.asarray(bias)[:, None, None])


def pool(
    picture: ArrayLike, size: int = 2, stride: int = 2, mode: Literal["max", "average"] = "max"
) -> Array:
    """The largest, or the mean, of each window of F x F (`size`) at stride S.

    Example:
        >>> lecture = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
        >>> pool(lecture)
        array([[6., 8.],
               [3., 4.]])
    """
    windows = sliding_window_view(np.asarray(picture, np.float64), (size, size))
    windows = windows[::stride, ::stride]
    return np.asarray(windows.max((-2, -1)) if mode == "max" else windows.mean((-2, -1)))


def relu(values: ArrayLike) -> Array:
    """`max(0, x)`.

    Example:
        >>> relu([-2, 3])
        array([0., 3.])
    """
    return np.maximum(np.asarray(values, np.float64), 0)


def elu(values: ArrayLike, alpha: float = 1.0) -> Array:
    """`x` from 0 on, below it `alpha (exp(x) - 1)` (Clevert et al. 2016, arXiv:1511.07289, eq. 15).

    Example:
        >>> elu([-20, 3], alpha=2).round(3)
        array([-2.,  3.])
    """
    x = np.asarray(values, np.float64)
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


def layer_parameters(filters: int, kernel: int, maps: int) -> int:
    """Weights and biases of a convolutional layer; the size of the picture plays no part.

    Example:
        >>> layer_parameters(filters=16, kernel=3, maps=3)  # the lecture's question
        448
    """
    return filters * (kernel * kernel * maps + 1)


def neuron_parameters(size: int, channels: int = 3) -> int:
    """Weights and the bias of one neuron that looks at a whole square picture.

    Example:
        >>> neuron_parameters(32), neuron_parameters(224)  # the slide prints 150129 for the latter
        (3073, 150529)
    """
    return size * size * channels + 1
