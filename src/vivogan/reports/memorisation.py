"""The memorisation panel: did the generator copy its training data? Both halves of every number stay apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vivogan.reports.charts import halves, number
from vivogan.reports.gather import finite


@dataclass(frozen=True)
class Finding:
    """One line of the panel; ``chart`` is empty for numbers without a natural scale of 0 to 1."""

    title: str
    meaning: str
    value: str
    detail: str
    chart: Markup


def verdict(memory: Mapping[str, Any]) -> str:
    """The panel's first sentence."""
    if not memory:
        return ""
    if memory.get("flagged"):
        return "The generator repeats training samples. Do not share what it makes as if it were new."
    return "No sign that the generator copies its training samples."


def findings(memory: Mapping[str, Any]) -> list[Finding]:
    """The lines of the panel that this evaluation measured (the fields of ``metrics.memorisation.Memorisation``)."""
    found = [
        _share(memory, "copies", "Copies", "Made samples that lie on one training sample and far from every other."),
        _share(
            memory,
            "too_close",
            "Close calls",
            "Made samples closer to a training sample than all but 1 % of held-out real ones; 1 % is chance.",
        ),
        _distance(memory),
        _half(
            memory,
            "aa_truth",
            "Real samples whose nearest neighbour is real",
            "A half is ideal. Below it, made samples crowd the real ones; above it, they miss some of them.",
        ),
        _half(
            memory,
            "aa_syn",
            "Made samples whose nearest neighbour is made",
            "A half is ideal. Below it, made samples sit on real ones; above it, they keep to themselves.",
        ),
        _membership(memory),
        _privacy(memory),
    ]
    return [finding for finding in found if finding is not None]


def _half(memory: Mapping[str, Any], name: str, title: str, meaning: str) -> Finding | None:
    train, held_out = finite(memory.get(f"{name}_train")), finite(memory.get(f"{name}_held_out"))
    if train is None and held_out is None:
        return None
    label = f"{title}: {number(train)} against training data, {number(held_out)} against held-out data; 0.5 is ideal"
    detail = f"held out {number(held_out)}" if held_out is not None else ""
    return Finding(title, meaning, number(train), detail, halves(train, held_out, label=label))


def _membership(memory: Mapping[str, Any]) -> Finding | None:
    value, low, high = (finite(memory.get(f"membership_{end}")) for end in ("auc", "low", "high"))
    if value is None:
        return None
    detail = f"{number(low, 3)} to {number(high, 3)}" if low is not None and high is not None else ""
    title = "Guessing who was in the training set"
    meaning = "How well the made samples tell training records from others (membership AUC). A half is blind guessing."
    return Finding(
        title, meaning, number(value), detail, halves(value, None, low, high, f"{title}: {number(value)}; 0.5 is ideal")
    )


def _distance(memory: Mapping[str, Any]) -> Finding | None:
    value = finite(memory.get("distance_ratio"))
    if value is None:
        return None
    meaning = "Typical distance, as a multiple of a held-out real sample's. Near 1 is ideal, near 0 is copying."
    return Finding("Distance to the nearest training sample", meaning, number(value), "", Markup(""))


def _privacy(memory: Mapping[str, Any]) -> Finding | None:
    value = finite(memory.get("privacy_loss"))
    if value is None:
        return None
    meaning = "How much closer than held-out data the training data are. About 0 is ideal, 0.5 gives them away."
    return Finding("Privacy loss", meaning, number(value, 3), "", Markup(""))


def _share(memory: Mapping[str, Any], name: str, title: str, meaning: str) -> Finding | None:
    value, expected = finite(memory.get(name)), finite(memory.get(f"{name}_expected"))
    if value is None:
        return None
    detail = f"{100 * expected:.1f} % among real" if expected is not None else ""
    return Finding(title, meaning, f"{100 * value:.1f} %", detail, Markup(""))
