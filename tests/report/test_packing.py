"""Numbers inside a page: how exactly they come back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from laveran.report.packing import TINIEST, pack_halves, pack_rows, unpack

NUMBERS = st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False)
SHAPES = st.tuples(st.integers(1, 5), st.integers(0, 6))


@given(arrays(np.float32, SHAPES, elements=NUMBERS))
def test_halves_keep_each_number_to_one_in_2048(values):
    back = unpack(pack_halves(values)).reshape(values.shape)
    largest = max(np.abs(values).max(initial=0), TINIEST)
    bound = np.maximum(np.abs(values) / 2048, largest / 2**25) + TINIEST
    assert (np.abs(back.astype(float) - values) <= bound * 1.0001).all()


@given(arrays(np.float32, SHAPES, elements=NUMBERS))
def test_bytes_keep_each_number_to_one_in_254_of_its_row(values):
    back = unpack(pack_rows(values)).reshape(values.shape)
    largest = np.maximum(np.abs(values).max(axis=1, initial=0), TINIEST)
    bound = largest[:, None] / 254
    assert (np.abs(back.astype(float) - values) <= bound * 1.0001).all()


@pytest.mark.parametrize("pack", [pack_halves, pack_rows])
def test_zeros_and_the_largest_come_back_as_they_were(pack):
    values = np.array([[0.0, -7.5, 7.5], [0.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(unpack(pack(values)).reshape(2, 3), values, rtol=1e-6)
