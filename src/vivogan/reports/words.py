"""What numbers mean, said to a biologist: one plain line each, and no line where nothing can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivogan.reports.charts import decimals, number
from vivogan.reports.gather import finite

GRADES = ("poor", "fair", "good")

# Words in a score's name → its title and meaning. The longest entry whose words all stand in the name wins.
SCORES: dict[str, tuple[str, str]] = {
    "frechet": (
        "Fréchet distance",
        "How far the made population lies from the real one, on average and in spread.",
    ),
    "kernel": ("Kernel distance", "The same question as the Fréchet distance, fair for small sets."),
    "precision": ("Precision", "Share of made samples that look like some real sample."),
    "recall": ("Recall", "Share of real samples that the made ones could stand for."),
    "density": ("Density", "How deep among the real samples the made ones lie."),
    "coverage": ("Coverage", "Share of real samples that have a made one close by: variety without gaps."),
    "inception": ("Inception score", "Whether made samples are clear-cut and of many kinds."),
    "two sample": ("Two-sample test", "How well a classifier tells made from real; 0.5 means it cannot."),
    "tstr": ("Trained on made, tested on real", "How good a classifier becomes that has seen made samples only."),
    "train synthetic test real": (
        "Trained on made, tested on real",
        "How good a classifier becomes that has seen made samples only.",
    ),
    "few label": ("Help with few labels", "What made samples add when only a few real ones carry a label."),
    "label": (
        "Label agreement",
        "Share of made samples that an independent classifier gives the label they were asked for.",
    ),
    "diversity": ("Diversity", "How different made samples are from one another."),
    "unique": ("Uniqueness", "Share of made samples that occur once."),
    "novel": ("Novelty", "Share of made samples that are not in the training data."),
    "jsd": ("Word use", "Whether short words of letters are as frequent as in real sequences; 0 is the same."),
    "auc": ("Told apart", "How well a classifier tells made from real; 0.5 means it cannot."),
    "w1": ("Distance of spreads", "How far one property of made samples must be moved to be spread as in real ones."),
    "nearest identity": (
        "Nearest identity",
        "Share of equal places with the nearest training sequence: as in real ones is well, near 1 is a copy.",
    ),
    "pair couplings": ("Pair couplings", "Whether columns that change together in real sequences do so in made ones."),
    "at its peak": ("Motif in its place", "Share of sequences with the most place-bound word where it belongs."),
    "valid": ("Validity", "Share of made samples that are well-formed."),
}

# The same of the scores of trained tools, some of whose names mean something else there.
TOOL_SCORES: dict[str, tuple[str, str]] = {
    "mean absolute error": ("Mean absolute error", "How many objects a count is off by, on average."),
    "root mean squared error": ("Root mean squared error", "As the mean error, but large mistakes weigh more."),
    "relative error": ("Relative error", "How far a count is off, as a share of the true one."),
    "bias": ("Bias", "Whether counts come out too high (above 0) or too low (below 0)."),
    "interval": (
        "Intervals that hold",
        "Share of test items whose true value lies within the interval that was given.",
    ),
    "f1": ("F1", "Objects found and objects invented in one number; 1 is all and only the true ones."),
    "average precision": ("Average precision", "Objects matched, over all that were found or missed."),
    "precision": ("Precision", "Share of found objects that are there."),
    "recall": ("Recall", "Share of true objects that were found."),
    "rand": ("Rand score", "Whether pairs of pixels that belong to one object stay together; 1 is perfect."),
    "dice": ("Dice overlap", "How well found and drawn areas cover each other; 1 is perfect."),
    "iou": ("Overlap", "Shared area over joint area of found and drawn objects; 1 is perfect."),
    "accuracy": ("Accuracy", "Share of test items that get the right class."),
    "balanced accuracy": ("Balanced accuracy", "Share of right answers, every class weighing the same."),
    "calibration": ("Calibration error", "How far stated confidence is from the share of right answers."),
    "spearman correlation": (
        "Spearman correlation",
        "Whether what is predicted higher was measured higher: the correlation of the ranks.",
    ),
    "pearson correlation": (
        "Pearson correlation",
        "Whether predicted and measured values lie on one line.",
    ),
    "area under the curve": (
        "Area under the ROC curve",
        "How often one of the class gets a higher probability than one of another; 0.5 is blind guessing.",
    ),
    "correlation": ("Correlation", "Whether found and true values rise together."),
}


@dataclass(frozen=True)
class Nouns:
    """What a tool calls its data, as its run folder says; see ``vivogan.domains.tasks.base.Words``."""

    one: str = "image"
    labelled: str = "annotated"
    label: str = "annotate"
    labels: str = "annotations"
    found: str = "found"

    @property
    def many(self) -> str:
        return f"{self.one}s"

    def some(self, n: int) -> str:
        """``1 image``, ``2 images``."""
        return f"{n:,} {self.one if n == 1 else self.many}"


@dataclass(frozen=True)
class Ends:
    """What floor and baseline of a score are, in words."""

    marks: tuple[str, str]  # beside floor and baseline in the drawing
    legend: str
    between: str
    simple: str  # the baseline in a sentence
    best: str  # the floor in a sentence
    reached: str
    level: str
    alone: str
    room: bool = True  # whether there is a floor, and so room between the two


SAMPLES = Ends(
    ("real vs real", "baseline"),
    "real against real, and the best simple sampler (baseline)",
    "Between baseline and real data",
    "the simple baseline",
    "real data",
    "As close as real samples are to one another.",
    "The simple baseline already matches real data here, so this score cannot tell them apart.",
    "No simple sampler was measured beside it.",
)
TOOLS = Ends(
    ("floor", "baseline"),
    "the best to be hoped for (floor), and a simple method (baseline)",
    "Between baseline and floor",
    "the simple method",
    "the best to be hoped for",
    "As good as can be hoped for here.",
    "The simple method is already as good as can be hoped for here.",
    "No simple method was measured beside it.",
)

# What the guard did and why, by a word in the event's name or reason; one of each is said.
CAUSES: dict[str, str] = {
    "finite": "A number overflowed, which would have spoiled everything after it.",
    "nan": "A number overflowed, which would have spoiled everything after it.",
    "collapse": "The samples were becoming alike, the classic failure of adversarial training.",
    "dead": "The discriminator no longer taught the generator anything.",
    "overfit": "The discriminator was learning the training data by heart.",
}
ACTIONS: dict[str, str] = {
    "rollback": "Training was taken back to the last good checkpoint and continued.",
    "stop": "Training was ended here, with the last good checkpoint kept.",
    "resume": "Training was interrupted and continued from its checkpoint.",
}


def score_words(name: str, note: str = "", table: Mapping[str, tuple[str, str]] = SCORES) -> tuple[str, str]:
    """Title and one-line meaning of a score; the domain's own note goes before the general meaning."""
    plain = name.replace("_", " ").replace("-", " ").replace("é", "e").lower()
    known = max((key for key in table if all(word in plain for word in key.split())), key=len, default="")
    title, meaning = table.get(known, ("", ""))
    if plain != known:  # "two_sample_forest" is more than the general "two sample": its own name says which
        title = sentence(name.replace("_", " "), stop="")
    return title, sentence(note) or meaning


