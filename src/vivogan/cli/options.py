"""The options that several commands share, said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vivogan.errors import UserError


class Device(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


DATA = "How the data set is read"
MACHINE = "Machine"
OUTPUT = "Output"

SourceArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="Folder, .npz, .npy, CSV, archive or image.", show_default=False)
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)]

LabelsOption = Annotated[
    str | None,
    typer.Option(
        "--labels", metavar="NAME", rich_help_panel=DATA, help="Column, array or folder level with the classes."
    ),
]
ImagesOption = Annotated[
    str | None,
    typer.Option("--images", metavar="NAME", rich_help_panel=DATA, help="Array or CSV column that holds the images."),
]
SplitOption = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", rich_help_panel=DATA, help="Column that says train, selection or test."),
]
GroupOption = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="NAME",
        rich_help_panel=DATA,
        help="Column (donor, plate, slide) kept on one side of the split.",
    ),
]
BudgetOption = Annotated[
    str, typer.Option("--budget", metavar="BUDGET", help="Time (90s, 10m, 8h) or samples shown (4000, 200k, 25M).")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same result.")]
DeviceOption = Annotated[Device, typer.Option("--device", rich_help_panel=MACHINE, help="Where to compute.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", min=1, rich_help_panel=MACHINE, help="CPU threads.", show_default="all that are free"
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="A.B=C", help="Override one field of the plan; may be given again.", show_default=False
    ),
]
RunOutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="RUN", help="The run folder.", show_default="runs/ and the name of PATH"),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="COLUMN=VALUE",
        help="Of this class only; of a measurement a number, low or high.",
        show_default=False,
    ),
]
StartOption = Annotated[
    int,
    typer.Option("--start", metavar="N", min=0, help="First sample; sample i of a seed is the same on any machine."),
]
TruncationOption = Annotated[
    float, typer.Option("--truncation", metavar="X", help="Below 1: more typical and less varied.")
]
KeepOption = Annotated[
    float,
    typer.Option("--keep", metavar="SHARE", help="Keep only this share, the most convincing to the discriminator."),
]
NoReportOption = Annotated[bool, typer.Option("--no-report", metavar="", help="Train only: no evaluation, no report.")]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", metavar="", rich_help_panel=OUTPUT, help="One JSON document on stdout and nothing else there."
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", metavar="", rich_help_panel=OUTPUT, help="Print errors only.")
]


def conditions(where: list[str] | None) -> dict[str, str] | None:
    """``["type=monocyte"]`` as ``{"type": "monocyte"}``. Raises ``UserError`` for anything else."""
    if not where:
        return None
    chosen: dict[str, str] = {}
    for item in where:
        column, equals, value = item.partition("=")
        if not (column and equals and value):
            raise UserError(f"--where {item}: not of the form COLUMN=VALUE", "For example: --where type=monocyte")
        if chosen.get(column, value) != value:
            raise UserError(f"--where: {column} is asked to be both {chosen[column]} and {value}", "Give it once")
        chosen[column] = value
    return chosen
