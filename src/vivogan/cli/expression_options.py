"""The options that several commands of expression share, said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli import options as o


class Counts(StrEnum):
    """What to do where the data hold no counts."""

    refuse = "refuse"
    recover = "recover"


SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help=".h5ad, 10x .h5, matrix.mtx in a folder, .loom, Zarr, CSV or TSV (also .gz); or samples in a folder.",
        show_default=False,
    ),
]


def _reading(flag: str, metavar: str, text: str, shown: str | bool = False) -> object:
    return typer.Option(flag, metavar=metavar, rich_help_panel=o.DATA, help=text, show_default=shown)


LabelsOption = Annotated[
    str | None, _reading("--labels", "NAMES", "obs columns that condition, by commas; several are joined.", "found")
]
LayerOption = Annotated[
    str | None, _reading("--layer", "NAME", "Where the counts are: X, raw or a layer.", "the first with counts")
]
CountsOption = Annotated[
    Counts | None,
    typer.Option(
        "--counts",
        rich_help_panel=o.DATA,
        help="Where there are none: refuse, or recover them from normalised values.",
        show_default="refuse",
    ),
]
MetadataOption = Annotated[
    Path | None, _reading("--metadata", "FILE", "A table of obs columns, one of which has the barcodes.")
]
NamesOption = Annotated[
    str | None, _reading("--gene-names", "NAME", "The column of the genes that names them.", "the index")
]
NameOption = Annotated[str | None, _reading("--name", "NAME", "The obs column with the barcodes.", "the index")]
GenesOption = Annotated[
    int | None,
    typer.Option(
        "--genes", metavar="N", min=2, rich_help_panel=o.DATA, help="Most variable genes modelled.", show_default="2000"
    ),
]
LeastCountsOption = Annotated[
    int | None,
    typer.Option(
        "--least-counts",
        metavar="N",
        min=1,
        rich_help_panel=o.DATA,
        help="Molecules that a cell must have.",
        show_default="1",
    ),
]
TransposedOption = Annotated[
    bool,
    typer.Option("--transposed", metavar="", rich_help_panel=o.DATA, help="A table has genes in rows."),
]


def reading(
    labels: str | None = None,
    layer: str | None = None,
    counts: Counts | None = None,
    metadata: Path | None = None,
    gene_names: str | None = None,
    name: str | None = None,
    least_counts: int | None = None,
    transposed: bool = False,
) -> dict[str, str | int | bool | None]:
    """The options of reading by their names."""
    return {
        "labels": labels,
        "layer": layer,
        "counts": None if counts is None else counts.value,
        "metadata": None if metadata is None else str(metadata),
        "gene_names": gene_names,
        "name": name,
        "least_counts": least_counts,
        "transposed": transposed or None,
    }
