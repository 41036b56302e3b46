"""``vivogan molecules``: inspect, clean, train, generate, evaluate, screen; with ``molecule_design.py`` the rest."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vivogan.cli import molecule_design as design
from vivogan.cli import options as o
from vivogan.cli.judge import evaluate_run
from vivogan.cli.molecule_options import (
    ChargesOption,
    DrawOption,
    FragmentsOption,
    LabelsOption,
    NameOption,
    ScreenOption,
    SmilesOption,
    SourceArgument,
    SplittingOption,
    StereoOption,
    TautomersOption,
    UnitsOption,
    reading,
)
from vivogan.cli.output import Output, pairs, scores
from vivogan.cli.progress import Watch
from vivogan.cli.runs import check_shares, show_inspection, show_refusals, train_run

MOST_ROWS = 20  # of molecules that something stands against

app = typer.Typer(
    help="Small molecules: generate, predict activity and toxicity, optimise, and choose what to order.",
    epilog="Start with:  vivogan molecules inspect actives.csv",
    no_args_is_help=True,
)


class Model(StrEnum):
    """What is trained."""

    language = "language"
    latent = "latent"
    graph = "graph"


class Tokens(StrEnum):
    """How molecules are spelt."""

    selfies = "selfies"
    smiles = "smiles"


@app.command()
def inspect(
    source: SourceArgument,
    labels: LabelsOption = None,
    smiles: SmilesOption = None,
    name: NameOption = None,
    units: UnitsOption = None,
    fragments: FragmentsOption = None,
    charges: ChargesOption = None,
    tautomers: TautomersOption = None,
    stereo: StereoOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Read molecules and say what is in them, what was refused and why. Nothing is trained or written.

    Example:  vivogan molecules inspect actives.csv --labels pIC50
    """
    from vivogan.domains.molecules import api

    asked = reading(labels, smiles, name, units, fragments, charges, tautomers, stereo)
    show_inspection(api.inspect(source, **asked), Output(json, quiet))


@app.command()
def clean(
    source: SourceArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help=".csv, .tsv, .smi, .sdf (also .gz) or .parquet.", show_default=False
        ),
    ],
    labels: LabelsOption = None,
    smiles: SmilesOption = None,
    name: NameOption = None,
    units: UnitsOption = None,
    fragments: FragmentsOption = None,
    charges: ChargesOption = None,
    tautomers: TautomersOption = None,
    stereo: StereoOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Standardise molecules, merge duplicates and replicates, and write what can be used.

    Example:  vivogan molecules clean assay.csv --labels IC50 -o actives.csv
    """
    from vivogan.domains.molecules import api

    found = api.clean(source, out, **reading(labels, smiles, name, units, fragments, charges, tautomers, stereo))
    output = Output(json, quiet)
    output.show(pairs([(key, found[key]) for key in ("molecules", "file", "report")]))
    output.say(*(f"note: {note}" for note in found["notes"]))
    show_refusals(found["refusals"], output)
    output.document(found)


@app.command()
def train(
    source: SourceArgument,
    out: o.RunOutOption = None,
    labels: LabelsOption = None,
    model: Annotated[
        Model | None,
        typer.Option(
            "--model",
            help="language; latent, for neighbours, between and edit; or graph (9 heavy atoms at most).",
            show_default="language",
        ),
    ] = None,
    tokens: Annotated[
        Tokens | None, typer.Option("--tokens", help="How molecules are spelt.", show_default="by the plan")
    ] = None,
    smiles: SmilesOption = None,
    name: NameOption = None,
    units: UnitsOption = None,
    fragments: FragmentsOption = None,
    charges: ChargesOption = None,
    tautomers: TautomersOption = None,
    stereo: StereoOption = None,
    split: o.SplitOption = None,
    group: o.GroupOption = None,
    splitting: SplittingOption = None,
    budget: o.BudgetOption = "10m",
    seed: o.SeedOption = 0,
    overrides: o.SetOption = None,
    no_report: o.NoReportOption = False,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Train on molecules, then judge the run and write its report. The same command again continues an unfinished run.

    Example:  vivogan molecules train actives.csv --labels pIC50 --budget 10m --out runs/actives
    """
    from vivogan.domains.molecules import api

    train_run(
        api.train,
        source,
        out,
        json=json,
        quiet=quiet,
        no_report=no_report,
        model=None if model is None else model.value,
        tokens=None if tokens is None else tokens.value,
        budget=budget,
        seed=seed,
        device=device.value,
        threads=threads,
        overrides=overrides or (),
        **reading(labels, smiles, name, units, fragments, charges, tautomers, stereo, split, group, splitting),
    )


