"""``vivogan sequences``: inspect, train, generate, evaluate, predict, optimize, motifs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli import options as o
from vivogan.cli.judge import evaluate_run
from vivogan.cli.output import Output
from vivogan.cli.progress import Watch
from vivogan.cli.runs import check_shares, show_inspection, train_run
from vivogan.cli.tasks import NoCurveOption, apply_task, train_task

app = typer.Typer(
    help="DNA, RNA and protein: promoters, coding sequences, peptides, families.",
    epilog="Start with:  vivogan sequences inspect promoters.fa",
    no_args_is_help=True,
)
predict = typer.Typer(help="Activity from sequence: an ensemble with intervals.", no_args_is_help=True)
app.add_typer(predict, name="predict")

SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="FASTA, FASTQ, Stockholm, A2M, GenBank, CSV or TSV (also .gz), one sequence a line, or a folder of them.",
        show_default=False,
    ),
]
LabelsOption = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="NAME",
        rich_help_panel=o.DATA,
        help="Column, or key of FASTA headers (>id expr=3.2), with classes or a measurement.",
    ),
]
SequenceOption = Annotated[
    str | None,
    typer.Option(
        "--sequence", metavar="NAME", rich_help_panel=o.DATA, help="Column with the sequences.", show_default="found"
    ),
]
AlphabetOption = Annotated[
    str | None,
    typer.Option(
        "--alphabet", metavar="NAME", rich_help_panel=o.DATA, help="dna, rna or protein.", show_default="found"
    ),
]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="NAME",
        rich_help_panel=o.DATA,
        help="free, aligned (columns and gaps) or coding (whole reading frames).",
        show_default="found",
    ),
]
IdentityOption = Annotated[
    float | None,
    typer.Option(
        "--identity",
        metavar="X",
        rich_help_panel=o.DATA,
        help="Sequences at least so alike stay on one side of the split.",
        show_default="0.8",
    ),
]
ReferenceOption = Annotated[
    Path | None,
    typer.Option(
        "--reference",
        metavar="FILE",
        rich_help_panel=o.DATA,
        help="FASTA of the wild type, where the column holds substitutions (A108D,N144D).",
    ),
]
TemplateOption = Annotated[
    str | None,
    typer.Option(
        "--template",
        metavar="LETTERS",
        help="Letters that must stand; N (protein: X) where anything may.",
        show_default=False,
    ),
]
ScreenOption = Annotated[
    Path | None,
    typer.Option(
        "--screen",
        metavar="FILE",
        help="FASTA of sequences of concern: what resembles one is withheld.",
        show_default="VIVOGAN_SCREEN_LIST",
    ),
]


def _reading(
    labels: str | None,
    sequence: str | None,
    alphabet: str | None,
    layout: str | None,
    identity: float | None = None,
    reference: Path | None = None,
    split: str | None = None,
    group: str | None = None,
) -> dict[str, str | float | None]:
    return {
        "labels": labels,
        "sequence": sequence,
        "alphabet": alphabet,
        "layout": layout,
        "identity": identity,
        "reference": None if reference is None else str(reference.resolve()),
        "split": split,
        "group": group,
    }


@app.command()
def inspect(
    source: SourceArgument,
    labels: LabelsOption = None,
    sequence: SequenceOption = None,
    alphabet: AlphabetOption = None,
    layout: LayoutOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Read sequences and say what is in them, what was refused and why. Nothing is trained or written.

    Example:  vivogan sequences inspect promoters.fa --labels expr
    """
    from vivogan.domains.sequences import api

    found = api.inspect(source, **_reading(labels, sequence, alphabet, layout))
    show_inspection(found, Output(json, quiet))


@app.command()
def train(
    source: SourceArgument,
    out: o.RunOutOption = None,
    labels: LabelsOption = None,
    sequence: SequenceOption = None,
    alphabet: AlphabetOption = None,
    layout: LayoutOption = None,
    identity: IdentityOption = None,
    reference: ReferenceOption = None,
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
    """Train on sequences, then judge the run and write its report. The same command again continues an unfinished run.

    Example:  vivogan sequences train promoters.fa --labels expr --budget 10m --out runs/promoters
    """
    from vivogan.domains.sequences import api

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
        **_reading(labels, sequence, alphabet, layout, identity, reference, split, group),
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
            help="FASTA, CSV, TSV or Stockholm, by its suffix.",
            show_default="RUN/samples/seed-SEED.fasta",
        ),
    ] = None,
    where: o.WhereOption = None,
    template: TemplateOption = None,
    seed: o.SeedOption = 0,
    start: o.StartOption = 0,
    truncation: o.TruncationOption = 1.0,
    keep: o.KeepOption = 1.0,
    screen: ScreenOption = None,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Make sequences with a trained run, or complete a template. They are screened before anything is written.

    Example:  vivogan sequences generate runs/promoters -n 500 --where expr=high -o made.fasta
    """
    from vivogan.domains.sequences import api

    check_shares(keep=keep, truncation=truncation)
    chosen = o.conditions(where)
    opened = api.open(run, device=device.value, threads=threads)
    file = out or run / "samples" / f"seed-{seed}.fasta"
    found = api.generate(
        opened,
        count,
        file,
        where=chosen,
        template=template,
        seed=seed,
        start=start,
        truncation=truncation,
        keep=keep,
        screen=screen,
    )
    output = Output(json, quiet)
    output.say(f"{found['count']} sequences in {found['file']}", found["screening"])
    output.document(found)


@app.command()
def evaluate(
    run: o.RunArgument,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Judge a run on its test part: every score beside its floor, its baseline and its interval.

    Example:  vivogan sequences evaluate runs/promoters
    """
    from vivogan.domains.sequences import api

    evaluate_run(api.open, run, device=device.value, threads=threads, json=json, quiet=quiet)


