"""The options that several commands of molecules share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli import options as o

SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="SMILES file, CSV, TSV, Parquet or SDF (also .gz), or a folder of them.",
        show_default=False,
    ),
]


def _reading(flag: str, metavar: str, text: str, shown: str | bool = False) -> object:
    return typer.Option(flag, metavar=metavar, rich_help_panel=o.DATA, help=text, show_default=shown)


LabelsOption = Annotated[
    str | None, _reading("--labels", "NAMES", "Columns (or SDF properties) with classes or measurements, by commas.")
]
SmilesOption = Annotated[str | None, _reading("--smiles", "NAME", "Column with the structures.", "found")]
NameOption = Annotated[str | None, _reading("--name", "NAME", "Column with the names.", "found")]
UnitsOption = Annotated[
    str | None, _reading("--units", "UNIT", "Of the labels (nM, uM, mM), where no header or column says so.")
]
FragmentsOption = Annotated[str | None, _reading("--fragments", "NAME", "Of a salt: largest, or keep all.", "largest")]
ChargesOption = Annotated[
    str | None, _reading("--charges", "NAME", "neutral where that is possible, or keep.", "neutral")
]
TautomersOption = Annotated[str | None, _reading("--tautomers", "NAME", "keep as drawn, or canonical.", "keep")]
StereoOption = Annotated[str | None, _reading("--stereo", "NAME", "keep, or drop.", "keep")]
SplittingOption = Annotated[
    str | None,
    _reading(
        "--splitting", "NAME", "What stays on one side of the split: a scaffold, or random molecules.", "scaffold"
    ),
]
ScreenOption = Annotated[
    Path | None,
    typer.Option(
        "--screen",
        metavar="FILE",
        help="Molecules of concern of your own, which are withheld with their close analogues.",
        show_default="VIVOGAN_SCREEN_MOLECULES",
    ),
]
DrawOption = Annotated[
    Path | None, typer.Option("--draw", metavar="FILE", help="Also draw them: an SVG.", show_default=False)
]


def reading(
    labels: str | None = None,
    smiles: str | None = None,
    name: str | None = None,
    units: str | None = None,
    fragments: str | None = None,
    charges: str | None = None,
    tautomers: str | None = None,
    stereo: str | None = None,
    split: str | None = None,
    group: str | None = None,
    splitting: str | None = None,
) -> dict[str, str | None]:
    """The options of reading by their names."""
    return {
        "labels": labels,
        "smiles": smiles,
        "name": name,
        "units": units,
        "fragments": fragments,
        "charges": charges,
        "tautomers": tautomers,
        "stereo": stereo,
        "split": split,
        "group": group,
        "splitting": splitting,
    }
