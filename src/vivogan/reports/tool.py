"""The page and the card of a trained tool: how far to trust it, where it errs, what it learned from, how to run it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vivogan.reports import agreement, charts, learning, words
from vivogan.reports.gather import Figure, Run, finite
from vivogan.reports.page import count, course, render, scores, train_command

LEVEL = 0.9  # of a counter's intervals, where the evaluation names no other


@dataclass(frozen=True)
class Tool:
    """A tool in words."""

    noun: str
    writes: str
    hint: str  # above the items that went wrong
    annotate: str  # the option that gives it annotations
    finds: str = ""  # "numbers" or "classes", where it finds one of them an item
    generates: bool = True  # whether generated items may join what it learns from
    limits: str = (
        "It knows images like its own only: other instruments, stains, densities or magnifications may need another."
    )


TOOLS = {
    "count": Tool(
        "Counter",
        "Counts with their intervals, a table of every object, and each image with what was found come there.",
        "Every dot is an image. On the line, the tool agrees with the person who annotated.",
        "--annotations FILE",
        "numbers",
    ),
    "segment": Tool(
        "Segmenter",
        "Label images, ImageJ ROIs, a COCO file, a table of properties, and each image with its outlines come there.",
        "The images with the lowest scores. Look whether the tool or the annotation is wrong.",
        "--annotations MASKS",
    ),
    "classify": Tool(
        "Classifier",
        "The class of each image, how probable it is, and what speaks for it come into that folder.",
        "The surest mistakes first. Look whether the tool or the label is wrong.",
        "--labels COLUMN",
        "classes",
    ),
    "activity": Tool(
        "Predictor",
        "A table comes there: every {one} with what is predicted and the interval in which the truth should lie.",
        "Every dot is a {one}. On the line, prediction and measurement agree.",
        "--labels COLUMN",
        "numbers",
        False,
        "It knows {many} like its own only; far from all that it has seen, its intervals may be too narrow.",
    ),
}
OTHER = Tool("Tool", "Its results come into that folder.", "Those that went most wrong.", "--annotations FILE")

COUNTS = (
    ("train", "learned from"),
    ("selection", "chosen on"),
    ("test", "judged on"),
    ("unlabelled", "seen without annotation"),
    ("generated", "generated to learn from"),
)
BESIDE = ("generat", "real", "scene", "simulat", "compare", "made")  # in the names of figures of generated images


def fits(run: Run) -> bool:
    """Whether the run is a trained tool."""
    return bool(run.data.get("tool"))


def page(run: Run) -> str:
    """The report as text; the same run gives the same bytes."""
    evaluation, kind, nouns = run.evaluation, str(run.data["tool"]), nouns_of(run)
    beside = [figure for figure in run.figures if any(word in figure.name.lower() for word in BESIDE)]
    rows = evaluation.get("by_class") or []
    shown = {
        "scatters": scatters(run),
        "worst": agreement.worst(evaluation.get("items") or [], finds(run)),
        "confusion": agreement.confusion(evaluation.get("confusion") or {}),
        "classes": class_table(rows),
        "weakest": weakest(rows) if kind != "count" else None,
        "curve": curve_of(run),
        "pictures": _best_first([figure for figure in run.figures if figure not in beside]),
        "beside": beside,
        "generated": evaluation.get("generated_items") or {},
        "panels": panels(run),
        "game": game_words(run),
    }
    return render(
        "tool.html.j2",
        run,
        ("tool.css",),
        eyebrow=f"vivogan {run.domain} {verb(run)}",
        kind=kind,
        finds=finds(run),
        nouns=nouns,
        tool=tool_of(run),
        facts=facts(run),
        contents=contents(run, shown),
        ends=ends(evaluation),
        scores=score_rows(evaluation),
        seen=seen(evaluation),
        asked=run.config.get("curve") is not False,
        commands=commands(run),
        **shown,
    )


def nouns_of(run: Run) -> words.Nouns:
    """What the tool calls its data; runs of earlier versions are about images."""
    return words.Nouns(**run.data.get("words") or {})


def tool_of(run: Run) -> Tool:
    """The tool in words, its data called by their name."""
    found, nouns = TOOLS.get(str(run.data["tool"]), OTHER), nouns_of(run)
    said = {name: getattr(found, name).format(one=nouns.one, many=nouns.many) for name in ("writes", "hint", "limits")}
    return replace(found, **said)


def verb(run: Run) -> str:
    """The tool on the command line."""
    return str(run.data.get("command") or run.data["tool"])


def finds(run: Run) -> str:
    """Whether the tool finds "numbers", "classes", or neither; a predictor of a class column finds classes."""
    found = tool_of(run).finds
    return "classes" if found and run.evaluation.get("confusion") else found


def contents(run: Run, shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The sections of this page: what a tool cannot have is left out, what it could have is named as missing."""
    left_out, nouns = set(), nouns_of(run)
    if not shown["classes"] and not shown["confusion"] and finds(run) != "classes":
        left_out.add("classes")
    if not tool_of(run).generates:
        left_out |= {"generated"} if shown["pictures"] else {"generated", "pictures"}
    return [
        item
        for item in (
            ("scores", "Scores"),
            ("images", words.sentence(f"{nouns.one} by {nouns.one}", stop="")),
            ("classes", "Classes"),
            ("labels", f"More {nouns.labels}"),
            ("pictures", "Pictures"),
            ("generated", f"Generated {nouns.many}"),
            ("data", "What was read"),
            ("next", "Use it"),
            ("training", "Training"),
            ("again", "Make it again"),
        )
        if item[0] not in left_out
    ]