def sentence(text: str, stop: str = ".") -> str:
    """The text with a capital first letter and a full stop."""
    text = text.strip()
    end = "" if not text or text[-1] in ".!?" else stop
    return text[:1].upper() + text[1:] + end


def standing(score: Mapping[str, Any], ends: Ends = SAMPLES) -> str:
    """Where a value stands between the baseline and the floor, in words."""
    value, floor, baseline = (finite(score.get(key)) for key in ("value", "floor", "baseline"))
    if value is None:
        return "Not measured."
    sign = -1.0 if score.get("better") == "lower" else 1.0
    if baseline is None:
        return ends.alone if floor is not None else ""
    low, high = finite(score.get("low")), finite(score.get("high"))
    undecided = low is not None and high is not None and low <= baseline <= high
    if floor is None:
        if undecided:
            return f"No clear difference from {ends.simple}."
        if low is not None and high is not None and sign * (value - baseline) < 0:
            return f"Worse than {ends.simple}."
        return "Better than the baseline." if sign * (value - baseline) > 0 else "Not better than the baseline."
    room = sign * (floor - baseline)
    if room <= 0.02 * max(abs(floor), abs(baseline)):
        return ends.level
    share = sign * (value - baseline) / room
    if share >= 1 or (low is not None and high is not None and low <= floor <= high):
        return ends.reached
    if undecided:
        return f"No clear difference from {ends.simple}."
    if share <= 0:
        return f"Worse than {ends.simple}."
    return f"{100 * share:.0f} % of the way from {ends.simple} to {ends.best}."


def strip_label(title: str, score: Mapping[str, Any], ends: Ends = SAMPLES) -> str:
    """The strip for those who cannot see it."""
    value, low, high, floor, baseline = (
        finite(score.get(key)) for key in ("value", "low", "high", "floor", "baseline")
    )
    words = [f"{title}: {number(value)}"]
    if low is not None and high is not None:
        words.append(f"interval {number(low)} to {number(high)}")
    best = "real against real" if ends is SAMPLES else ends.marks[0]
    words.append(f"{best} {number(floor)}" if floor is not None else "floor not measured")
    words.append(f"baseline {number(baseline)}" if baseline is not None else "baseline not measured")
    words.append(f"{'lower' if score.get('better') == 'lower' else 'higher'} is better")
    return ", ".join(words)


def interval(score: Mapping[str, Any]) -> str:
    low, high, value = finite(score.get("low")), finite(score.get("high")), finite(score.get("value"))
    if low is None or high is None:
        return ""
    digits = decimals(value) if value else None
    return f"{number(low, digits)} to {number(high, digits)}"


def event_words(event: Mapping[str, Any]) -> str:
    """What a guard event means for the run."""
    seen = f"{event.get('event', '')} {event.get('reason', '')}".lower()
    said = [next((text for word, text in table.items() if word in seen), "") for table in (CAUSES, ACTIONS)]
    return " ".join(filter(None, said)) or "The guard noted something."


def weakest(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Index of the class farthest above its floor, else with the least coverage; ``None`` if nothing sets one apart."""

    def excess(row: Mapping[str, Any]) -> float | None:
        value, floor = finite(row.get("frechet")), finite(row.get("floor"))
        return value / floor if value is not None and floor else None

    def gap(row: Mapping[str, Any]) -> float | None:
        coverage = finite(row.get("coverage"))
        return None if coverage is None else -coverage

    for measure in (excess, gap):
        measured = [(value, index) for index, row in enumerate(rows) if (value := measure(row)) is not None]
        if len(measured) > 1 and max(measured)[0] > min(measured)[0]:
            return max(measured)[1]
    return None
