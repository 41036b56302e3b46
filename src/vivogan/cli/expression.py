"""``vivogan expression``: inspect, train, generate, evaluate; with ``expression_tools.py`` the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli import expression_tools as tools
from vivogan.cli import options as o
from vivogan.cli.expression_options import (
    CountsOption,
    GenesOption,
    LabelsOption,
    LayerOption,
    LeastCountsOption,
    MetadataOption,
    NameOption,
    NamesOption,
    SourceArgument,
    TransposedOption,
    reading,
)
from vivogan.cli.judge import evaluate_run
from vivogan.cli.output import Output, pairs
from vivogan.cli.runs import check_shares, show_inspection, train_run

SHOWN = 8  # classes of what was made that are counted

app = typer.Typer(
    help="Single cells: generate, fill up rare types, find markers, predict responses.",
    epilog="Start with:  vivogan expression inspect pbmc.h5ad",
    no_args_is_help=True,
)


@app.command()
def inspect(
    source: SourceArgument,
    labels: LabelsOption = None,
    layer: LayerOption = None,
    counts: CountsOption = None,
    metadata: MetadataOption = None,
    gene_names: NamesOption = None,
    name: NameOption = None,
    least_counts: LeastCountsOption = None,
    transposed: TransposedOption = False,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Read cells and say what is in them, whether they are counts, and what was refused. Nothing is trained or written.

    Example:  vivogan expression inspect pbmc.h5ad --labels cell_type
    """
    from vivogan.domains.expression import api

    asked = reading(labels, layer, counts, metadata, gene_names, name, least_counts, transposed)
    show_inspection(api.inspect(source, **asked), Output(json, quiet))


@app.command()
def train(
    source: SourceArgument,
    out: o.RunOutOption = None,
    labels: LabelsOption = None,
    layer: LayerOption = None,
    counts: CountsOption = None,
    metadata: MetadataOption = None,
    gene_names: NamesOption = None,
    name: NameOption = None,
    genes: GenesOption = None,
    least_counts: LeastCountsOption = None,
    transposed: TransposedOption = False,
    split: o.SplitOption = None,
    group: o.GroupOption = None,
    budget: o.BudgetOption = "10m",
    seed: o.SeedOption = 0,
    overrides: o.SetOption = None,
    no_report: o.NoReportOption = False,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Train on cells, then judge the run and write its report. The same command again continues an unfinished run.

    Example:  vivogan expression train pbmc.h5ad --labels cell_type --group donor --budget 10m --out runs/pbmc
    """
    from vivogan.domains.expression import api

    train_run(
        api.train,
        source,
        out,
        json=json,
        quiet=quiet,
        no_report=no_report,
        budget=budget,
        seed=seed,
        device=device.value,
        threads=threads,
        overrides=overrides or (),
        genes=genes,
        split=split,
        group=group,
        **reading(labels, layer, counts, metadata, gene_names, name, least_counts, transposed),
    )


@app.command()
def generate(
    run: o.RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many cells.")] = 1000,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help=".h5ad, .csv, .tsv or .mtx (the last three also .gz).",
            show_default="RUN/samples/seed-SEED.h5ad",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="COLUMN=VALUE",
            help="Of this class only; once for each of joined columns. Of a measured column any number.",
            show_default=False,
        ),
    ] = None,
    seed: o.SeedOption = 0,
    start: o.StartOption = 0,
    truncation: o.TruncationOption = 1.0,
    keep: o.KeepOption = 1.0,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Make cells with a trained run: counts of whole molecules, their labels, and where they come from.

    Example:  vivogan expression generate runs/pbmc -n 500 --where cell_type="B cell" -o b_cells.h5ad
    """
    from vivogan.domains.expression import api

    check_shares(keep=keep, truncation=truncation)
    opened = api.open(run, device=device.value, threads=threads)
    found = api.generate(
        opened,
        count,
        out or run / "samples" / f"seed-{seed}.h5ad",
        where=o.conditions(where),
        seed=seed,
        start=start,
        truncation=truncation,
        keep=keep,
    )
    output = Output(json, quiet)
    classes = sorted(found["classes"].items(), key=lambda item: -item[1])
    rows = [(key, found[key]) for key in ("cells", "genes", "molecules")]
    output.show(pairs([*rows, *((f"  {name}", number) for name, number in classes[:SHOWN]), ("file", found["file"])]))
    output.document(found)


@app.command()
def evaluate(
    run: o.RunArgument,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Judge a run on its test part: every score beside real data and beside simple samplers.

    Example:  vivogan expression evaluate runs/pbmc
    """
    from vivogan.domains.expression import api

    evaluate_run(api.open, run, device=device.value, threads=threads, json=json, quiet=quiet)


for command in (tools.markers, tools.respond, tools.hints, tools.along):
    app.command()(command)
