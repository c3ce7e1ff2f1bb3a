"""The public names of the package are those that can be imported."""

import importlib
import pkgutil
import types

import pytest

import laveran


def test_all_is_what_can_be_imported():
    for name in laveran.__all__:
        assert getattr(laveran, name) is not None
    namespace = {}
    exec("from laveran import *", namespace)  # what `__all__` is for
    assert set(laveran.__all__) <= set(namespace)


def test_dir_shows_the_public_names():
    assert dir(laveran) == sorted(laveran.__all__)


def test_public_names_are_documented_and_called_as_at_home():
    for name in set(laveran.__all__) - {"__version__"}:
        thing = getattr(laveran, name)
        assert thing.__doc__
        assert thing.__name__ == name
        assert getattr(importlib.import_module(thing.__module__), name) is thing


def test_type_checkers_see_the_same_names():
    """The imports for type checkers and the table for run time are kept together by hand."""
    homes = set(laveran._HOMES) | {"__version__"}
    assert homes == set(laveran.__all__)
    source = importlib.util.find_spec("laveran").loader.get_source("laveran")
    for name, home in laveran._HOMES.items():
        line = next(line for line in source.splitlines() if line.startswith(f"    from {home} "))
        assert name in line


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'laveran' has no attribute 'diagnose'"):
        laveran.diagnose  # noqa: B018
    assert not hasattr(laveran, "os")


def test_every_error_of_ours_is_a_laveran_error():
    errors = importlib.import_module("laveran.errors")
    found = [thing for thing in vars(errors).values() if isinstance(thing, type)]
    assert all(issubclass(error, laveran.LaveranError) for error in found)
    for error in found:
        assert error.__name__ in errors.__doc__


def test_every_module_says_what_it_is_for():
    for module in pkgutil.walk_packages(laveran.__path__, "laveran."):
        if module.name.endswith("__main__"):
            continue
        assert isinstance(imported := importlib.import_module(module.name), types.ModuleType)
        assert imported.__doc__, module.name
