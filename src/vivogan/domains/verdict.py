"""From numbers to plain words: what a reader without statistics should take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vivogan.domains.base import Score
from vivogan.metrics.memorisation import Memorisation

FEW = 100  # test records below which intervals are wide


def _find(scores: Sequence[Score], start: str) -> Score | None:
    return next((s for s in scores if s.name.startswith(start)), None)


def _like_real(distance: Score) -> bool:
    """Whether the distance cannot be told from that of real data."""
    return min(distance.low, distance.value) <= distance.floor


def grade(scores: Sequence[Score], kept: Memorisation) -> str:
    """good: close to real, covering, not copying; poor: copying or covering little; fair: between.

    Close is no farther than the best simple sampler, or not to be told from real data at this size.
    """
    distance, covered = _find(scores, "FD-"), _find(scores, "coverage")
    if kept.flagged or distance is None or covered is None:
        return "poor"
    share = covered.value / max(1e-9, covered.floor)
    if (distance.value <= distance.baseline or _like_real(distance)) and share >= 0.7:
        return "good"
    return "fair" if share >= 0.35 else "poor"


def verdict(scores: Sequence[Score], by_class: Sequence[Mapping[str, Any]], kept: Memorisation) -> list[str]:
    """Three to five sentences, the most important first."""
    found = [_faithful(scores), _diverse(scores), kept.reason, _useful(scores)]
    if by_class:
        weakest = max(
            by_class, key=lambda row: row["frechet"] / max(1e-9, row["floor"]) if row["floor"] == row["floor"] else 0.0
        )
        found.append(f"Weakest class: {weakest['class']} (coverage {weakest['coverage']:.0%}).")
    if scores and scores[0].n < FEW:
        found.append(f"Judged on {scores[0].n} records only: read the intervals, not the values.")
    return [sentence for sentence in found if sentence]


def _faithful(scores: Sequence[Score]) -> str:
    distance = _find(scores, "FD-")
    if distance is None:
        return ""
    if _like_real(distance):
        found = (
            f"Generated samples are as close to real data as real data to each other, as far as {distance.n} can tell"
        )
        if distance.baseline <= max(distance.value, distance.floor):
            found += ", and so are those of the best simple sampler"
    elif distance.low <= distance.baseline <= distance.high:
        found = "Generated samples are about as close to the real data as the best simple sampler"
    elif distance.value < distance.baseline:
        found = "Generated samples are closer to the real data than the best simple sampler"
    else:
        found = "Generated samples are farther from the real data than the best simple sampler"
    numbers = f"distance {distance.value:.3g}, simple sampler {distance.baseline:.3g}, real data {distance.floor:.3g}"
    return f"{found} ({numbers})."


def _diverse(scores: Sequence[Score]) -> str:
    covered, precise = _find(scores, "coverage"), _find(scores, "precision")
    if covered is None or precise is None:
        return ""
    return (
        f"They cover {covered.value:.0%} of the held-out samples (real data cover {covered.floor:.0%}), "
        f"and {precise.value:.0%} of them look real by the same measure (real data {precise.floor:.0%})."
    )


def _useful(scores: Sequence[Score]) -> str:
    taught = _find(scores, "TSTR")
    if taught is None:
        return ""
    return (
        f"A classifier taught on generated samples alone reaches {taught.value:.0%} balanced accuracy on real ones; "
        f"taught on as many real ones, {taught.floor:.0%}."
    )


def advice(
    scores: Sequence[Score], by_class: Sequence[Mapping[str, Any]], kept: Memorisation, counts: Mapping[str, int]
) -> list[str]:
    """What to do next, most useful first."""
    found = []
    distance, covered = _find(scores, "FD-"), _find(scores, "coverage")
    if kept.flagged:
        found.append("Do not publish these samples: some are near copies. Add data, or shorten the budget.")
    if distance and distance.value > 2 * distance.floor:
        found.append(
            "Give it longer, if it used its budget up: the same train command with a larger --budget continues this "
            "run where it stopped."
        )
    if covered and covered.value < 0.7 * covered.floor:
        found.append("Diversity is missing: more data or a longer budget help; leave --truncation at 1.")
    rare = [row["class"] for row in by_class if row["n_real"] < 30]
    if rare:
        found.append(f"Few test records of {', '.join(rare[:3])}: collect more, or read that class with care.")
    if counts["train"] < 200:
        found.append("Small training set: more records of the same kind help, even without labels.")
    found.append("Trade yield for quality: generate --keep 0.5 keeps what the discriminator finds most convincing.")
    return found
