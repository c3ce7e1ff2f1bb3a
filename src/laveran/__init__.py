"""Laveran reads blood films for malaria.

`load` a model and `predict` cells on the light side; `laveran.training.train` makes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from laveran.errors import LaveranError
    from laveran.model.evaluation import evaluate
    from laveran.model.prediction import predict
    from laveran.model.runtime import Model, load

__version__ = "0.1.0"
__all__ = ["LaveranError", "Model", "__version__", "evaluate", "load", "predict"]

_HOMES = {
    "LaveranError": "laveran.errors",
    "Model": "laveran.model.runtime",
    "evaluate": "laveran.model.evaluation",
    "load": "laveran.model.runtime",
    "predict": "laveran.model.prediction",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import laveran` itself loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'laveran' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
