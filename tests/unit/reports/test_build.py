"""The report page: whole, offline, escaped, the same bytes twice, and calm about what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vivogan.errors import DamagedRun, UserError
from vivogan.reports import build

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """The page as a browser sees it: tags in balance, attributes, visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
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


def read(run_path: Path) -> Page:
    return Page(build(run_path).read_text(encoding="utf-8"))


def test_sections_in_the_order_of_a_reader(run_path: Path) -> None:
    page = read(run_path)
    sections = [attributes["id"] for attributes in page.all("section")]
    wanted = ["samples", "scores", "classes", "training", "memorisation", "between", "data", "next", "again"]
    assert sections == wanted
    assert {link["href"].removeprefix("#") for link in page.all("a")} == {*wanted, "main"}
    assert page.text.index("Overall Good") < page.text.index("Made cells are close") < page.text.index("Real cells")


def test_asks_nothing_of_any_server(run_path: Path) -> None:
    text = build(run_path).read_text(encoding="utf-8")
    page = Page(text)
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert page.all("link") == []
    assert not any("src" in script for script in page.all("script"))
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert "default-src 'none'" in text


def test_every_picture_and_drawing_has_words(run_path: Path) -> None:
    page = read(run_path)
    assert len(page.all("img")) == 4
    assert all(image["alt"] for image in page.all("img"))
    drawings = page.all("svg")
    assert all(d.get("aria-label") or d.get("aria-hidden") or "viewbox" in d for d in drawings)
    assert all(cell.get("scope") in {"row", "col"} for cell in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"


def test_same_run_same_bytes(run_path: Path) -> None:
    first = build(run_path).read_bytes()
    card = (run_path / "card.md").read_bytes()
    assert build(run_path).read_bytes() == first
    assert (run_path / "card.md").read_bytes() == card


def test_user_text_cannot_become_markup(run_path: Path, change: Callable[..., Path]) -> None:
    evil = "<script>alert(1)</script>"
    evaluation = json.loads((run_path / "evaluation.json").read_text())
    evaluation["by_class"][0]["class"] = evil
    evaluation["scores"][0] |= {"name": evil, "note": evil}
    evaluation["figures"][0] |= {"title": '"><img src=x onerror=alert(1)>', "caption": evil}
    evaluation["memorisation"]["reason"] = evil
    change("evaluation.json", **evaluation | {"title": evil, "verdict": [evil], "advice": [evil]})
    change("data.json", notes=[evil], source=evil, refusals=[{"file": evil, "record": evil, "reason": evil}] * 2)
    change("env.json", command=evil)
    with (run_path / "metrics.jsonl").open("a") as lines:
        lines.write(json.dumps({"samples": 1, "event": evil, "reason": evil, "action": evil}) + "\n")
    (run_path / "config.toml").write_text(f'name = "{evil}"\n')

    text = build(run_path).read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.all("script")) == 1
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert evil in page.text
    assert "<script>" not in (run_path / "card.md").read_text(encoding="utf-8")


def test_weakest_class_is_marked(run_path: Path) -> None:
    text = build(run_path).read_text(encoding="utf-8")
    rows = re.findall(r'<tr class="weakest">.*?</tr>', text, re.DOTALL)
    assert len(rows) == 1
    assert "immature granulocyte" in rows[0]


def test_guard_events_are_drawn_and_explained(run_path: Path) -> None:
    text = build(run_path).read_text(encoding="utf-8")
    page = Page(text)
    assert "Rollback after 67,200 samples" in page.text
    assert "taken back to the last good checkpoint" in page.text
    assert "Mode collapse after 124,800 samples" in page.text
    assert text.count('class="event"') == 2 * text.count('class="curves"') == 8
    assert text.count('class="best"') == 2  # on the Fréchet distance and on the coverage
    assert "after 185,600 samples" in page.text


def test_both_halves_of_the_adversarial_accuracy_stay_apart(run_path: Path) -> None:
    text = read(run_path).text
    for number in ("0.561", "0.604", "0.568", "0.611", "0.514"):
        assert number in text


@pytest.mark.parametrize(("refused", "folded"), [(0, False), (3, False), (14, True)])
def test_long_refusals_are_folded(change: Callable[..., Path], refused: int, folded: bool) -> None:
    rows = [{"file": f"{i}.tif", "record": None, "reason": "it ends early"} for i in range(refused)]
    page = read(change("data.json", refusals=rows))
    assert (f"All {refused} refusals" in page.text) is folded
    assert page.text.count("it ends early") == refused
    assert ("Nothing was refused" in page.text) is (refused == 0)


def test_before_evaluation_the_page_names_the_command(run_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run_path.parent)
    (run_path / "evaluation.json").unlink()
    page = read(run_path)
    assert "Not judged" in page.text
    assert "vivogan images evaluate blood" in page.text
    assert page.all("img") == []
    assert "Rollback after" in page.text  # what there is, is shown


def test_the_command_is_put_together_from_the_settings(run_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run_path.parent)
    wanted = "vivogan images train cells/ --labels type --budget 10m --seed 7 --set game.batch=64 --out blood"
    assert wanted in read(run_path).text


def test_only_a_configuration(run_path: Path) -> None:
    for name in ("evaluation.json", "metrics.jsonl", "data.json", "env.json", "best"):
        (run_path / name).unlink()
    text = read(run_path).text
    assert "Training has not been measured yet" in text
    assert "no record of its data" in text


def test_without_labels_held_out_data_or_events(run_path: Path, change: Callable[..., Path]) -> None:
    lines = (run_path / "metrics.jsonl").read_text().splitlines()
    (run_path / "metrics.jsonl").write_text("\n".join(line for line in lines if "event" not in line) + '\n{"torn')
    text = read(change("evaluation.json", by_class=[], memorisation=None, advice=[])).text
    assert "carry no classes" in text
    assert "kept none" in text
    assert "had nothing to do" in text
    assert "vivogan images generate" in text


def test_numbers_that_are_not_there(run_path: Path, change: Callable[..., Path]) -> None:
    score = {"name": "frechet", "value": 3.0, "low": None, "high": None, "floor": None, "baseline": None}
    page = read(change("evaluation.json", scores=[score | {"better": "lower"}, {"name": "novel", "value": None}]))
    assert "Not measured." in page.text
    assert "None" not in page.text
    assert "nan" not in page.text.lower().split()


def test_flagged_memorisation_is_said_first(run_path: Path, change: Callable[..., Path]) -> None:
    memory = json.loads((run_path / "evaluation.json").read_text())["memorisation"] | {"flagged": True}
    text = build(change("evaluation.json", memorisation=memory)).read_text(encoding="utf-8")
    assert '<p class="said flagged">The generator repeats training samples.' in text


def test_missing_figure_is_named_and_none_is_read_from_outside(run_path: Path, change: Callable[..., Path]) -> None:
    (run_path.parent / "secret.png").write_bytes(b"secret")
    figures = [
        {"name": "real", "file": "gone.png", "title": "t"},
        {"name": "made", "file": "../secret.png", "title": "t"},
    ]
    page = read(change("evaluation.json", figures=figures))
    assert page.all("img") == []
    assert "gone.png is not in the run folder" in page.text


def test_no_run_and_a_damaged_run(tmp_path: Path, run_path: Path) -> None:
    with pytest.raises(UserError):
        build(tmp_path / "nothing")
    (run_path / "evaluation.json").write_text("{")
    with pytest.raises(DamagedRun, match=r"evaluation\.json"):
        build(run_path)
