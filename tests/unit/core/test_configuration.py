from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, PositiveInt, ValidationError, model_validator

from vivogan.core.configuration import Settings, differences, known_keys, override, read_toml, to_toml
from vivogan.errors import InputError, SettingsError


class Train(Settings):
    batch: PositiveInt = 64
    rate: float = 2e-4
    mirror: bool = False
    betas: tuple[float, float] = (0.0, 0.99)
    seeds: list[int] = Field(default_factory=list)


class Judge(Settings):
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _in_order(self) -> Judge:
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class Plan(Settings):
    name: str = "run"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int | None = Field(default=None, ge=1)
    source: Path = Path("cells")
    where: dict[str, str] = Field(default_factory=dict)
    train: Train = Train()
    judge: Judge | None = None


PLANS = st.builds(
    Plan,
    name=st.text(st.characters(exclude_categories=["Cs"])),
    device=st.sampled_from(["auto", "cpu", "cuda"]),
    threads=st.none() | st.integers(1, 10**9),
    where=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text("ab\n\"'#µ")),
    train=st.builds(
        Train,
        batch=st.integers(1, 10**9),
        rate=st.floats(allow_nan=False),
        mirror=st.booleans(),
        betas=st.tuples(st.floats(0, 1), st.floats(0, 1)),
        seeds=st.lists(st.integers(-(2**62), 2**62)),
    ),
    judge=st.none() | st.builds(Judge, low=st.integers(0, 5), high=st.integers(5, 9)),
)


def read(folder: Path, text: str) -> Plan:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return read_toml(path, Plan)


@given(plan=PLANS)
def test_settings_come_back_from_toml_to_the_bit(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert read(tmp_path_factory.mktemp("toml"), to_toml(plan)) == plan
    assert differences(plan, plan) == []


def test_infinity_survives(tmp_path: Path) -> None:
    assert read(tmp_path, to_toml(override(Plan(), ["train.rate=inf"]))).train.rate == math.inf


def test_none_that_toml_would_lose_is_refused() -> None:
    class Lossy(Settings):
        threads: int | None = 4

    with pytest.raises(TypeError, match=r"Lossy\.threads"):
        to_toml(Lossy(threads=None))


def test_settings_are_closed_and_frozen() -> None:
    with pytest.raises(ValidationError):
        Plan(nmae="x")  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        Plan().name = "y"  # type: ignore[misc]


READS = {
    "[train]\nbatch_size = 1": "train.batch_size: unknown setting; did you mean train.batch?",
    "batch = 1": "batch: unknown setting; did you mean train.batch?",
    "[train]\nbatch = 'many'": 'train.batch: expected a whole number, got "many"',
    "[train]\nbatch = 1.5": "train.batch: expected a whole number, got 1.5",
    "[train]\nmirror = 'perhaps'": 'train.mirror: expected true or false, got "perhaps"',
    "[train]\nseeds = 3": "train.seeds: expected a list, got 3",
    "[train]\nbatch = 0": "train.batch: input should be greater than 0, got 0",
    "name = 3": "name: expected text, got 3",
    "train = 3": "train: expected a table, got 3",
    "device = 'gpu'": "device: expected 'auto', 'cpu' or 'cuda', got \"gpu\"",
    "[judge]\nlow = 9": "judge: low must not be above high",
}


@pytest.mark.parametrize(("text", "message"), READS.items())
def test_wrong_settings_are_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == f"{tmp_path / 'config.toml'}: {message}"


def test_every_wrong_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"name: .*; train\.batch: "):
        read(tmp_path, "name = 1\n[train]\nbatch = 'x'")


def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    class Needs(Settings):
        what: int

    (tmp_path / "c.toml").write_text("")
    with pytest.raises(SettingsError, match="what: this setting is missing"):
        read_toml(tmp_path / "c.toml", Needs)


def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2"):
        read(tmp_path, "name = 'a'\nname = \ndevice = 'cpu'")
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(tmp_path / "missing.toml", Plan)


def test_override_reads_each_text_as_its_field() -> None:
    assignments = ["train.batch=32", "train.rate=1e-3", "train.mirror=true", "name=007", "threads=4", "where.type=T=1"]
    assignments += ["train.seeds=[1, 2]", "train.betas=[0.5, 0.9]", "source=a b/c", "judge.high=7", "device = cpu"]
    train = Train(batch=32, rate=1e-3, mirror=True, seeds=[1, 2], betas=(0.5, 0.9))
    expected = Plan(name="007", threads=4, where={"type": "T=1"}, train=train, source=Path("a b/c"), device="cpu")
    assert override(Plan(), assignments) == expected.model_copy(update={"judge": Judge(high=7)})
    assert override(expected, ["threads=none"]).threads is None
    assert override(Plan(name="x"), ["name=none"]).name == "none"


def test_override_keeps_the_rest_and_the_original() -> None:
    plan = Plan(train=Train(rate=1.0))
    changed = override(plan, ["train.batch=8"])
    assert (changed.train.rate, changed.train.batch, plan.train.batch) == (1.0, 8, 64)
    assert override(plan, []) == plan


def test_override_checks_rules_of_several_settings_together() -> None:
    plan = Plan(judge=Judge())
    assert override(plan, ["judge.low=5", "judge.high=6"]).judge == Judge(low=5, high=6)
    with pytest.raises(SettingsError, match="judge: low must not be above high"):
        override(plan, ["judge.low=5"])


OVERRIDES = {
    "train.batch_size=1": "train.batch_size: unknown setting; did you mean train.batch?",
    "train.batch=x": 'train.batch: expected a whole number, got "x"',
    "train.batch=0": "train.batch: input should be greater than 0",
    "train.batch.size=1": "train.batch.size: unknown setting; did you mean train.batch?",
    "zzz=1": "zzz: unknown setting; known: name, device",
    "train.batch": '"train.batch" is no setting. Write it as name=value',
    "=3": '"=3" is no setting',
    "device=gpu": "device: expected 'auto', 'cpu' or 'cuda', got \"gpu\"",
    "train=3": "train: expected a table",
}


@pytest.mark.parametrize(("assignment", "message"), OVERRIDES.items())
def test_wrong_overrides_are_named_in_one_line(assignment: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        override(Plan(), [assignment])
    assert str(caught.value).startswith(message)


def test_a_table_and_its_part_cannot_both_be_given() -> None:
    with pytest.raises(SettingsError, match=r"train\.batch"):
        override(Plan(), ["train={batch = 3}", "train.batch=4"])


def test_differences_are_lines() -> None:
    other = Plan(train=Train(batch=32, mirror=True), threads=2, where={"type": "T"}, judge=Judge())
    assert differences(Plan(), other, ignore=["train.mirror"]) == [
        "judge: none → (absent)",
        "judge.high: (absent) → 2",
        "judge.low: (absent) → 1",
        "threads: none → 2",
        "train.batch: 64 → 32",
        "where.type: (absent) → T",
    ]


def test_known_keys_are_dotted() -> None:
    assert {"name", "train.batch", "judge.low"} <= set(known_keys(Plan))
    assert "train" not in known_keys(Plan)