@app.command()
def optimize(
    run: o.RunArgument,
    oracle: Annotated[
        list[str],
        typer.Option(
            "--oracle",
            metavar="SPEC",
            help="What to raise: a predictor's run folder (RUN or RUN:COLUMN), module:function, or a command; "
            "with *WEIGHT behind, below 0 to lower. May be given again.",
            show_default=False,
        ),
    ],
    judge: Annotated[
        str | None,
        typer.Option("--judge", metavar="SPEC", help="A second predictor, which takes no part.", show_default=False),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="NAME", help="feedback, latent or evolution.")
    ] = "feedback",
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many designs.")] = 100,
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, help="Rounds of candidates.")] = 20,
    calls: Annotated[
        int | None,
        typer.Option(
            "--calls", metavar="N", min=1, help="Most sequences the oracles are asked for.", show_default="any"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where to.", show_default="RUN/optimised-METHOD"),
    ] = None,
    where: o.WhereOption = None,
    template: TemplateOption = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="FILE", help="FASTA of a wild type to stay near.")
    ] = None,
    mutations: Annotated[
        str, typer.Option("--mutations", metavar="A-B", help="Substitutions away from the wild type.")
    ] = "3-8",
    screen: ScreenOption = None,
    seed: o.SeedOption = 0,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Sequences that an oracle scores high, all new, judged by a second predictor. Screened before they are written.

    Example:  vivogan sequences optimize runs/promoters --oracle runs/oracle --judge runs/second -n 100 -o designs/
    """
    from vivogan.domains.sequences import api

    opened = api.open(run, device=device.value, threads=threads)
    with Watch(quiet) as watch:
        found = api.optimize(
            opened,
            oracle,
            out or run / f"optimised-{method}",
            judge=judge,
            method=method,
            n=count,
            rounds=rounds,
            calls=calls,
            seed=seed,
            where=o.conditions(where),
            template=template,
            reference=reference,
            mutations=_span(mutations),
            screen=screen,
            watch=watch,
        )
    output = Output(json, quiet)
    output.say(*found["lines"], f"designs  {found['folder']}")
    output.document(found)


@app.command()
def motifs(
    run: o.RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where to.", show_default="RUN/motifs")
    ] = None,
    jaspar: Annotated[
        Path | None,
        typer.Option(
            "--jaspar", metavar="FILE", help="Known motifs (JASPAR or MEME) to compare with.", show_default=False
        ),
    ] = None,
    oracle: Annotated[
        str | None,
        typer.Option(
            "--oracle", metavar="SPEC", help="A predictor whose view of them is explained too.", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=20, help="Sequences looked at.")] = 500,
    seed: o.SeedOption = 0,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """What a generator or a predictor goes by: motifs with logos and places, and what its directions change.

    Example:  vivogan sequences motifs runs/promoters --jaspar JASPAR_vertebrates.pfm -o motifs/
    """
    from vivogan.domains.sequences import api

    with Watch(quiet) as watch:
        found = api.motifs(
            run, out or run / "motifs", jaspar=jaspar, oracle=oracle, n=count, seed=seed, threads=threads, watch=watch
        )
    output = Output(json, quiet)
    output.say(*found["summary"], f"motifs  {found['folder']}")
    output.document(found)


@predict.command("train")
def predict_train(
    source: SourceArgument,
    out: o.RunOutOption = None,
    labels: LabelsOption = None,
    sequence: SequenceOption = None,
    alphabet: AlphabetOption = None,
    layout: LayoutOption = None,
    identity: IdentityOption = None,
    reference: ReferenceOption = None,
    split: o.SplitOption = None,
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
    """Learn what sequences do from measured ones; judge it on others, with intervals, and write a report.

    Example:  vivogan sequences predict train assay.csv --labels expr --out runs/oracle
    """
    train_task(
        "sequences",
        "activity",
        source,
        out,
        output=Output(json, quiet),
        no_report=no_report,
        read={
            k: None if v is None else str(v)
            for k, v in _reading(labels, sequence, alphabet, layout, identity, reference, split).items()
        },
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
    sequence: SequenceOption = None,
    alphabet: AlphabetOption = None,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Predict new sequences: a CSV with each prediction and its interval.

    Example:  vivogan sequences predict run runs/oracle new.fasta -o predicted.csv
    """
    apply_task(
        "sequences",
        "activity",
        run,
        source,
        out,
        output=Output(json, quiet),
        device=device.value,
        threads=threads,
        read={"sequence": sequence, "alphabet": alphabet},
    )


def _span(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not low.isdigit() or not (high or low).isdigit() or int(high or low) < int(low):
        raise typer.BadParameter("it has the form A-B, such as 3-8", param_hint="--mutations")
    return int(low), int(high or low)
