"""Single-cell expression: atlases, markers, responses."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    # Loaded on first use: the rooms need torch, and whoever imports one of them need not pay for all.
    if name == "DOMAIN":
        from vivogan.domains.expression.domain import DOMAIN

        return DOMAIN
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
