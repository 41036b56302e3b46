"""From a trained run to files: what is found is written so that other tools read it."""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from vivogan.domains.run import Run
from vivogan.domains.sequences import api
from vivogan.domains.sequences.interpret import Frame, interpret
from vivogan.domains.sequences.matrices import read_matrices
from vivogan.domains.sequences.records import SequenceRecords
from vivogan.errors import UserError

WORD = "TTGACGTCA"
QUICK = ("likelihood.epochs=1", "width=8", "order=1", "style=false", "discriminator_width=8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose generator is given a profile with a word in it."""
    folder, rng = tmp_path_factory.mktemp("interpret"), np.random.default_rng(0)
    sequences = ["".join(rng.choice(list("ACGT"), 40)) for _ in range(120)]
    (folder / "real.txt").write_text("\n".join(s[:20] + WORD + s[29:] for s in sequences) + "\n")
    found = api.train(folder / "real.txt", folder / "run", budget="128", overrides=QUICK, threads=1, device="cpu")
    generator = cast(Any, found.generator)
    generator.back_off.table.zero_()
    generator.profile.zero_()
    for place, letter in enumerate(WORD):
        generator.profile[:, "ACGT".index(letter), 20 + place] = 4.0
    return found


@pytest.fixture
def known(tmp_path: Path) -> Path:
    rng, path = np.random.default_rng(1), tmp_path / "known.pfm"
    words = {"MA1_MA1.CRE": WORD} | {f"MB{i}": "".join(rng.choice(list("ACGT"), 9)) for i in range(40)}
    lines = []
    for name, word in words.items():
        lines += [f">{name}", *("\t".join(str(20 * (a == b) + 1) for b in "ACGT") for a in word)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_what_the_generator_knows_is_found_and_named(run: Run, known: Path, tmp_path: Path) -> None:
    found = interpret(run, motifs=known, n=80)
    by_source = {each.motif.source: each for each in reversed(found.found)}
    for source in ("generator", "words"):
        assert by_source[source].match is not None, source
        assert by_source[source].match.target.name == "MA1_MA1.CRE"
    assert by_source["generator"].rates["generated"] > 0.8
    paths = found.save(tmp_path / "out")
    assert set(paths) == {
        "motifs.json", "summary.txt", "motifs.meme", "logos.png", "positions.png", "directions.json", "directions.csv",
    }  # fmt: skip
    assert all(Path(path).stat().st_size for path in paths.values())
    assert len(read_matrices(Path(paths["motifs.meme"]))) == len(found.found)
    content = json.loads(Path(paths["motifs.json"]).read_text())
    assert content["motifs"][0]["matches"][0]["q"] <= 0.05
    assert any("CRE (MA1)" in line for line in found.summary)


def test_the_same_seed_says_the_same(run: Run) -> None:
    a, b = (interpret(run, n=40, seed=3).summary for _ in range(2))
    assert a == b


def test_too_few_sequences_are_refused(run: Run) -> None:
    with pytest.raises(UserError, match="too few"):
        interpret(run, records=SequenceRecords(["ACGT"], {}, ["a"]), n=4)


def test_an_oracle_must_be_a_predictor(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no trained predictor"):
        interpret(run, n=20, oracle=str(tmp_path / "nothing"))


def test_codons_are_told_as_amino_acids() -> None:
    from vivogan.domains.sequences.codec import SequenceCodec

    records = SequenceRecords(["ATGAAATAA"] * 2, {}, ["a", "b"], coding=True)
    codec = SequenceCodec.fit(records, np.arange(2))
    frame = Frame.of(codec)
    x = codec.encoded(records.sequences)
    added, important, numbers = frame.read(x, torch.zeros_like(x))
    assert added.shape == (2, 20, codec.length)
    assert frame.texts(records.sequences) == ["MK", "MK"]
    assert [frame.alphabet.letters[i] if i >= 0 else "." for i in numbers[0]] == ["M", "K", "."]
    assert not important.any()
    assert not frame.both_strands
