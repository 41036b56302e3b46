"""``vivogan molecules predict``, ``optimize``, ``neighbours``, ``between`` and ``edit``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vivogan.cli import options as o
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
from vivogan.cli.output import Output
from vivogan.cli.progress import Watch
from vivogan.cli.tasks import NoCurveOption, apply_task, train_task

predict = typer.Typer(help="Activity and toxicity of molecules: an ensemble with intervals.", no_args_is_help=True)


@predict.command("train")
def predict_train(
    source: SourceArgument,
    out: o.RunOutOption = None,
    labels: LabelsOption = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            metavar="NAME",
            rich_help_panel=o.DATA,
            help="Columns and settings of a known panel: tox21, clintox, herg, ames or bbb.",
            show_default=False,
        ),
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
    generator: Annotated[
        Path | None,
        typer.Option(
            "--generator",
            metavar="RUN",
            help="A trained run whose molecules join in where cross-validation says that they help.",
            show_default=False,
        ),
    ] = None,
    budget: o.BudgetOption = "5m",
    seed: o.SeedOption = 0,
    overrides: o.SetOption = None,
    no_curve: NoCurveOption = False,
    no_report: o.NoReportOption = False,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Learn what molecules do from measured ones; judge it on others, with intervals, and write a report.

    Example:  vivogan molecules predict train actives.csv --labels pIC50 --out runs/activity

    Example:  vivogan molecules predict train tox21.csv --recipe tox21 --out runs/tox
    """
    read = reading(labels, smiles, name, units, fragments, charges, tautomers, stereo, split, group, splitting)
    train_task(
        "molecules",
        "activity",
        source,
        out,
        output=Output(json, quiet),
        no_report=no_report,
        read={**read, "recipe": recipe, "generator": None if generator is None else str(generator.resolve())},
        budget=budget,
        seed=seed,
        device=device.value,
        threads=threads,
        overrides=overrides or (),
        curve=not no_curve,
    )


@predict.command("run")
def predict_run(
    run: o.RunArgument,
    source: SourceArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="PLACE", help="A CSV, or a folder.", show_default="in RUN")
    ] = None,
    smiles: SmilesOption = None,
    name: NameOption = None,
    explain: Annotated[
        int | None,
        typer.Option(
            "--explain",
            metavar="N",
            min=1,
            help="Draw what speaks for and against the N most active.",
            show_default=False,
        ),
    ] = None,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Predict new molecules: a CSV with each prediction, its interval, and how near it is to what was learned.

    Example:  vivogan molecules predict run runs/activity made.csv -o predicted.csv
    """
    apply_task(
        "molecules",
        "activity",
        run,
        source,
        out,
        output=Output(json, quiet),
        device=device.value,
        threads=threads,
        read={"smiles": smiles, "name": name, "explain": None if explain is None else str(explain)},
    )


def optimize(
    source: Annotated[
        Path,
        typer.Argument(metavar="RUN|FILE", help="Where to begin: a run, or molecules.", show_default=False),
    ],
    objective: Annotated[
        list[str],
        typer.Option(
            "--objective",
            metavar="SPEC",
            help="qed, -sa, logp=1..3, weight<500, similar(SMILES)>.4, novel(FILE), a predictor (RUN or RUN:COLUMN, "
            "with @lcb for caution), module:function, or a command; *WEIGHT behind it weighs it, - before it "
            "lowers it. May be given again. Toxicity can be lowered only.",
            show_default=False,
        ),
    ],
    judge: Annotated[
        str | None,
        typer.Option("--judge", metavar="SPEC", help="A second predictor, which takes no part.", show_default=False),
    ] = None,
    calls: Annotated[
        int, typer.Option("--calls", metavar="N", min=1, help="Most molecules the objectives are asked about.")
    ] = 10_000,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many designs.")] = 100,
    must: Annotated[
        list[str] | None, typer.Option("--must", metavar="SMARTS", help="Each must hold this.", show_default=False)
    ] = None,
    must_not: Annotated[
        list[str] | None, typer.Option("--must-not", metavar="SMARTS", help="None may hold this.", show_default=False)
    ] = None,
    scaffold: Annotated[
        str | None,
        typer.Option("--scaffold", metavar="SMILES", help="Build on it; [*] marks open points.", show_default=False),
    ] = None,
    similarity: Annotated[
        float, typer.Option("--similarity", metavar="X", help="No two designs are more alike (Tanimoto).")
    ] = 0.6,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where to.", show_default=True)] = Path(
        "designs"
    ),
    smiles: SmilesOption = None,
    screen: ScreenOption = None,
    seed: o.SeedOption = 0,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """New molecules that do well in several objectives at once, different from one another; screened, then written.

    Example:  vivogan molecules optimize runs/actives --objective runs/activity@lcb --objective qed --objective -sa
    """
    from vivogan.domains.molecules import api

    with Watch(quiet) as watch:
        found = api.optimize(
            source,
            objective,
            out,
            judge=judge,
            calls=calls,
            n=count,
            seed=seed,
            must=must or (),
            must_not=must_not or (),
            scaffold=scaffold,
            similarity=similarity,
            smiles=smiles,
            screen=screen,
            watch=watch,
        )
    output = Output(json, quiet)
    output.say(*found["lines"], f"designs  {found['folder']}")
    output.document(found)


LatentRunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run trained with --model latent.", show_default=False)
]
MoleculeArgument = Annotated[str, typer.Argument(metavar="SMILES", help="Where to begin.", show_default=False)]
StepsOption = Annotated[int, typer.Option("--steps", metavar="N", min=2, help="Most molecules of the path.")]
VariantsOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help=".csv, .tsv, .smi, .sdf (also .gz) or .parquet.",
        show_default="in RUN/samples",
    ),
]


def neighbours(
    run: LatentRunArgument,
    smiles: MoleculeArgument,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many.")] = 100,
    radius: Annotated[
        float,
        typer.Option("--radius", metavar="X", help="How far at most; 1 is what the autoencoder sees through."),
    ] = 1.0,
    out: VariantsOption = None,
    screen: ScreenOption = None,
    draw: DrawOption = None,
    seed: o.SeedOption = 0,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Molecules around a hit in the latent space of a run, most alike first.

    Example:  vivogan molecules neighbours runs/latent "CC(=O)Nc1ccc(O)cc1" -n 50 --draw around.svg
    """
    from vivogan.domains.molecules import api

    file = out or run / "samples" / "neighbours.csv"
    with Watch(quiet) as watch:
        found = api.neighbours(
            api.open(run), smiles, file, n=count, radius=radius, seed=seed, screen=screen, draw=draw, watch=watch
        )
    show_written(found, Output(json, quiet))


