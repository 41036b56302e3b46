"""``vivogan images``: inspect, train, generate, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli import options as o
from vivogan.cli.judge import evaluate_run
from vivogan.cli.output import Output, pairs
from vivogan.cli.progress import Watch
from vivogan.cli.runs import check_shares, show_inspection, show_refusals, train_run
from vivogan.cli.tasks import AnnotationsOption, DescribeOption, group

app = typer.Typer(
    help="Micrographs and other images: any bit depth, any number of channels.",
    epilog="Start with:  vivogan images inspect runs/demo-data/ihc.npz",
    no_args_is_help=True,
)

COUNTED = "counts with intervals, every object and an overlay"
SEGMENTED = "label images, ImageJ ROIs, COCO, a table of properties and overlays"
CLASSIFIED = "a class with its probability for every image, and what speaks for it"
app.add_typer(group("count", "How many objects of each kind, where, and how sure.", COUNTED), name="count")
app.add_typer(group("segment", "The outline of every object.", SEGMENTED), name="segment")
app.add_typer(group("classify", "Which kind an image shows, from few labels.", CLASSIFIED), name="classify")


@app.command()
def inspect(
    source: o.SourceArgument,
    labels: o.LabelsOption = None,
    images: o.ImagesOption = None,
    split: o.SplitOption = None,
    group: o.GroupOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Read a data set and say what is in it, what was refused and why. Nothing is trained or written.

    Example:  vivogan images inspect runs/demo-data/ihc.npz --labels y
    """
    from vivogan.domains.images import api

    found = api.inspect(source, labels=labels, images=images, split=split, group=group)
    show_inspection(found, Output(json, quiet))


@app.command()
def train(
    source: o.SourceArgument,
    out: o.RunOutOption = None,
    labels: o.LabelsOption = None,
    images: o.ImagesOption = None,
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
    """Train on a data set, then judge the run and write its report. The same command again continues an unfinished run.

    Example:  vivogan images train runs/demo-data/ihc.npz --labels y --budget 4m --out runs/ihc
    """
    from vivogan.domains.images import api

    train_run(
        api.train,
        source,
        out,
        json=json,
        quiet=quiet,
        no_report=no_report,
        labels=labels,
        images=images,
        split=split,
        group=group,
        budget=budget,
        seed=seed,
        device=device.value,
        threads=threads,
        overrides=overrides or (),
    )


@app.command()
def generate(
    run: o.RunArgument,
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many.")] = 64,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where to.", show_default="RUN/samples/seed-SEED"),
    ] = None,
    where: o.WhereOption = None,
    seed: o.SeedOption = 0,
    start: o.StartOption = 0,
    truncation: o.TruncationOption = 1.0,
    keep: o.KeepOption = 1.0,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Make images with a trained run, in the data type and range of the originals.

    Example:  vivogan images generate runs/demo -n 100 -o made/
    """
    from vivogan.domains.images import api

    check_shares(keep=keep, truncation=truncation)
    chosen = o.conditions(where)
    opened = api.open(run, device=device.value, threads=threads)
    folder = out or run / "samples" / f"seed-{seed}"
    made = opened.generate(count, where=chosen, seed=seed, start=start, truncation=truncation, keep=keep)
    api.write(made, folder)
    output = Output(json, quiet)
    output.say(f"{count} images in {folder}")
    output.document(
        {"run": str(run), "folder": str(folder), "count": count, "seed": seed, "start": start, "where": chosen}
    )


@app.command()
def evaluate(
    run: o.RunArgument,
    literature: Annotated[
        bool, typer.Option("--literature", help="Also FID, KID and IS of Inception-V3 (downloads its weights once).")
    ] = False,
    device: o.DeviceOption = o.Device.auto,
    threads: o.ThreadsOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Judge a run on its test part: every score beside its floor, its baseline and its interval.

    Example:  vivogan images evaluate runs/demo
    """
    from vivogan.domains.images import api

    evaluate_run(api.open, run, device=device.value, threads=threads, json=json, quiet=quiet, literature=literature)


@app.command()
def embed(
    run: o.RunArgument,
    source: o.SourceArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A CSV.", show_default="RUN/samples/features.csv"),
    ] = None,
    images: o.ImagesOption = None,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Features of images, one row an image: what a generative run's discriminator, or a classifier, looks at.

    Example:  vivogan images embed runs/demo cells/ -o features.csv
    """
    from vivogan.domains.images import api

    with Watch(quiet) as watch:
        found = api.embed(run, source, out or run / "samples" / "features.csv", images=images, watch=watch)
    output = Output(json, quiet)
    output.show(pairs([(name, found[name]) for name in ("images", "features", "file")]))
    show_refusals(found["refusals"], output)
    output.document(found)


@app.command()
def imagine(
    source: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="Images that the made ones should look like.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where to.")] = Path("imagined"),
    count: Annotated[int, typer.Option("-n", "--count", metavar="N", min=1, help="How many.")] = 16,
    annotations: AnnotationsOption = None,
    describe: DescribeOption = None,
    images: o.ImagesOption = None,
    seed: o.SeedOption = 0,
    json: o.JsonOption = False,
    quiet: o.QuietOption = False,
) -> None:
    """Make labelled images: each with the outline, centre and class of every object. Without PATH from words alone.

    Example:  vivogan images imagine -n 8 --describe "kind=fluorescence diameter=10-16 count=20-60" -o imagined/
    """
    from vivogan.domains.images import api

    with Watch(quiet) as watch:
        found = api.imagine(
            source, out, count, annotations=annotations, describe=describe, images=images, seed=seed, watch=watch
        )
    output = Output(json, quiet)
    output.show(pairs([(name, found[name]) for name in ("images", "objects", "folder")]))
    output.document(found)
