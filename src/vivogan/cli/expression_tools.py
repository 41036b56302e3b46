"""``vivogan expression`` markers, respond, hints and along: what is asked of cells, or of a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vivogan.cli import options as o
from vivogan.cli.expression_options import (
    CountsOption,
    LayerOption,
    MetadataOption,
    NamesOption,
    SourceArgument,
    reading,
)
from vivogan.cli.output import Output, pairs
from vivogan.cli.progress import Watch
from vivogan.cli.runs import named

BEST = 8  # genes of a type that are printed

FolderOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FOLDER", help="Tables and pictures go here.", show_default="by the source"),
]
TypeOption = Annotated[
    str | None, typer.Option("--type", metavar="NAME", help="The obs column of types.", show_default="found")
]


def markers(
    source: Annotated[
        Path, typer.Argument(metavar="PATH|RUN", help="Cells, as for inspect, or a run folder.", show_default=False)
    ],
    out: FolderOption = None,
    type: TypeOption = None,
    panel: Annotated[
        Path | None,
        typer.Option("--panel", metavar="FILE", help="Known markers: a CSV with type and gene.", show_default="blood"),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", metavar="N", min=2, help="Classifiers that vote.")] = 5,
    seed: o.SeedOption = 0,
    layer: LayerOption = None,
    counts: CountsOption = None,
    metadata: MetadataOption = None,
    gene_names: NamesOption = None,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Find the genes that define each type: those whose silencing moves a classifier, or a run's own discriminator.

    Beside each stand its false-discovery rate, the share of seeds that agree, and its rank by Wilcoxon's test.

    Example:  vivogan expression markers pbmc.h5ad --type cell_type -o markers/
    """
    from vivogan.domains.expression import api

    is_run = (source / "config.toml").is_file()
    asked: dict[str, Any] = {} if is_run else reading(None, layer, counts, metadata, gene_names)
    options = {name: value for name, value in asked.items() if value is not None}
    folder = out or Path(f"{named(source)}-markers")
    with Watch(quiet) as watch:
        opened = api.open(source, threads=threads) if is_run else source
        found = api.markers(opened, folder, type=type, panel=panel, seeds=seeds, seed=seed, watch=watch, **options)
    best = {name: [found.genes[j] for j in found.best(k, BEST)] for k, name in enumerate(found.types)}
    _show(Output(json, quiet), found.lines, [(name, " ".join(genes)) for name, genes in best.items()], folder)
    Output(json, quiet).document({"folder": str(folder), "summary": found.lines, "markers": found.rows()})


def respond(
    source: SourceArgument,
    condition: Annotated[
        str, typer.Option("--condition", metavar="NAME", help="The obs column with control and target.")
    ] = "condition",
    control: Annotated[str, typer.Option("--control", metavar="VALUE", help="Before.")] = "control",
    target: Annotated[str, typer.Option("--target", metavar="VALUE", help="After.")] = "stimulated",
    type: Annotated[str, typer.Option("--type", metavar="NAME", help="The obs column of types.")] = "type",
    held: Annotated[
        str | None,
        typer.Option(
            "--held",
            metavar="NAMES",
            help="Types to predict, by commas; their target cells are not learned from.",
            show_default="those without target cells",
        ),
    ] = None,
    out: FolderOption = None,
    seed: o.SeedOption = 0,
    layer: LayerOption = None,
    counts: CountsOption = None,
    metadata: MetadataOption = None,
    gene_names: NamesOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Predict how types respond to a condition under which they were not measured, with intervals for every gene.

    Example:  vivogan expression respond pbmc.h5ad --type cell_type --condition stim --control ctrl --target ifnb
    """
    from vivogan.domains.expression import api

    asked = reading(None, layer, counts, metadata, gene_names)
    options = {name: value for name, value in asked.items() if value is not None}
    folder = out or Path(f"{named(source)}-response")
    with Watch(quiet) as watch:
        found = api.respond(
            source,
            folder,
            condition=condition,
            control=control,
            target=target,
            type=type,
            held=held,
            seed=seed,
            watch=watch,
            **options,
        )
    _show(Output(json, quiet), found.lines, [], folder)
    tables = {one.name: found.rows(one) for one in found.types}
    Output(json, quiet).document({"folder": str(folder), "summary": found.lines, "response": tables})


def hints(
    run: o.RunArgument,
    state: Annotated[
        str, typer.Option("--state", metavar="NAME", help="The class whose state is to be moved.", show_default=False)
    ],
    out: FolderOption = None,
    seed: o.SeedOption = 0,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Rank genes by what silencing them should do to a state, through the run's conditional model. Hypotheses only.

    Example:  vivogan expression hints runs/pbmc --state "CD14+ Monocyte" -o hints/
    """
    from vivogan.domains.expression import api

    folder = out or run / "hints"
    with Watch(quiet) as watch:
        opened = api.open(run, device=device.value, threads=threads)
        found = api.hints(opened, state, folder, seed=seed, watch=watch)
    _show(Output(json, quiet), found.lines, [], folder)
    Output(json, quiet).document({"folder": str(folder), "summary": found.lines, "hypotheses": found.rows()})


def along(
    run: o.RunArgument,
    values: Annotated[
        str | None,
        typer.Option("--values", metavar="NUMBERS", help="By commas.", show_default="21 from first to last level"),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="Cells at each value.")] = 200,
    out: FolderOption = None,
    seed: o.SeedOption = 0,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Make cells along the measured column that a run was conditioned on, and show how genes change along it.

    Example:  vivogan expression along runs/pancreas --values 0.1,0.35,0.6 -o trends/
    """
    from vivogan.domains.expression import api

    folder = out or run / "trends"
    with Watch(quiet) as watch:
        opened = api.open(run, device=device.value, threads=threads)
        cells, found = api.along(
            opened, opened.classes.column, _numbers(values), n=count, seed=seed, out=folder, watch=watch
        )
    strongest = [found.genes[j] for j in found.strongest()]
    rows = [("cells", len(cells)), ("column", found.column), ("change most", " ".join(strongest))]
    _show(Output(json, quiet), [], rows, folder)
    summary = {"folder": str(folder), "cells": len(cells), "column": found.column, "values": found.values}
    Output(json, quiet).document(summary | {"strongest": strongest})


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(word) for word in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter("give numbers, separated by commas", param_hint="--values") from error


def _show(output: Output, lines: list[str], rows: list[tuple[str, object]], folder: Path) -> None:
    output.say(*lines)
    output.show(pairs([*rows, ("folder", folder)]))