@app.command()
def generate(
    run: o.RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many.")] = 100,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help=".csv, .tsv, .smi, .sdf (also .gz) or .parquet.",
            show_default="RUN/samples/seed-SEED.csv",
        ),
    ] = None,
    where: o.WhereOption = None,
    scaffold: Annotated[
        str | None,
        typer.Option(
            "--scaffold",
            metavar="SMILES",
            help="Build on it; [*] marks where something must hang.",
            show_default=False,
        ),
    ] = None,
    contains: Annotated[
        str | None, typer.Option("--contains", metavar="SMARTS", help="Each must hold this.", show_default=False)
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", metavar="", help="Only different molecules that the run did not learn from.")
    ] = False,
    seed: o.SeedOption = 0,
    start: o.StartOption = 0,
    truncation: o.TruncationOption = 1.0,
    keep: o.KeepOption = 1.0,
    screen: ScreenOption = None,
    draw: DrawOption = None,
    no_compare: Annotated[
        bool, typer.Option("--no-compare", metavar="", help="Do not look for the most alike known molecule.")
    ] = False,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Make molecules with a trained run, with properties, alerts and the nearest known one beside each.

    They are screened before anything is written.

    Example:  vivogan molecules generate runs/actives -n 500 --new --draw made.svg -o made.csv
    """
    from vivogan.domains.molecules import api

    check_shares(keep=keep, truncation=truncation)
    opened = api.open(run, device=device.value, threads=threads)
    with Watch(quiet) as watch:
        found = api.generate(
            opened,
            count,
            out or run / "samples" / f"seed-{seed}.csv",
            where=o.conditions(where),
            scaffold=scaffold,
            contains=contains,
            new=new,
            seed=seed,
            start=start,
            truncation=truncation,
            keep=keep,
            screen=screen,
            draw=draw,
            compare=not no_compare,
            watch=watch,
        )
    design.show_written(found, Output(json, quiet))


@app.command()
def evaluate(
    run: Annotated[
        Path, typer.Argument(metavar="RUN|FILE", help="A run folder, or molecules from anywhere.", show_default=False)
    ],
    reference: Annotated[
        Path | None,
        typer.Option("--reference", metavar="FILE", help="Held-out molecules that a FILE is judged beside."),
    ] = None,
    known: Annotated[
        Path | None, typer.Option("--train", metavar="FILE", help="What the generator learned from, for novelty.")
    ] = None,
    scaffolds: Annotated[
        Path | None,
        typer.Option("--scaffolds", metavar="FILE", help="More held-out molecules, of scaffolds that training lacks."),
    ] = None,
    no_fcd: Annotated[
        bool, typer.Option("--no-fcd", metavar="", help="Without the Fréchet ChemNet distance, which takes longest.")
    ] = False,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Judge a run on its test part; or any file of molecules by the MOSES and GuacaMol suites.

    Example:  vivogan molecules evaluate runs/actives

    Example:  vivogan molecules evaluate made.smi --reference test.smi --train train.smi
    """
    from vivogan.domains.molecules import api

    if reference is None:
        if run.is_file():
            raise typer.BadParameter("name held-out molecules to judge a file beside", param_hint="--reference")
        evaluate_run(api.open, run, device=device.value, threads=threads, json=json, quiet=quiet)
        return
    output = Output(json, quiet)
    with Watch(quiet) as watch:
        found = api.evaluate(run, reference, train=known, scaffolds=scaffolds, fcd=not no_fcd, watch=watch)
    output.show(scores(found["scores"]))
    output.document(found)


@app.command()
def screen(
    source: SourceArgument,
    smiles: SmilesOption = None,
    listed: ScreenOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """What stands against molecules of your own: hazards, structural alerts, and why not to order one.

    Example:  vivogan molecules screen library.smi
    """
    from vivogan.domains.molecules import api

    found = api.screen(source, screen=listed, smiles=smiles)
    output = Output(json, quiet)
    output.say(found["hazards"]["line"])
    counts = [("molecules", found["molecules"]), ("worth ordering", found["orderable"]), *found["alerts"].items()]
    output.show(pairs(counts[:MOST_ROWS]))
    output.say(*_against(found["rows"]))
    show_refusals(found["refusals"], output)
    output.document(found)


app.add_typer(design.predict, name="predict")
for command in (design.optimize, design.neighbours, design.between, design.edit):
    app.command()(command)


def _against(rows: list[dict[str, Any]]) -> list[str]:
    """The molecules that are hazards or call for caution, the first of them."""
    named = [(row["id"], row["hazard"] or row["caution"]) for row in rows if row["hazard"] or row["caution"]]
    more = [f"… and {len(named) - MOST_ROWS} more; --json lists them all"] if len(named) > MOST_ROWS else []
    return [f"{name}: {why}" for name, why in named[:MOST_ROWS]] + more
