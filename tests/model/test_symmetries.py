import numpy as np

from laveran.model.symmetries import COUNT, turned, turned_back

CELLS = np.random.default_rng(0).integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)


def test_the_eight_views_differ_and_the_first_is_the_cell():
    views = list(turned(CELLS))
    assert len({view.tobytes() for view in views}) == COUNT
    np.testing.assert_array_equal(views[0], CELLS)


def test_every_view_comes_back():
    for view in turned_back(turned(CELLS)):
        np.testing.assert_array_equal(view, CELLS)


def test_they_are_a_group():
    """Turning any view again gives one of the eight."""
    views = {view.tobytes() for view in turned(CELLS)}
    for view in turned(CELLS):
        assert {again.tobytes() for again in turned(view)} == views
