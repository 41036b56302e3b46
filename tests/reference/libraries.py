"""The published implementations, each imported as far as it can be; they are test references and never dependencies."""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import Any


def torch_fidelity(module: str) -> Any:
    """One module of torch-fidelity. The package as a whole needs torchvision, which its formulas do not.

    Raises ImportError when torch-fidelity is not installed.
    """
    try:
        return importlib.import_module(f"torch_fidelity.{module}")
    except ImportError:
        pass
    try:
        folder = distribution("torch-fidelity").locate_file("torch_fidelity")
    except PackageNotFoundError as error:
        raise ImportError("torch-fidelity is not installed") from error
    package = types.ModuleType("torch_fidelity")
    package.__path__ = [str(folder)]
    utils = types.ModuleType("torch_fidelity.utils")  # reads images with torchvision; no formula uses it
    utils.__getattr__ = lambda name: None  # type: ignore[method-assign]
    for name in [name for name in sys.modules if name.split(".")[0] == "torch_fidelity"]:
        del sys.modules[name]
    sys.modules.update({"torch_fidelity": package, "torch_fidelity.utils": utils})
    return importlib.import_module(f"torch_fidelity.{module}")


def torchmetrics(module: str) -> Any:
    """One module of torchmetrics. Its image metrics import torch-fidelity where that is installed."""
    with contextlib.suppress(ImportError):
        torch_fidelity("metric_fid")
    try:
        return importlib.import_module(f"torchmetrics.{module}")
    except ImportError:
        pass
    # torchmetrics.image as a whole needs torchvision where a partly usable torch-fidelity is installed.
    folder = distribution("torchmetrics").locate_file("torchmetrics/image")
    package = types.ModuleType("torchmetrics.image")
    package.__path__ = [str(folder)]
    sys.modules["torchmetrics.image"] = package
    return importlib.import_module(f"torchmetrics.{module}")


def versions(*names: str) -> dict[str, str]:
    return {name: version(name) for name in names}
