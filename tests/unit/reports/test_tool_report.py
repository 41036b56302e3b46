"""The page and the card of a trained tool, on made-up run folders of all three kinds, whole and in pieces."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.reports import agreement, build, learning, tool, words

KINDS = ("count", "segment", "classify")
CELLS = ["basophil", "eosinophil", "erythroblast", "immature granulocyte (promyelocyte to metamyelocyte)", "monocyte"]
LONG = "plate_2023-05-17_donor-014_well-B07_site-3_channel-DAPI_z-07.ome.tif"
VOID = {"meta", "img", "br", "link", "input", "hr"}


def score(name: str, value: float | None, better: str, **known: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("low", "high", "floor", "baseline"))
    return {"name": name, "value": value, "better": better, "n": 60, "note": "", **empty, **known}


def counts(rng: np.random.Generator) -> dict[str, Any]:
    images = []
    for i in range(60):
        truth = int(rng.gamma(3, 28))
        found = max(0.0, truth + rng.normal(0, 0.35 * math.sqrt(truth + 1)))
        half = 0.6 * math.sqrt(found + 1)
        row = {"id": LONG if i == 7 else f"{i:03d}.tif", "truth": truth, "found": round(found, 2), "part": "test"}
        images.append(row | {"low": round(max(0, found - half), 2), "high": round(found + half, 2)})
    images += [{"id": "seen.tif", "truth": 3, "found": 300, "low": 299, "high": 301, "part": "train"}]
    points = []
    for n in (2, 4, 8, 16, 32, 64):
        for generated, start in ((True, 5.2), (False, 14.0)):
            value = 2.2 + start / n**0.75
            points.append(
                {"labels": n, "generated": generated, "value": value, "low": 0.93 * value, "high": 1.08 * value}
            )
    return {
        "title": "Bacteria on agar, counted",
        "grade": "good",
        "verdict": [
            "Counts are off by 2.6 colonies on average, where a plate has 84.",
            "It was tried on 60 annotated images that it had never seen. Eight annotated images and 200 generated ones "
            "were enough.",
        ],
        "scores": [
            score("mean absolute error", 2.61, "lower", low=2.1, high=3.2, floor=1.4, baseline=11.8),
            score("bias", 0.31, "lower", note="Found less annotated, averaged."),
            score("interval coverage", 0.917, "higher", low=0.82, high=0.97, baseline=0.5),
        ],
        "curve": {"score": "mean absolute error", "better": "lower", "points": points},
        "items": images,
        "by_class": [],
    }


def segments(rng: np.random.Generator) -> dict[str, Any]:
    images = [
        {"id": f"nuclei/{i:04d}.png", "truth": int(rng.integers(8, 90)), "found": int(rng.integers(8, 90))}
        | {"score": round(float(rng.beta(8, 2)), 3), "part": "test"}
        for i in range(40)
    ]
    images[3] |= {"id": LONG, "score": 0.12}
    return {
        "title": "Nuclei, fluorescence and histology",
        "grade": "fair",
        "verdict": ["Most nuclei are outlined; touching ones are sometimes taken for one."],
        "scores": [
            score("average precision", 0.712, "higher", low=0.66, high=0.76, baseline=0.48),
            score("f1", 0.831, "higher", low=0.79, high=0.87, baseline=0.65, note="Matches at an overlap of one half."),
            score("foreground restricted rand", 0.903, "higher", low=0.88, high=0.92, floor=0.97, baseline=0.81),
        ],
        "items": images,
        "by_class": [
            {"class": "fluorescence, small", "n": 21, "score": 0.78, "precision": 0.9, "recall": 0.85, "objects": 812},
            {
                "class": "purple on white (H&E)",
                "n": 12,
                "score": 0.55,
                "precision": 0.7,
                "recall": 0.64,
                "objects": 401,
            },
            {"class": "fluorescence, large", "n": 7, "score": 0.81, "precision": 0.92, "recall": 0.9, "objects": 96},
        ],
    }


def classes(rng: np.random.Generator) -> dict[str, Any]:
    matrix = [[0 if i != j else int(rng.integers(40, 90)) for j in range(5)] for i in range(5)]
    matrix[3][4], matrix[3][1], matrix[4][3], matrix[0][1] = 14, 3, 6, 1
    images = [
        {
            "id": f"cell {i}",
            "truth": CELLS[3],
            "found": CELLS[4 if i < 3 else 3],
            "score": 0.6 + 0.03 * i,
            "part": "test",
        }
        for i in range(12)
    ]
    return {
        "title": "Blood cells",
        "grade": "good",
        "verdict": ["It names 93 of 100 cells rightly."],
        "scores": [
            score("accuracy", 0.932, "higher", low=0.91, high=0.95, baseline=0.71),
            score("balanced accuracy", 0.911, "higher", low=0.88, high=0.94, baseline=0.2),
        ],
        "confusion": {"names": CELLS, "matrix": matrix},
        "by_class": [{"class": name, "n": 60, "score": 0.9 - 0.05 * i} for i, name in enumerate(CELLS)],
        "items": images,
    }


def evaluation(kind: str) -> dict[str, Any]:
    fill = {"count": counts, "segment": segments, "classify": classes}[kind]
    names = ("best", "worst", "generated", *(["attribution"] if kind == "classify" else []))
    figures = [{"name": n, "file": f"samples/{n}.png", "title": n.title(), "caption": "Six images."} for n in names]
    return {
        "tool": kind,
        "domain": "images",
        "generated_items": {"used": kind != "classify", "why": "they lowered the error on selection images", "n": 200},
        "figures": figures,
        "advice": ["Annotate crowded plates: the largest errors are there."],
        "counts": {"train": 8, "selection": 4, "test": 60, "unlabelled": 120, "generated": 200},
        **fill(np.random.default_rng(4)),
    }


def lines() -> list[dict[str, Any]]:
    rounds = [
        {"samples": 100 * i, "steps": 600, "stage": "game", "round": i, "seconds": 9.0 * i, "auc": 0.55 + 0.45 / i}
        for i in range(1, 7)
    ]
    steps = [
        {"samples": n, "steps": 800, "stage": "learning", "loss": 0.2 + 4 * math.exp(-n / 200), "seconds": 0.2 * n}
        for n in range(50, 801, 50)
    ]
    return rounds + steps


def fabricate(path: Path, kind: str) -> Path:
    """Write a whole tool run into ``path``."""
    from PIL import Image

    (path / "samples").mkdir(parents=True)
    given = 'labels = "type"' if kind == "classify" else 'annotations = "dots.csv"'
    (path / "config.toml").write_text(
        f'domain = "images"\nsource = "cells/"\nbudget = "5m"\nseed = 3\n[read]\n{given}\n'
    )
    (path / "env.json").write_text(json.dumps({"machine": {"cpu": "two cores"}, "versions": {"torch": "2.13.0"}}))
    data = {
        "tool": kind,
        "domain": "images",
        "fingerprint": {"count": 192, "annotated": 72, "channels": 1, "dtype": "uint16", "sizes": "512 × 512"},
        "split": {"train": 8, "selection": 4, "test": 60},
        "refusals": [{"file": LONG, "record": None, "reason": "it ends early"}],
        "notes": ["3 dots lie outside of their images and were dropped."],
    }
    (path / "data.json").write_text(json.dumps(data))
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines()))
    tree = evaluation(kind)
    (path / "evaluation.json").write_text(json.dumps(tree))
    for figure in tree["figures"]:
        Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(path / figure["file"])
    return path


class Page(HTMLParser):
    """Tags in balance, attributes, visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source, self.open, self.words = text, list[str](), list[str]()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


