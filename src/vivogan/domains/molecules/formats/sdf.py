"""SDF and mol files: blocks of atoms and bonds, with properties below each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rdkit import Chem

from vivogan.domains.molecules import faults
from vivogan.domains.molecules.chemistry import canonical
from vivogan.domains.molecules.formats.layout import unlike
from vivogan.domains.molecules.formats.rows import Row
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import Draft, ReadOptions
from vivogan.domains.source import Source

END = "$$$$"
FIELD = re.compile(r">.*<(?P<name>[^<>]*)>")
NAMED = ("name", "id", "molecule_chembl_id", "chembl_id", "_name")  # properties that stand for an empty title
BATCH = 8000  # records that are taken apart together
LINES = 40  # of one record for each heavy atom that is allowed


class Taken(NamedTuple):
    """A record taken apart: its structure or the fault, its title, and its properties."""

    smiles: str
    fault: str
    title: str
    said: dict[str, str]


def read_sdf(source: Source, draft: Draft, options: ReadOptions) -> Iterator[Row]:
    """A molecule a record; a broken one is refused and the next is read."""
    number, batch = 0, []
    wanted = options.name
    for record in records(source, LINES * options.heaviest):
        batch.append(record)
        if len(batch) == BATCH:
            yield from rows(source, draft, batch, number, options.heaviest, wanted)
            number, batch = number + len(batch), []
    yield from rows(source, draft, batch, number, options.heaviest, wanted)


def rows(
    source: Source, draft: Draft, batch: list[list[str]], before: int, heaviest: int, wanted: str | None
) -> Iterator[Row]:
    for number, taken in enumerate(mapped(partial(each, heaviest=heaviest), batch), before + 1):
        place = f"record {number}"
        known = {key.lower(): value for key, value in taken.said.items()}
        name = taken.said.get(wanted, "") if wanted else taken.title
        name = name or next((known[key] for key in NAMED if known.get(key)), "")
        if taken.fault:
            mend = "Correct the record, or leave it out"
            draft.refuse(source.name, f"{place} ({name})" if name else place, f"{taken.fault}. {mend}")
        else:
            yield Row(place, number, taken.smiles, name, taken.said)


def records(source: Source, most: int) -> Iterator[list[str]]:
    """The lines of each record; what is longer than ``most`` lines is cut."""
    lines: list[str] = []
    for line in source.lines():
        if line.startswith(END):
            yield lines
            lines = []
        elif len(lines) <= most:
            lines.append(line)
    if any(line.strip() for line in lines):
        yield lines


def each(batch: Sequence[list[str]], heaviest: int) -> list[Taken]:
    return [taken_apart(lines, heaviest) for lines in batch]


def taken_apart(lines: list[str], heaviest: int) -> Taken:
    """One record. The stereo is that of its coordinates or wedges."""
    end = next((i for i, line in enumerate(lines) if line.startswith("M  END")), None)
    title = " ".join(lines[0].split()) if lines else ""
    if end is None:
        reason = "is too long" if len(lines) > LINES * heaviest else "has no end of its atoms and bonds (M  END)"
        return Taken("", reason, title, {})
    said = properties(lines[end + 1 :])
    block = "\n".join(lines[: end + 1]) + "\n"
    mol = Chem.MolFromMolBlock(block)
    if mol is None:
        return Taken("", wrong(block), title, said)
    if not mol.GetNumAtoms():
        return Taken("", "has no atoms", title, said)
    if mol.GetNumHeavyAtoms() > faults.SLACK * heaviest:
        return Taken("", faults.too_heavy(mol.GetNumHeavyAtoms(), heaviest), title, said)
    return Taken(canonical(mol), "", title, said)


def wrong(block: str) -> str:
    """What is wrong with a block that RDKit does not take."""
    mol = Chem.MolFromMolBlock(block, sanitize=False)
    problems = Chem.DetectChemistryProblems(mol) if mol is not None else ()
    return faults.chemistry(mol, problems[0]) if problems else "is no mol block"


def properties(lines: list[str]) -> dict[str, str]:
    """The properties below a block; the lines of one are joined.

    >>> properties(["> <IC50>  (1)", "5.2", "", ">  <note>", "two", "lines", ""])
    {'IC50': '5.2', 'note': 'two lines'}
    """
    names: list[str] = []
    values: list[list[str]] = []
    for line in lines:
        if line.startswith(">") and (match := FIELD.match(line)):
            names.append(match["name"].strip())
            values.append([])
        elif values and line.strip():
            values[-1].append(line.strip())
    return {name: " ".join(value) for name, value in zip(unlike(names), values, strict=True)}