def between(
    run: LatentRunArgument,
    first: MoleculeArgument,
    last: Annotated[str, typer.Argument(metavar="SMILES", help="Where to end.", show_default=False)],
    steps: StepsOption = 10,
    out: VariantsOption = None,
    screen: ScreenOption = None,
    draw: DrawOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """A path of molecules between two, through the latent space of a run.

    Example:  vivogan molecules between runs/latent "CC(=O)Nc1ccc(O)cc1" "CC(=O)Oc1ccccc1C(=O)O" --draw path.svg
    """
    from vivogan.domains.molecules import api

    file = out or run / "samples" / "between.csv"
    with Watch(quiet) as watch:
        found = api.between(api.open(run), first, last, file, steps=steps, screen=screen, draw=draw, watch=watch)
    show_written(found, Output(json, quiet))


def edit(
    run: LatentRunArgument,
    smiles: MoleculeArgument,
    name: Annotated[
        str,
        typer.Option("--property", metavar="NAME", help="qed, logp, … or a measured label of the run."),
    ],
    strength: Annotated[
        float, typer.Option("--strength", metavar="X", help="How far; below 0 the property is lowered.")
    ] = 2.0,
    steps: StepsOption = 10,
    out: VariantsOption = None,
    screen: ScreenOption = None,
    draw: DrawOption = None,
    seed: o.SeedOption = 0,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Molecules from a hit on, in the direction in which a property rises (or falls).

    Example:  vivogan molecules edit runs/latent "CC(=O)Nc1ccc(O)cc1" --property logp --strength -2
    """
    from vivogan.domains.molecules import api

    file = out or run / "samples" / "edited.csv"
    with Watch(quiet) as watch:
        found = api.edit(
            api.open(run),
            smiles,
            name,
            file,
            strength=strength,
            steps=steps,
            seed=seed,
            screen=screen,
            draw=draw,
            watch=watch,
        )
    show_written(found, Output(json, quiet))


def show_written(found: Mapping[str, Any], output: Output) -> None:
    """What was made, what was withheld, and where it is."""
    output.say(
        f"{found['count']} molecules in {found['file']}, {found['different']} of them different, "
        f"{found['worth_ordering']} worth ordering",
        *(f"note: {note}" for note in found["notes"]),
        *(f"drawn in {file}" for file in found["files"][1:]),
        found["screening"],
    )
    output.document(found)
