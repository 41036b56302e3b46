"""``train`` and ``run`` of every task: what they do is said once, and the options of the tasks of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vivogan.cli import options as o
from vivogan.cli.judge import finish
from vivogan.cli.output import Output, pairs
from vivogan.cli.progress import Watch
from vivogan.cli.runs import show_refusals

AnnotationsOption = Annotated[
    Path | None,
    typer.Option(
        "--annotations",
        "-a",
        metavar="PATH",
        rich_help_panel=o.DATA,
        help="CSV, COCO or LabelMe JSON, VOC XML, ImageJ ROIs, or mask images; a file or a folder.",
        show_default="what lies beside the images",
    ),
]
DescribeOption = Annotated[
    str | None,
    typer.Option(
        "--describe",
        metavar="TEXT",
        rich_help_panel=o.DATA,
        help='The objects in words, where nothing is annotated: "kind=fluorescence diameter=9-14 count=50-300".',
    ),
]
MasksOption = Annotated[
    str | None, typer.Option("--masks", metavar="NAME", rich_help_panel=o.DATA, help="Array of an .npz with the masks.")
]
NoCurveOption = Annotated[bool, typer.Option("--no-curve", metavar="", help="Do not measure the learning curve.")]
ResultsOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where the results go.", show_default="in RUN")
]


def train_task(
    domain: str, name: str, source: Path, out: Path | None, *, output: Output, no_report: bool, **options: Any
) -> None:
    """Train a task, judge it and write its report.

    Args:
        options: those of ``TaskDoor.train``.
    """
    from vivogan.domains.tasks.api import TaskDoor

    watch = Watch(output.quiet)
    with watch:
        folder = out or Path("runs") / f"{source.resolve().stem}-{name}"
        run = TaskDoor(domain, name).train(source, folder, watch=watch, **options)
    if no_report:
        output.say(f"run  {run.folder.path}")
        output.document({"run": str(run.folder.path)})
    else:
        finish(run, output, watch)


def apply_task(
    domain: str,
    name: str,
    run: Path,
    source: Path,
    out: Path | None,
    *,
    output: Output,
    device: str,
    threads: int | None,
    read: Mapping[str, str | None],
) -> dict[str, Any]:
    """Apply a trained task to new data, and say what was written where."""
    from vivogan.domains.tasks.api import TaskDoor

    opened = TaskDoor(domain, name).open(run, device=device, threads=threads)
    folder = out or run / "samples" / source.resolve().stem
    with Watch(output.quiet) as watch:
        given = {key: value for key, value in read.items() if value is not None}
        found = opened.apply(source, folder, watch, **given)
    output.show(
        pairs([(key, found[key]) for key in (opened.task.words.many, "outside", "folder", "file") if key in found])
    )
    show_refusals(found["refusals"], output)
    output.document(found)
    return found


def group(name: str, what: str, made: str) -> typer.Typer:
    """The commands of one task of images.

    Args:
        what: what it does, for ``--help``. made: what ``run`` writes.
    """
    app = typer.Typer(help=what, no_args_is_help=True)

    @app.command("train", help=f"{what} Learns from annotated images, judges itself and writes a report.")
    def train(
        source: o.SourceArgument,
        out: o.RunOutOption = None,
        annotations: AnnotationsOption = None,
        describe: DescribeOption = None,
        labels: o.LabelsOption = None,
        images: o.ImagesOption = None,
        masks: MasksOption = None,
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
        read = {
            "annotations": None if annotations is None else str(annotations.resolve()),
            "describe": describe,
            "labels": labels,
            "images": images,
            "masks": masks,
            "split": split,
        }
        train_task(
            "images",
            name,
            source,
            out,
            output=Output(json, quiet),
            no_report=no_report,
            read=read,
            budget=budget,
            seed=seed,
            device=device.value,
            threads=threads,
            overrides=overrides or (),
            curve=not no_curve,
        )

    @app.command("run", help=f"Apply a trained run to new images of any size; writes {made}.")
    def apply(
        run: o.RunArgument,
        source: o.SourceArgument,
        out: ResultsOption = None,
        images: o.ImagesOption = None,
        device: o.DeviceOption = o.Device.auto,
        threads: o.ThreadsOption = None,
        json: o.JsonOption = False,
        quiet: o.QuietOption = False,
    ) -> None:
        output, read = Output(json, quiet), {"images": images}
        apply_task("images", name, run, source, out, output=output, device=device.value, threads=threads, read=read)

    return app
