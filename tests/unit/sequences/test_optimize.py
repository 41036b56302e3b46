"""Optimising: every method gains on what it is asked for, keeps the grammar and the budget, and is judged plainly."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from vivogan.domains.base import Split
from vivogan.domains.classes import Classes
from vivogan.domains.likelihood import Part
from vivogan.domains.run import Run
from vivogan.domains.sequences.alphabets import DNA, PROTEIN
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.discriminator import SequenceDiscriminator
from vivogan.domains.sequences.generator import Parts, SequenceGenerator
from vivogan.domains.sequences.likelihood import count
from vivogan.domains.sequences.optimize import METHODS, Gain, Optimised, agreement, optimize
from vivogan.domains.sequences.oracles import Floats, Oracle
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.domains.sequences.screening import ScreenSettings
from vivogan.domains.sequences.tools.evolution import legal
from vivogan.domains.sequences.tools.latent import children
from vivogan.domains.sequences.tools.learned import Learned
from vivogan.engine.settings import GameSettings
from vivogan.errors import UserError

LENGTH, RECORDS = 12, 64
WILD = "MKTAYIAKQRQI"


def of_bases() -> tuple[SequenceRecords, SequenceCodec]:
    rng = np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), LENGTH)) for _ in range(RECORDS)]
    labels = {"kind": np.array(["x", "y"])[np.arange(RECORDS) % 2]}
    return SequenceRecords(sequences, labels, [f"{i}" for i in range(RECORDS)]), SequenceCodec(
        DNA, tuple("ACGT"), LENGTH
    )


def of_codons() -> tuple[SequenceRecords, SequenceCodec]:
    rng = np.random.default_rng(1)
    codons = ["AAA", "GCT", "GGT", "CTG"]
    texts = ["ATG" + "".join(rng.choice(codons, rng.integers(2, 6))) + "TAA" for _ in range(RECORDS)]
    records = SequenceRecords(texts, {}, [f"{i}" for i in range(RECORDS)], coding=True)
    return records, SequenceCodec.fit(records, np.arange(RECORDS))


def of_variants() -> tuple[SequenceRecords, SequenceCodec]:
    rng = np.random.default_rng(2)
    texts = []
    for _ in range(RECORDS):
        letters = list(WILD)
        for place in rng.choice(LENGTH, rng.integers(1, 4), replace=False):
            letters[place] = "GW"[rng.integers(2)]
        texts.append("".join(letters))
    records = SequenceRecords(texts, {}, [f"{i}" for i in range(RECORDS)], alphabet=PROTEIN)
    return records, SequenceCodec(PROTEIN, tuple(PROTEIN.letters), LENGTH)


KINDS = {"bases": of_bases, "codons": of_codons, "variants": of_variants}


class Toy(SimpleNamespace):
    """A run that was never written."""

    source_records = Run.source_records


@lru_cache
def toy(kind: str, played: bool = False) -> Any:
    """A run that was counted, not trained."""
    records, codec = KINDS[kind]()
    classes = Classes.of(records.labels, np.arange(RECORDS))
    torch.manual_seed(0)
    parts = Parts(len(codec.symbols), codec.length, len(classes.names), order=1, width=0)
    generator = SequenceGenerator(parts, codec.follows, codec.last)
    y = torch.from_numpy(classes.indices(records.classes))
    count(generator, Part(codec.encode(records, np.arange(RECORDS)), y))
    discriminator = SequenceDiscriminator(len(codec.symbols), codec.length, len(classes.names), 8) if played else None
    domain = SimpleNamespace(read=lambda source, read: records, digest=lambda records: "same")
    return Toy(
        generator=generator.eval().requires_grad_(False),
        discriminator=discriminator,
        codec=codec,
        classes=classes,
        plan=SimpleNamespace(game=GameSettings(batch=16)),
        split=Split(np.arange(RECORDS), np.arange(0), np.arange(0)),
        config=SimpleNamespace(source="toy.fa", read={}),
        data={"sha256": "same"},
        domain=domain,
    )


def counting(letter: str, weight: float = 1.0) -> Oracle:
    return Oracle(f"count:{letter}", lambda s: np.array([float(t.count(letter)) for t in s]), weight)


def run_of(method: str, kind: str = "bases", **more: Any) -> Optimised:
    options = {"n": 10, "rounds": 8, "batch": 32, "per_cluster": 10} | more
    oracles = options.pop("oracles", [counting("G")])
    return optimize(toy(kind, options.pop("played", False)), oracles, method=method, **options)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gains_and_says_so(method: str) -> None:
    found = run_of(method, rounds=12 if method == "feedback" else 8)
    known = set(of_bases()[0].sequences)
    assert found.gains[0].deviations > 0.7
    assert len(found.rows) == 10
    assert len({*found.sequences}) == 10
    assert not known & {*found.sequences}
    assert all(row["score"] == row["count:G"] == row["sequence"].count("G") for row in found.rows)
    assert [row["score"] for row in found.rows] == sorted((row["score"] for row in found.rows), reverse=True)
    assert all(0 < row["nearest"] < 1 for row in found.rows)
    assert found.history[-1]["mean"] > found.history[0]["mean"]
    assert found.lines[1] == "No judge took part: the gain is the oracles' own word"


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_designs(method: str) -> None:
    assert run_of(method, rounds=2).rows == run_of(method, rounds=2).rows
    assert run_of(method, rounds=2).sequences != run_of(method, rounds=2, seed=1).sequences


@pytest.mark.parametrize("method", METHODS)
def test_reading_frames_stay_whole(method: str) -> None:
    found = run_of(method, "codons", rounds=4)
    codec = toy("codons").codec
    assert legal(codec, codec.encoded(found.sequences).argmax(1)).all()
    for text in found.sequences:
        assert (text[:3], text[-3:]) == ("ATG", "TAA")
        assert "TAA" not in [text[i : i + 3] for i in range(0, len(text) - 3, 3)]


@pytest.mark.parametrize("method", METHODS)
def test_given_letters_and_the_class_stay(method: str) -> None:
    found = run_of(method, template="NNNTATRNNNNN", where={"kind": "y"}, rounds=3)
    assert found.rows
    assert all(text[3:6] == "TAT" and text[6] in "AG" for text in [*found.sequences, *found.start, *found.end])
    assert {row["kind"] for row in found.rows} == {"y"}


@pytest.mark.parametrize("method", METHODS)
def test_the_budget_is_what_the_oracles_are_asked(method: str) -> None:
    asked: list[str] = []

    def values(sequences: list[str]) -> Floats:
        asked.extend(sequences)
        return np.array([float(text.count("G")) for text in sequences])

    found = run_of(method, budget=100, oracles=[Oracle("counted", values)])
    assert len(asked) == found.calls <= 100
    assert len(asked) == len(set(asked))


def test_weights_trade_one_objective_for_another() -> None:
    alone = run_of("evolution")
    both = run_of("evolution", oracles=[counting("G"), counting("C", -3.0)])
    mean = [np.mean([text.count("C") for text in found.sequences]) for found in (alone, both)]
    assert mean[1] < 0.2 <= mean[0]
    assert set(both.rows[0]) >= {"count:G", "count:C", "score"}


def test_sequences_that_no_oracle_can_score_never_win() -> None:
    def values(sequences: list[str]) -> Floats:
        return np.array([np.nan if text.startswith("A") else float(text.count("G")) for text in sequences])

    found = run_of("evolution", oracles=[Oracle("partly", values)], rounds=3)
    assert not any(text.startswith("A") for text in found.sequences)
    assert "could not score" in found.notes[-1]
    none = run_of("evolution", oracles=[Oracle("never", lambda s: np.full(len(s), np.nan))], rounds=2)
    assert none.rows == []
    assert "only 0 of 10" in none.notes[0]
    assert "could not be compared" in none.lines[0]


def test_alike_designs_are_few() -> None:
    found = run_of("evolution", per_cluster=1)
    texts = found.sequences
    alike = [sum(a == b for a, b in zip(s, t, strict=True)) for i, s in enumerate(texts) for t in texts[:i]]
    assert max(alike) < 0.8 * LENGTH


def test_designs_around_a_wild_type() -> None:
    found = run_of("evolution", "variants", reference=WILD, mutations=(3, 5), oracles=[counting("W")], rounds=6)
    seen = of_variants()[0].sequences
    changes = [[(i, c) for i, c in enumerate(text) if c != WILD[i]] for text in found.sequences]
    assert all(3 <= len(own) <= 5 for own in changes)
    assert max(len([c for _, c in own if c == "W"]) for own in changes) == 5
    assert all(any(text[i] == c for text in seen) for own in changes for i, c in own)
    different = [len({*a} ^ {*b}) for i, a in enumerate(changes) for b in changes[:i]]
    assert min(different) >= 2


def test_the_game_takes_part_in_feedback_and_the_run_stays_as_it_is() -> None:
    run = toy("bases", played=True)
    before = {name: value.clone() for name, value in run.generator.state_dict().items()}
    found = run_of("feedback", played=True, rounds=2)
    assert found.generator is not None
    assert all(torch.equal(value, before[name]) for name, value in run.generator.state_dict().items())
    assert any(not torch.equal(value, before[name]) for name, value in found.generator.state_dict().items())


def test_fed_back_from_a_score_that_is_enough() -> None:
    rows = run_of("feedback", enough=2.0, rounds=4).history
    assert max(row["threshold"] for row in rows) == 2.0
    assert rows[-1]["replaced"] > rows[0]["replaced"]
    moving = [row["threshold"] for row in run_of("feedback", rounds=6).history]
    assert moving == sorted(moving)


class CountingG(torch.nn.Module):
    """x [n, A, L] → how many G, [n, 1]; has what a predictor has."""

    def __init__(self, codec: SequenceCodec) -> None:
        super().__init__()
        self.codec, self.network = codec, self
        self.row = codec.symbols.index("G")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, self.row].sum(1, keepdim=True)

    def predict(self, sequences: Sequence[str]) -> Any:
        mean = self(self.codec.encoded(sequences)).numpy().astype(float)
        return SimpleNamespace(mean=mean, sd=np.zeros_like(mean))


def test_gradients_climb_where_the_oracle_is_differentiable(tmp_path: Path) -> None:
    model = CountingG(toy("bases").codec)
    own = Learned(model, 0, 0.0, tmp_path, "activity", "cnn", 0)
    climbed = run_of("latent", oracles=[Oracle("g", own.values(), learned=own)], rounds=5)
    assert climbed.history[-1]["mean"] > climbed.history[0]["mean"] + 2


def test_children_of_latents_are_as_normal_as_their_parents() -> None:
    z, y = torch.randn(4000, 5, generator=torch.Generator().manual_seed(0)), torch.zeros(4000, dtype=torch.long)
    born, _ = children(z, y, np.random.default_rng(0).normal(size=4000), 0.5, 1)
    assert born.shape == z.shape
    assert float(born.std()) == pytest.approx(1, abs=0.05)
    assert float(born.mean()) == pytest.approx(0, abs=0.05)


# ── the judge ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_judge_that_sees_nothing_of_the_gain_is_quoted() -> None:
    same, other = counting("G"), Oracle("other", lambda s: np.array([float(t.count("A")) for t in s]))
    honest = run_of("evolution", judge=replace(same, name="second"))
    fooled = run_of("evolution", judge=other)
    assert honest.lines[2].startswith("The judge confirms the gain")
    assert "over-optimised" in fooled.lines[2]
    assert all("judge other" in row for row in fooled.rows)


def test_agreement_in_words() -> None:
    start, up, still = np.arange(10.0), np.arange(10.0) + 9, np.arange(10.0) + 0.2
    assert "no gain" in agreement([Gain("objective", start, still), Gain("judge", start, up)])
    assert "confirms" in agreement([Gain("objective", start, up), Gain("judge", start, up)])
    assert "disagrees" in agreement([Gain("objective", start, up), Gain("judge", start, np.full(10, np.nan))])


# ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_designs_are_written_through_screening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIVOGAN_SCREEN_LIST", "VIVOGAN_COMMEC_DATABASES"):
        monkeypatch.delenv(name, raising=False)
    found = run_of("evolution", n=5, rounds=2)
    summary = found.save(tmp_path / "open")
    header = (tmp_path / "open" / "designs.fasta").read_text().splitlines()[0]
    assert header.startswith(">evolution-seed0-000000 ")
    assert "score=" in header
    assert header.endswith("not screened")
    assert summary == json.loads((tmp_path / "open" / "optimised.json").read_text())

    concern = tmp_path / "concern.fasta"
    concern.write_text(f">listed\n{found.sequences[3]}\n")
    summary = found.save(tmp_path / "held", ScreenSettings(listed=concern))
    written = [(tmp_path / "held" / name).read_text() for name in ("designs.fasta", "designs.csv", "optimised.json")]
    assert all(found.sequences[3] not in text for text in written)
    rows = list(csv.DictReader(written[1].splitlines()))
    assert [row["id"] for row in rows] == [found.ids[i] for i in (0, 1, 2, 4)]
    assert [row["sequence"] for row in rows] == [found.sequences[i] for i in (0, 1, 2, 4)]
    assert summary["withheld"] == [found.ids[3]]
    assert summary["lines"][-1] == f"1 of 5 sequences withheld by screening (list concern.fasta: {found.ids[3]})"


def test_nothing_is_written_when_screening_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run_of("evolution", rounds=1).save(tmp_path / "out", ScreenSettings(listed=tmp_path / "none.fasta"))
    assert not (tmp_path / "out").exists()


def test_the_moved_generator_is_kept(tmp_path: Path) -> None:
    run_of("feedback", rounds=1).save(tmp_path)
    assert (tmp_path / "generator.safetensors").exists()


# ── what cannot be ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "more", "said"),
    [
        ("guess", {}, "feedback, latent, evolution"),
        ("latent", {"reference": "ACGT"}, "does not vary a reference"),
        ("evolution", {"oracles": []}, "at least one --oracle"),
        ("evolution", {"judge": counting("G")}, "the oracle itself"),
        ("evolution", {"template": "NNN"}, "template"),
        ("evolution", {"reference": "ACG"}, "has 3 symbols"),
        ("evolution", {"reference": "NNNNNNNNNNNN"}, "ambiguity"),
        ("evolution", {"reference": "A" * LENGTH, "mutations": (9, 3)}, "--mutations 9 3"),
        ("evolution", {"where": {"kind": "z"}}, "x, y"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(method: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        run_of(method, **more)


def test_data_that_changed_are_refused() -> None:
    run = Toy(**vars(toy("bases")) | {"data": {"sha256": "other"}})
    with pytest.raises(UserError, match="the data changed"):
        optimize(run, [counting("G")])  # type: ignore[arg-type]