Change = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Make a run of a kind; fields of ``evaluation.json`` are replaced, or removed where they are ``None``."""

    def made(kind: str, **fields: Any) -> Path:
        monkeypatch.chdir(tmp_path)
        path = fabricate(tmp_path / kind, kind)
        tree = evaluation(kind) | fields
        (path / "evaluation.json").write_text(json.dumps({k: v for k, v in tree.items() if v is not None}))
        return path

    return made


def read(path: Path) -> Page:
    return Page(build(path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_page_is_whole_offline_and_says_what_to_type(make: Change, kind: str) -> None:
    page = read(make(kind))
    wanted = ["scores", "images", "classes", "labels", "pictures", "generated", "data", "next", "training", "again"]
    if kind == "count":
        wanted.remove("classes")
    assert [section["id"] for section in page.all("section")] == wanted
    assert {link["href"].removeprefix("#") for link in page.all("a")} == {*wanted, "main"}
    assert not any(word in page.source for word in ("http://", "https://", "@import", "url("))
    assert "default-src 'none'" in page.source
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == (4 if kind == "classify" else 3)
    assert all(image["src"].startswith("data:image/png;base64,") and image["alt"] for image in page.all("img"))
    assert all(d.get("aria-label") or d.get("aria-hidden") or "viewbox" in d for d in page.all("svg"))
    assert all(cell.get("scope") in {"row", "col"} for cell in page.all("th"))
    assert f"vivogan images {kind} run {kind} IMAGES -o out/" in page.text
    given = "--labels type" if kind == "classify" else "--annotations dots.csv"
    assert f"vivogan images {kind} train cells/ {given} --budget 5m --seed 3 --out {kind}" in page.text
    assert "None" not in page.text
    assert "it ends early" in page.text


@pytest.mark.parametrize("kind", KINDS)
def test_same_run_same_bytes_and_verdict_first(make: Change, kind: str) -> None:
    path = make(kind)
    first, card = build(path).read_bytes(), (path / "card.md").read_bytes()
    assert build(path).read_bytes() == first
    assert (path / "card.md").read_bytes() == card
    text = read(path).text
    assert text.index("Overall") < text.index(evaluation(kind)["verdict"][0]) < text.index("Measured on test images")


def test_a_generative_run_keeps_its_page(run_path: Path) -> None:
    page = read(run_path)
    assert "memorisation" in [section["id"] for section in page.all("section")]
    assert "confusion" not in page.source


def test_counts_are_drawn_with_their_intervals(make: Change) -> None:
    page = read(make("count"))
    points = agreement.numbers(evaluation("count")["items"])[""]
    missed = sum(p.outside for p in points)
    dots = [c for c in page.all("circle") if c["class"].startswith("dot") and "%" in c["cx"]]
    assert len(dots) == len(points) == 60  # the training image is not among them
    assert sum("outside" in c["class"] for c in dots) == missed > 0
    assert f"in {60 - missed} of 60 images; it is made to hold in about 90 %" in page.text
    assert "The 10 furthest off" in page.text


def test_counts_of_several_classes_have_a_drawing_each(make: Change) -> None:
    rows = [
        {"id": f"{i}", "class": name, "truth": i, "found": i + 1.0}
        for i in range(5)
        for name in ("red", "white", "platelet")
    ]
    page = read(make("count", items=rows))
    assert page.source.count('class="scatter"') == 3
    assert "interval misses" not in page.text


def test_mistakes_are_shares_of_their_row(make: Change) -> None:
    page = read(make("classify"))
    matrix = evaluation("classify")["confusion"]["matrix"]
    wanted = f"{CELLS[3]} taken for monocyte: 14 of {sum(matrix[3])}"
    cells = [cell for cell in page.all("td") if cell.get("title") == wanted]
    assert [cell["class"] for cell in cells] == ["wrong"]
    assert wanted in page.text  # the most frequent one is said
    assert "Most often" in page.text
    assert page.source.count('class="right"') == 5


def test_worst_first() -> None:
    segmented = [{"id": "a", "score": 0.9}, {"id": "b", "score": 0.1}, {"id": "c", "score": None}]
    assert [row["id"] for row in agreement.worst(segmented, "outlines")] == ["b", "a", "c"]
    named = [
        {"id": "right", "truth": "x", "found": "x", "score": 0.99},
        {"id": "unsure", "truth": "x", "found": "y", "score": 0.5},
        {"id": "sure", "truth": "x", "found": "y", "score": 0.95},
    ]
    assert [row["id"] for row in agreement.worst(named, "classes")] == ["sure", "unsure"]
    counted = [{"id": "near", "truth": 10, "found": 11}, {"id": "far", "truth": 10, "found": 2}]
    assert [row["id"] for row in agreement.worst(counted * 9, "numbers")][:9] == ["far"] * 9
    assert len(agreement.worst(counted * 9, "numbers")) == 10


def test_curve_has_two_lines_and_says_what_generated_images_are_worth(make: Change) -> None:
    page = read(make("count"))
    assert len([c for c in page.all("circle") if c["class"].startswith("taught") and "%" in c["cx"]]) == 12
    assert "Mean absolute error with 2 annotated images: " in page.text
    assert "with generated images" in page.text
    assert "annotated images only" in page.text


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([(8, True, 2.0), (8, False, 4.0), (32, False, 1.0)], "take about"),
        ([(8, True, 2.0), (8, False, 4.0), (32, False, 3.0)], "No number of annotated images"),
        ([(8, True, 5.0), (8, False, 4.0)], "They did not help"),
        ([(8, True, 2.0, 1.0, 4.5), (8, False, 4.0, 3.0, 5.0)], "No clear difference"),
        ([(8, True, 2.0), (16, False, 4.0)], ""),
    ],
)
def test_words_of_the_curve(points: list[tuple[Any, ...]], said: str) -> None:
    found = learning.said([learning.Taught(*point) for point in points], "error", "lower")
    assert said in found
    assert bool(found) is bool(said)


def test_annotations_needed_lie_between_the_points_tried() -> None:
    line = [learning.Taught(8, False, 4.0), learning.Taught(32, False, 1.0)]
    assert learning._needed(line, 4.0, -1.0) == 8
    assert learning._needed(line, 1.0, -1.0) == 32
    assert 12 < (learning._needed(line, 2.5, -1.0) or 0) < 20


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.booleans(), st.floats(-1e6, 1e6), st.none() | st.floats(-1e6, 1e6)),
        max_size=9,
    )
)
def test_any_curve_is_drawn_within_its_frame(rows: list[tuple[int, bool, float, float | None]]) -> None:
    tree = [{"labels": n, "generated": g, "value": v, "low": low, "high": low} for n, g, v, low in rows]
    points = learning.taught({"points": tree})
    page = Page(str(learning.curve(points, "x")))
    for circle in page.all("circle"):
        assert 0 <= float(circle["cx"].rstrip("%")) <= 100
        assert learning.TOP - 1 <= float(circle["cy"]) <= learning.HEIGHT - learning.FOOT + 1


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1e7), st.floats(0, 1e7), st.none() | st.floats(0, 1e7)), min_size=1, max_size=20)
)
def test_any_counts_are_drawn_within_their_frame(rows: list[tuple[float, float, float | None]]) -> None:
    points = [
        agreement.Found("i", t, f, None if r is None else max(0, f - r), None if r is None else f + r)
        for t, f, r in rows
    ]
    page = Page(str(agreement.scatter(points, "x")))
    assert len(page.all("circle")) == len(rows)
    for shape in page.all("circle"):
        assert 0 <= float(shape["cx"].rstrip("%")) <= 100
        assert agreement.TOP - 1 <= float(shape["cy"]) <= agreement.HEIGHT - agreement.FOOT + 1
    assert len([t for t in page.all("text")]) <= 2 * 12 + 2


@pytest.mark.parametrize("kind", KINDS)
def test_missing_pieces_are_named(make: Change, kind: str) -> None:
    page = read(
        make(kind, scores=[], items=[], curve=None, confusion=None, by_class=None, figures=[], generated_items=None)
    )
    assert "No annotated images were kept for judging" in page.text
    assert "no annotated test images to compare with" in page.text
    assert "it takes a few annotated images" in page.text
    assert ("What is taken for what" in page.text) is (kind == "classify")
    assert "does not say whether generated images" in page.text


@pytest.mark.parametrize("kind", KINDS)
def test_before_evaluation_and_training(make: Change, kind: str) -> None:
    path = make(kind)
    for name in ("evaluation.json", "metrics.jsonl", "env.json"):
        (path / name).unlink()
    page = read(path)
    assert "Not judged" in page.text
    assert "Training has not been measured yet" in page.text
    assert f"`vivogan images {kind} train cells/ " in (path / "card.md").read_text()


def test_a_curve_that_was_not_asked_for_names_its_command(make: Change) -> None:
    path = make("count", curve=None)
    config = (path / "config.toml").read_text()
    (path / "config.toml").write_text("curve = false\n" + config)
    text = read(path).text
    assert "--seed 3 --out count-curve" in text
    assert "--out count --no-curve" in text


def test_judged_on_what_was_learned_from_is_said(make: Change) -> None:
    page = read(make("count", counts={"train": 5, "selection": 0, "test": 0}))
    assert "Measured on the images it learned from" in page.text
    assert "never saw" not in page.text.replace(evaluation("count")["verdict"][1], "")


def test_user_text_cannot_become_markup(make: Change) -> None:
    evil = '"><script>alert(1)</script>'
    tree = evaluation("classify")
    tree["confusion"]["names"][3] = evil
    tree["by_class"][0]["class"] = tree["items"][0]["found"] = tree["items"][0]["id"] = evil
    tree["scores"][0] |= {"name": evil, "note": evil}
    tree |= {"title": evil, "advice": [evil], "generated_items": {"used": True, "why": evil, "n": 3}}
    tree["curve"] = {"score": evil, "better": "lower", "points": [{"labels": n, "value": 1.0 / n} for n in (1, 2)]}
    path = make("classify", **tree)
    page = read(path)
    assert len(page.all("script")) == 1
    assert evil in page.text
    assert "<script>" not in (path / "card.md").read_text()
    counted = [{"id": evil, "class": evil, "truth": 1, "found": 2}] * 2
    assert len(read(make("count", items=counted)).all("script")) == 1


def test_a_strip_needs_something_to_compare_with(make: Change) -> None:
    page = read(make("count"))
    strips = [drawing for drawing in page.all("svg") if drawing.get("class") == "strip"]
    assert len(strips) == 2  # the bias has neither floor nor baseline
    assert "floor 1.4" in strips[0]["aria-label"]
    assert "n = 60" in page.text
    assert "real against real" not in page.text


def test_the_game_is_told_by_its_rounds(make: Change) -> None:
    page = read(make("count"))
    assert "with an AUC of 1.00 in the first round and of 0.62 in the last of 6" in page.text
    assert "Simulated told from real, by round" in page.text
    assert "Loss of the tool" in page.text


def test_time_is_added_over_stages() -> None:
    assert tool.spent([{"seconds": s} for s in (1, 5, 2, 4, 1)]) == 10
    assert [tool.duration(s) for s in (90, 200, 9000)] == ["90 s", "3 min", "2 h 30 min"]


def test_scores_of_tools_have_their_own_meaning() -> None:
    assert "found objects" in words.score_words("precision", table=words.TOOL_SCORES)[1]
    row = {"value": 3.0, "low": 2.5, "high": 3.5, "floor": None, "baseline": 3.2, "better": "lower"}
    assert words.standing(row, words.TOOLS) == "No clear difference from the simple method."
    assert words.standing(row | {"baseline": 1.0}, words.TOOLS) == "Worse than the simple method."


def test_a_small_baseline_beside_a_large_value_keeps_its_digits(make: Change) -> None:
    scores = [score("mean absolute error", 147.8, "lower", baseline=5.4564)]
    assert "baseline 5.46" in read(make("count", scores=scores)).text


@pytest.mark.parametrize("kind", KINDS)
def test_card(make: Change, kind: str) -> None:
    path = make(kind)
    build(path)
    text = (path / "card.md").read_text()
    assert text.startswith(f"# {evaluation(kind)['title']}\n")
    assert f"    vivogan images {kind} run {kind} IMAGES -o out/" in text
    assert "Seed 3." in text
    assert ("| 2 | with |" in text) is (kind == "count")
    assert ("14 of" in text) is (kind == "classify")


def test_measured_values_may_be_negative_and_are_called_what_they_are() -> None:
    from vivogan.reports.words import Nouns

    nouns = Nouns("sequence", "measured", "measure", "measurements", "predicted")
    rows = [{"id": f"s{i}", "truth": i - 5.0, "found": i - 4.5, "low": i - 6.0, "high": i - 3.0} for i in range(10)]
    points = agreement.numbers(rows)[""]
    drawn = str(agreement.scatter(points, "a label", nouns))
    assert ">−4<" in drawn or ">−5<" in drawn
    assert ">predicted<" in drawn
    assert ">measured<" in drawn
    assert "s0: −5 measured, −4.50 predicted" in drawn.replace("-", "−")
    assert "in 10 of 10 sequences" in agreement.holds(points, 0.9, nouns)


def test_a_predictor_speaks_of_sequences(make: Change) -> None:
    path = make("count")
    tree = json.loads((path / "data.json").read_text())
    words = {"one": "sequence", "labelled": "measured", "label": "measure", "labels": "measurements"}
    tree |= {"tool": "activity", "command": "predict", "domain": "sequences", "words": words | {"found": "predicted"}}
    (path / "data.json").write_text(json.dumps(tree))
    text = read(path).text
    card = (path / "card.md").read_text()
    assert "predict run count SEQUENCES -o out/" in text
    assert "Sequence by sequence" in text
    assert "## Generated" not in card
    assert "Image by image" not in text
