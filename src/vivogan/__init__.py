"""Adversarial generative modelling for biological data.

>>> import vivogan as vg
>>> run = vg.images.train("cells/", labels="type", budget="10m", out="runs/cells")  # doctest: +SKIP
>>> made = run.generate(500, where={"type": "monocyte"}, seed=0)  # doctest: +SKIP
>>> print(run.evaluate())  # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivogan.errors import (
    DamagedRun,
    InputError,
    RunInUse,
    SettingsError,
    TrainingStopped,
    UserError,
    VivoganError,
)

# Threads of OpenMP spin for milliseconds while they wait for each other, and beside another program two of them nearly
# stop (benchmarks/engine_threads.py). They spin briefly instead, where torch, which reads this, is not loaded yet.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")

if TYPE_CHECKING:
    from vivogan.core.doctor import doctor
    from vivogan.domains.expression import api as expression
    from vivogan.domains.images import api as images
    from vivogan.domains.molecules import api as molecules
    from vivogan.domains.run import Run
    from vivogan.domains.sequences import api as sequences
    from vivogan.reports import build as report

__version__ = "0.1.0"

__all__ = [
    "DamagedRun",
    "InputError",
    "Run",
    "RunInUse",
    "SettingsError",
    "TrainingStopped",
    "UserError",
    "VivoganError",
    "__version__",
    "doctor",
    "expression",
    "images",
    "molecules",
    "report",
    "sequences",
]

# Public name → where it lives. Imported on first use (PEP 562), so that `import vivogan` costs no torch.
_LAZY = {
    "expression": ("vivogan.domains.expression.api", None),
    "images": ("vivogan.domains.images.api", None),
    "molecules": ("vivogan.domains.molecules.api", None),
    "sequences": ("vivogan.domains.sequences.api", None),
    "Run": ("vivogan.domains.run", "Run"),
    "doctor": ("vivogan.core.doctor", "doctor"),
    "report": ("vivogan.reports", "build"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    found = import_module(module)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
