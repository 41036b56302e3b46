"""One self-contained page and a model card from a run folder."""

from vivogan.reports.build import build

__all__ = ["build"]
