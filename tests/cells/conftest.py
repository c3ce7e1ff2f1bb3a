"""A home without tokens, and Kaggle on 127.0.0.1."""

import os

import loopback
import pytest

from laveran.cells import download


@pytest.fixture
def home(tmp_path_factory, monkeypatch):
    """A home without tokens, so that no test ever reaches a real account."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("KAGGLE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / ".kaggle"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    return home


@pytest.fixture
def token(home, monkeypatch):
    """A token of the old kind, which the client does not prove before its first request."""
    monkeypatch.setenv("KAGGLE_USERNAME", "ada")
    monkeypatch.setenv("KAGGLE_KEY", "0123")


@pytest.fixture
def kaggle(home, monkeypatch):
    """The server that Kaggle's own client takes for Kaggle."""
    pytest.importorskip("kaggle", reason="Kaggle's client is not installed (extra `kaggle`)")
    from kagglesdk import kaggle_env

    with loopback.serving() as server:
        endpoints = kaggle_env._env_to_endpoint
        monkeypatch.setitem(endpoints, kaggle_env.KaggleEnv.PROD, server.url)
        yield server


@pytest.fixture
def no_network(kaggle, monkeypatch):
    """Kaggle's client finds nobody at Kaggle's address."""
    from kagglesdk import kaggle_env

    monkeypatch.setitem(
        kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, loopback.unused_url()
    )
