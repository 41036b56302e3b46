"""Write molecules: SMILES lines, a table, an SDF or Parquet, with whatever is known of each."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDepictor

from vivogan.core.files import write_bytes
from vivogan.domains.columns import NUMBER
from vivogan.domains.molecules.assays import POTENCY, unit_of
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.records import MoleculeRecords
from vivogan.errors import UserError

REMARK = "remark"
ID, SMILES = "id", "smiles"
Columns = Mapping[str, Sequence[Any]]


def write(records: MoleculeRecords, path: Path) -> list[Path]:
    """Write every record with its labels, part, group and remark; returns the one file written.

    The suffix decides, as in ``write_table``; any other path is a folder that gets ``molecules.csv``. ``read`` takes
    the file back. Raises ``UserError`` when the place cannot be written.
    """
    path = Path(path)
    if form_of(path) is None:
        path = path / "molecules.csv"
    return write_table(path, records.smiles, records.ids, columns(records))


def columns(records: MoleculeRecords) -> dict[str, Sequence[str]]:
    """What is known of each record beside its name and structure."""
    given = {"split": records.part, "group": records.group}
    extra = {name: values for name, values in given.items() if values is not None and name not in records.labels}
    named = {said_by(name, records.units.get(name, "")): values for name, values in records.labels.items()}
    known: dict[str, Sequence[str]] = {name: values.tolist() for name, values in {**named, **extra}.items()}
    return known | ({REMARK: records.remarks} if records.remarks else {})


def said_by(column: str, unit: str) -> str:
    """A column's name as its values are written: what was a concentration was read as its p-value, and must not be
    taken for a concentration again.

    >>> said_by("IC50 (nM)", "pIC50"), said_by("mean (nM)", "p(mol/l)"), said_by("pKi", "pKi"), said_by("logD", "")
    ('pIC50', 'pActivity', 'pKi', 'logD')
    """
    if not unit.startswith("p") or POTENCY.fullmatch(unit_of(column)):
        return column
    return unit if POTENCY.fullmatch(unit) else "pActivity"


def write_table(path: Path, smiles: Sequence[str], ids: Sequence[str], columns: Columns) -> list[Path]:
    """Write n molecules with n values a column (text, numbers, or None for nothing); returns the one file written.

    ``.smi``: ``SMILES<tab>name<tab>column=value …`` a line; ``.csv``, ``.tsv``, ``.parquet``: a row each with the
    columns id and smiles first; ``.sdf``: mol blocks drawn flat, the columns as properties. All but Parquet may end in
    ``.gz``. The file is written whole or not at all. Raises ``UserError`` for another suffix, when the place cannot be
    written, or when Parquet needs pyarrow and it is not installed.
    """
    path = Path(path)
    form = form_of(path)
    if form is None:
        raise UserError(f"{path}: no such format of molecules", f"Name the file {', '.join(FORMS)} (or .gz)")
    taken = {name.lower() for name in (ID, SMILES)}
    named = {f"{name} (given)" if name.lower() in taken else name: values for name, values in columns.items()}
    content = form(list(smiles), list(ids), named)
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix.lower() == ".gz" else content)
    return [path]


def check_name(path: Path | str) -> None:
    """Raises ``UserError`` when a file of this name would be of a format that there is not."""
    path = Path(path)
    if path.suffix and form_of(path) is None and not path.is_dir():
        raise UserError(f"{path}: no such format of molecules", f"Name the file {', '.join(FORMS)} (or .gz)")


def form_of(path: Path) -> Form | None:
    """How a file of this name is written; None where the name says nothing."""
    bare = Path(path.stem) if path.suffix.lower() == ".gz" else path
    return FORMS.get(bare.suffix.lower())


def shown(value: Any) -> str:
    """A value as text: numbers with six digits, nothing for what is missing.

    >>> shown(0.1234567), shown(float("nan")), shown(3), shown("a b"), shown(None)
    ('0.123457', '', '3', 'a b', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}" if math.isfinite(value) else ""
    return str(value)


def one_line(text: str) -> str:
    return " ".join(text.split())


def lines(smiles: list[str], ids: list[str], columns: Columns) -> bytes:
    texts = {one_line(name): [one_line(shown(value)) for value in values] for name, values in columns.items()}
    rows = []
    for i, (structure, name) in enumerate(zip(smiles, ids, strict=True)):
        words = [f"{column}={values[i]}" for column, values in texts.items() if values[i]]
        rows.append("\t".join([structure, one_line(name), *words]))
    return "".join(row + "\n" for row in rows).encode()


def table(smiles: list[str], ids: list[str], columns: Columns, delimiter: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    rows.writerow([ID, SMILES, *columns])
    cells = [[shown(value) for value in values] for values in columns.values()]
    rows.writerows(zip(ids, smiles, *cells, strict=True))
    return text.getvalue().encode()


def structures(smiles: list[str], ids: list[str], columns: Columns) -> bytes:
    """Mol blocks drawn flat, so that stereo is kept, each with its properties."""
    texts = {one_line(name).replace(">", ")"): [one_line(shown(v)) for v in values] for name, values in columns.items()}
    parts = []
    for i, (block, name) in enumerate(zip(mapped(blocks, smiles), ids, strict=True)):
        _, _, body = block.partition("\n")
        said = [f">  <{column}>\n{values[i]}\n\n" for column, values in texts.items() if values[i]]
        parts.append(f"{one_line(name)}\n{body}{''.join(said)}$$$$\n")
    return "".join(parts).encode()


def blocks(smiles: Sequence[str]) -> list[str]:
    return [block(one) for one in smiles]


def block(smiles: str) -> str:
    """A mol block with coordinates in the plane; an empty one for what is no molecule."""
    mol = Chem.Mol(molecule(smiles) or Chem.Mol())
    rdDepictor.Compute2DCoords(mol)
    found: str = Chem.MolToMolBlock(mol)
    return found


def parquet(smiles: list[str], ids: list[str], columns: Columns) -> bytes:
    from vivogan.domains.molecules.formats.parquet import arrow

    pyarrow = arrow(Path("a table"))
    found = pyarrow.table({ID: ids, SMILES: smiles, **{name: typed(values) for name, values in columns.items()}})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(found, sink)
    return sink.getvalue()


def typed(values: Sequence[Any]) -> list[Any]:
    """Numbers as numbers, where all that is there are; else text."""
    texts = [shown(value) for value in values]
    if any(texts) and all(NUMBER.fullmatch(text) for text in texts if text):
        return [float(text) if text else None for text in texts]
    return texts


Form = Callable[[list[str], list[str], Columns], bytes]
FORMS: Mapping[str, Form] = {
    **dict.fromkeys((".smi", ".smiles"), lines),
    ".csv": partial(table, delimiter=","),
    ".tsv": partial(table, delimiter="\t"),
    ".sdf": structures,
    ".parquet": parquet,
}
