"""``vivogan demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vivogan.cli.judge import finish
from vivogan.cli.options import BudgetOption, Device, DeviceOption, JsonOption, QuietOption, SeedOption, ThreadsOption
from vivogan.cli.output import Output
from vivogan.cli.progress import Watch

OutOption = Annotated[Path, typer.Option("--out", "-o", metavar="RUN", help="The run folder; its data go beside it.")]


def demo(
    out: OutOption = Path("runs/demo"),
    budget: BudgetOption = "4m",
    seed: SeedOption = 0,
    device: DeviceOption = Device.auto,
    threads: ThreadsOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train, generate and judge on micrographs that come with the installed libraries.

    Example:  vivogan demo --budget 4m
    """
    from vivogan.domains.images import api
    from vivogan.domains.images.demo import write_patches

    watch = Watch(quiet)
    with watch:
        data = write_patches(out.with_name(f"{out.name}-data"))
        run = api.train(
            data,
            out,
            labels="y",
            group="block",
            budget=budget,
            seed=seed,
            device=device.value,
            threads=threads,
            watch=watch,
        )
    finish(run, Output(json, quiet), watch, {"data": str(data)})
