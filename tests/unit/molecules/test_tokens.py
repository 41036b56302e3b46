from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivogan.domains.molecules.chemistry import canonical, molecule
from vivogan.domains.molecules.tokens import (
    NOTATIONS,
    SELFIES,
    SMILES,
    Vocabulary,
    _merged,
    plain_atom,
    reordered,
)
from vivogan.errors import DamagedRun

MOLECULES = [
    canonical(molecule(text))
    for text in (
        "CC(=O)Nc1ccc(O)cc1",
        "CC(=O)Oc1ccccc1C(=O)O",
        "C[C@H](N)C(=O)O",
        "O=C1NC(=O)c2ccccc21",
        "FC(F)(F)c1ccc(Cl)c(Br)c1",
        "C[N+](C)(C)CC([O-])=O",
        "C/C=C/C(=O)N1CCOCC1",
        "CCCCCCCCCCCCCCCC",
    )
] * 6


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=list(NOTATIONS))
@pytest.mark.parametrize("merges", [0, 40])
def test_molecules_survive_their_tokens(notation: object, merges: int) -> None:
    vocabulary = Vocabulary.fit(MOLECULES, notation, merges)  # type: ignore[arg-type]
    rows = vocabulary.encode(MOLECULES)
    codes = np.zeros((len(rows), max(map(len, rows)) + 1), np.int64)
    for place, row in zip(codes, rows, strict=True):
        place[: len(row)] = row
    assert vocabulary.decode(codes) == MOLECULES
    assert Vocabulary.from_state(vocabulary.state()).decode(codes) == MOLECULES
    assert len(vocabulary) == len(vocabulary.texts) == 1 + len(vocabulary.symbols) + len(vocabulary.merges)


def test_merges_make_strings_shorter_and_keep_their_text() -> None:
    plain, merged = (Vocabulary.fit(MOLECULES, SELFIES, merges) for merges in (0, 40))
    assert merged.merges
    for one, other in zip(plain.encode(MOLECULES), merged.encode(MOLECULES), strict=True):
        assert len(other) < len(one)
        assert "".join(plain.texts[i] for i in one) == "".join(merged.texts[i] for i in other)


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_a_merge_is_greedy_from_the_left(row: list[int], a: int, b: int) -> None:
    expected: list[int] = []
    place = 0
    while place < len(row):
        both = row[place : place + 2] == [a, b]
        expected.append(9 if both else row[place])
        place += 2 if both else 1
    assert _merged(np.array(row, np.int64), a, b, 9).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=25))
def test_any_selfies_tokens_are_a_molecule(row: list[int]) -> None:
    vocabulary = Vocabulary.fit(MOLECULES, SELFIES, 20)
    (found,) = vocabulary.decode(np.array([[number % len(vocabulary) or 1 for number in row]]))
    assert not found or molecule(found) is not None


def test_what_stands_for_nothing_is_empty() -> None:
    vocabulary = Vocabulary.fit(MOLECULES, SMILES, 0)
    number = vocabulary.numbers
    assert vocabulary.decode(np.array([[number["("], number["C"], 0], [0, number["C"], 0]])) == ["", ""]


def test_symbols_that_training_never_saw_become_plain_atoms_or_nothing() -> None:
    vocabulary = Vocabulary.fit(["CCO", "CCN"], SELFIES, 0)
    assert [vocabulary.texts[i] for i in vocabulary.encode(["[13CH3]CO"])[0]] == ["[C]", "[C]", "[O]"]
    assert [vocabulary.texts[i] for i in vocabulary.encode(["CS"])[0]] == ["[C]"]
    assert vocabulary.encode(["CCO", "[Na+].CC"])[0].tolist() == vocabulary.encode(["CCO"])[0].tolist()


@pytest.mark.parametrize(
    ("symbol", "plain"),
    [("[=13C@@H1]", "[=C]"), ("[/C]", "[C]"), ("[nH]", "[n]"), ("[=Branch1]", "[=Branch1]"), ("c", "c")],
)
def test_plain_atoms(symbol: str, plain: str) -> None:
    assert plain_atom(symbol) == plain


def test_orders_differ_and_are_the_same_molecule() -> None:
    one, other = reordered(MOLECULES[:7], 0), reordered(MOLECULES[:7], 1)
    assert one != other
    assert one == reordered(MOLECULES[:7], 0)
    assert [canonical(molecule(text)) for text in one] == MOLECULES[:7]


def test_a_damaged_vocabulary_is_refused() -> None:
    state = Vocabulary.fit(MOLECULES, SELFIES, 5).state()
    for damage in ({"notation": "iupac"}, {"merges": [[1, 900]]}, {"merges": 3}):
        with pytest.raises(DamagedRun):
            Vocabulary.from_state(state | damage)


def test_symbols_that_selfies_has_not_are_no_molecule() -> None:
    assert NOTATIONS["selfies"].read(["[C][O]", "[7][8]", "[C]"]) == ["CO", "", "C"]
