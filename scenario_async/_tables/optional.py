"""Libraries that this package does not bring by itself, imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from scenario_async._support.loading import LOADING

EXTRAS: Final = {
    "pyarrow": "export",
    "nanoarrow": "arrow",
    "PIL": "pictures",
    "dask": "dask",
    "distributed": "dask",
}


def found(module: str) -> Any:  # noqa: ANN401
    """Import a library; None where it is not installed."""
    try:
        with LOADING:
            return import_module(module)
    except ImportError:
        return None


def needed(module: str, what: str) -> Any:  # noqa: ANN401
    """Import a library, or say what needs it and how to install it."""
    library = found(module)
    if library is not None:
        return library
    module = module.partition(".")[0]
    extra = EXTRAS.get(module)
    if extra is None:
        raise ImportError(f"{what} needs {module}; run: pip install {module}", name=module)
    raise ImportError(
        f'{what} needs {module}, of the extra "{extra}"; '
        f"in a clone of the repository, run: pip install '.[{extra}]'",
        name=module,
    )
