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
)
OPTIONAL = {"imagecodecs": "compressed TIFF files (LZW, JPEG 2000, Zstandard)"}


def doctor(folder: str | Path = ".") -> dict[str, Any]:
    """Describe the machine, the disk at ``folder``, and every package with its version or how to install it.

    Returns ``machine.describe()`` with ``python``, ``disk_free`` and ``disk_total`` (bytes) and ``packages``, a list of
    ``{"name", "version" or None, "for", "install"}``.
    """
    disk = shutil.disk_usage(folder)
    packages = [_package(name, "everything") for name in NEEDED]
    packages += [_package(name, purpose) for name, purpose in OPTIONAL.items()]
    return {
        **machine.describe(),
        "python": f"{platform.python_version()} ({sys.executable})",
        "disk_free": disk.free,
        "disk_total": disk.total,
        "packages": packages,
    }


def _package(name: str, purpose: str) -> dict[str, str | None]:
    try:
        found: str | None = version(name)
    except PackageNotFoundError:
        found = None
    return {"name": name, "version": found, "for": purpose, "install": f"pip install {name}"}
