"""``vivogan images count|segment|classify``: the same two commands, train and run, for every task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli import options as o
from vivogan.cli.judge import finish
from vivogan.cli.output import Output, pairs
from vivogan.cli.progress import Watch

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
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="RUN", help="The run folder.", show_default="runs/ and the name of PATH"),
]
RESULTS = "Where the results go."


def group(name: str, what: str, made: str) -> typer.Typer:
    """The commands of one task.

    Args:
        what: what it does, for ``--help``. made: what ``run`` writes.
    """
    app = typer.Typer(help=what, no_args_is_help=True)

    @app.command("train", help=f"{what} Learns from annotated images, judges itself and writes a report.")
    def train(
        source: o.SourceArgument,
        out: OutOption = None,
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
        from vivogan.domains.images.tasks.api import TaskDoor

        output, watch = Output(json, quiet), Watch(quiet)
        given = {
            "annotations": None if annotations is None else str(annotations.resolve()),
            "describe": describe,
            "labels": labels,
            "images": images,
            "masks": masks,
            "split": split,
        }
        with watch:
            run = TaskDoor(name).train(
                source,
                out or Path("runs") / f"{source.resolve().stem}-{name}",
                read=given,
                budget=budget,
                seed=seed,
                device=device.value,
                threads=threads,
                overrides=overrides or (),
                curve=not no_curve,
                watch=watch,
            )
        if no_report:
            output.say(f"run  {run.folder.path}")
            output.document({"run": str(run.folder.path)})
        else:
            finish(run, output, watch)

    @app.command("run", help=f"Apply a trained run to new images of any size; writes {made}.")
    def apply(
        run: o.RunArgument,
        source: o.SourceArgument,
        out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FOLDER", help=RESULTS)] = None,
        images: o.ImagesOption = None,
        device: o.DeviceOption = o.Device.auto,
        threads: o.ThreadsOption = None,
        json: o.JsonOption = False,
        quiet: o.QuietOption = False,
    ) -> None:
        from vivogan.domains.images.tasks.api import TaskDoor

        opened = TaskDoor(name).open(run, device=device.value, threads=threads)
        folder = out or run / "samples" / source.resolve().stem
        with Watch(quiet) as watch:
            found = opened.apply(source, folder, watch, **({} if images is None else {"images": images}))
        output = Output(json, quiet)
        output.show(pairs([("images", found["images"]), ("folder", found["folder"])]))
        output.say(*(f"refused: {r['file']}: {r['record'] or ''} {r['reason']}" for r in found["refusals"]))
        output.document(found)

    return app