def ends(evaluation: Mapping[str, Any]) -> words.Ends:
    """The words for floor and baseline; without the floor where no score has one."""
    if any(finite(row.get("floor")) is not None for row in evaluation.get("scores") or []):
        return words.TOOLS
    return replace(words.TOOLS, legend="a simple method (baseline)", between="Beside the baseline", room=False)


def score_rows(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scores; a strip is drawn only where there is something to compare with."""
    rows = evaluation.get("scores") or []
    made = scores(rows, words.TOOLS, _named)
    for row, score in zip(rows, made, strict=True):
        if all(finite(row.get(end)) is None for end in ("floor", "baseline")):
            score["strip"] = ""
        if finite(row.get("n")) is not None:
            score["counted"] = f"n = {count(row['n'])}"
    return made


def _named(name: str, note: str) -> tuple[str, str]:
    """Title and meaning of a score, with what the tool noted of this one."""
    title, meaning = words.score_words(name, table=words.TOOL_SCORES)
    return title, " ".join(filter(None, [meaning, words.sentence(note)]))


def seen(evaluation: Mapping[str, Any]) -> bool:
    """Whether the tool was judged on what it had learned from, for want of other items."""
    return bool(evaluation.get("scores")) and (evaluation.get("counts") or {}).get("test") == 0


def facts(run: Run) -> list[tuple[str, str]]:
    """How many items, and how long it took."""
    counts = run.evaluation.get("counts") or run.data.get("split") or {}
    found = [
        (name, count(counts[key]))
        for key, name in COUNTS
        if key in counts and (counts[key] or key in {"train", "test"})
    ]
    seconds = spent(run.ticks)
    return found + ([("to train", duration(seconds))] if seconds else [])


def spent(ticks: Sequence[Mapping[str, Any]]) -> float:
    """Seconds that training took; the clock of each stage, and of each new start, begins at zero."""
    total = last = 0.0
    for tick in ticks:
        now = finite(tick.get("seconds"))
        if now is None:
            continue
        if now < last:
            total += last
        last = now
    return total + last


def duration(seconds: float) -> str:
    """90 → "90 s", 200 → "3 min", 9000 → "2 h 30 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def scatters(run: Run) -> list[dict[str, Any]]:
    """A scatter for each class that was counted, or column that was predicted."""
    made, nouns = [], nouns_of(run)
    level = finite(run.evaluation.get("level")) or LEVEL
    if finds(run) != "numbers":
        return []
    for name, points in agreement.numbers(run.evaluation.get("items") or []).items():
        against = f"{nouns.found} against {nouns.labelled}"
        what = f"{name}: {against}" if name else words.sentence(against, stop="")
        label = f"{what}, {len(points)} {nouns.many}. {agreement.holds(points, level, nouns)}"
        made.append(
            {
                "name": name,
                "said": agreement.holds(points, level, nouns),
                "svg": agreement.scatter(points, label, nouns),
                "outside": any(p.outside for p in points),
                "bars": any(p.low is not None for p in points),
                "level": f"{100 * level:.0f}",
            }
        )
    return made


def curve_of(run: Run) -> dict[str, Any]:
    """The learning curve with its words; empty where it was not measured."""
    tree = run.evaluation.get("curve") or {}
    points = learning.taught(tree)
    if not points:
        return {}
    name = words.sentence(str(tree.get("score") or "score"), stop="")
    better = "lower" if tree.get("better") == "lower" else "higher"
    nouns = nouns_of(run)
    said = learning.said(points, name, better, nouns)
    label = f"{name} over {nouns.labelled} {nouns.many}. {said}"
    return {
        "name": name,
        "better": better,
        "said": said,
        "svg": learning.curve(points, label, nouns),
        "lines": [
            (learning.STYLES[g], learning.line_name(g, nouns))
            for g in (True, False)
            if any(p.generated is g for p in points)
        ],
        "bars": any(p.low is not None for p in points),
        "points": points,
    }


def class_table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Whatever columns ``by_class`` has, numbers as numbers, shares of one with a bar."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    names = sorted(names, key=lambda key: {"class": 0, "n": 1, "score": 2}.get(key, 3))
    columns = []
    for key in names:
        values = [row.get(key) for row in rows if row.get(key) is not None]
        numbers = [finite(value) for value in values]
        numeric = bool(values) and all(x is not None for x in numbers)
        share = any(isinstance(v, float) for v in values) and all(x is not None and 0 <= x <= 1 for x in numbers)
        title = {"n": "Test images"}.get(key, words.sentence(key.replace("_", " "), stop=""))
        columns.append({"key": key, "title": title, "numeric": numeric, "share": share and key != "n"})
    return {"columns": columns, "rows": rows} if rows else {}


def weakest(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """The class with the lowest score, where the scores differ."""
    scored = [(value, index) for index, row in enumerate(rows) if (value := finite(row.get("score"))) is not None]
    return min(scored)[1] if len(scored) > 1 and min(scored)[0] < max(scored)[0] else None


def panels(run: Run) -> list[dict[str, Any]]:
    """The loss of every stage, and how well a discriminator told simulated images from real ones in each round."""
    made = []
    for stage in dict.fromkeys(str(tick.get("stage") or "learning") for tick in run.ticks):
        ticks = [tick for tick in run.ticks if str(tick.get("stage") or "learning") == stage]
        points = [(x, finite(tick.get("loss"))) for tick in ticks if (x := finite(tick.get("samples"))) is not None]
        if sum(y is not None for _, y in points) > 1:
            title = "Loss of the tool" if stage == "learning" else f"Loss: {stage.replace('_', ' ')}"
            made.append(_panel(title, "falling, then level, is good", [charts.Line("loss", "first", points)]))
    distances = [x for tick in run.ticks if (x := finite(tick.get("distance"))) is not None]
    if len(distances) > 1:
        lines = [charts.Line("distance", "first", [(float(i), x) for i, x in enumerate(distances, 1)])]
        made.append(_panel("Simulated from real images, by generation", "distance of their statistics", lines))
    rounds = game(run)
    if len(rounds) > 1:
        chance = charts.Line("chance", "second", [(0.0, 0.5), (rounds[-1][0], 0.5)])
        lines = [charts.Line("AUC", "first", rounds), chance]
        made.append(_panel("Simulated told from real, by round", "near chance is good", lines))
    return made


def _panel(title: str, hint: str, lines: Sequence[charts.Line]) -> dict[str, Any]:
    label = f"{title}: {course(lines[0])}"
    return {"title": title, "hint": hint, "lines": lines, "svg": charts.curves(lines, label)}


def game(run: Run) -> list[charts.Point]:
    """Rounds of the game between scenes and discriminator, each with its AUC."""
    found: list[charts.Point] = []
    for tick in run.ticks:
        told = finite(tick.get("auc", tick.get("told_apart")))
        if told is not None:
            found.append((float(len(found) + 1), told))
    return found


def game_words(run: Run) -> str:
    """What the game came to."""
    rounds = game(run)
    if not rounds:
        return ""
    first, last = charts.number(rounds[0][1], 2), charts.number(rounds[-1][1], 2)
    start = f"A discriminator told simulated from real images with an AUC of {first}"
    end = f" in the first round and of {last} in the last of {len(rounds)}" if len(rounds) > 1 else ""
    return f"{start}{end}; 0.5 is blind guessing, 1 is always."


def commands(run: Run) -> dict[str, str]:
    """The commands the page names."""
    kind, folder = verb(run), shlex.quote(run.shown)
    train = train_command(run, (kind, "train"))
    if run.config.get("curve") is False and "--no-curve" not in train:
        train += " --no-curve"
    return {
        "train": train,
        "run": f"vivogan {run.domain} {kind} run {folder} {nouns_of(run).many.upper()} -o out/",
        "evaluate": train,  # training judges at its end; given again, it only judges
        "curve": train.replace(" --no-curve", "").replace(
            f"--out {folder}", f"--out {shlex.quote(run.shown + '-curve')}"
        ),
        "report": f"vivogan report {folder}",
    }


def _best_first(figures: Sequence[Figure]) -> list[Figure]:
    order = {"best": 0, "worst": 1}
    return sorted(figures, key=lambda figure: order.get(figure.name.lower(), 2))
