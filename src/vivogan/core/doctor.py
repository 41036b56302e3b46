"""What this machine offers vivogan, and what is missing."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vivogan.core import machine

NEEDED = (
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "pillow",
    "tifffile",
    "safetensors",
    "pydantic",
    "matplotlib",
    "jinja2",
    "typer",
    "rich",
    "tomli-w",
    "rdkit",
    "selfies",
    "lightgbm",
)
OPTIONAL = {
    "imagecodecs": "compressed TIFF files (LZW, JPEG 2000, Zstandard)",
    "pyarrow": "Parquet files of molecules",
    "fcd": "the Fréchet ChemNet distance of molecules",
}


def doctor(folder: str | Path = ".") -> dict[str, Any]:
    """Describe the machine, the disk at ``folder``, and every package with its version or how to install it.

    Returns ``machine.describe()`` with ``executable``, ``disk_free_bytes``, ``disk_bytes`` and ``packages``, a list of
    ``{"name", "version" or None, "for", "needed", "install"}``. It works where packages are missing: that is its use.
    """
    disk = shutil.disk_usage(folder)
    packages = [_package(name, "everything", needed=True) for name in NEEDED]
    packages += [_package(name, purpose, needed=False) for name, purpose in OPTIONAL.items()]
    return {
        **_machine(),
        "executable": sys.executable,
        "disk_free_bytes": disk.free,
        "disk_bytes": disk.total,
        "packages": packages,
    }


def _machine() -> dict[str, Any]:
    try:
        return machine.describe()
    except ImportError as error:  # a torch that is absent, or that cannot load its libraries
        return {"python": platform.python_version(), "threads": machine.free_threads(), "problem": str(error)}


def _package(name: str, purpose: str, *, needed: bool) -> dict[str, Any]:
    try:
        found: str | None = version(name)
    except PackageNotFoundError:
        found = None
    install = f"{sys.executable} -m pip install {name}"
    return {"name": name, "version": found, "for": purpose, "needed": needed, "install": install}
