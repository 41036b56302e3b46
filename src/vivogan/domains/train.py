"""From a data set to a run: read → split → plan → fit codec and extractor → play. Written once for every domain."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core import machine
from vivogan.core.budget import Budget
from vivogan.core.configuration import override
from vivogan.core.run_folder import RunFolder
from vivogan.core.seeds import derive
from vivogan.domains.base import Domain, Split, Start
from vivogan.domains.classes import Classes
from vivogan.domains.configuration import RunConfig, config_model
from vivogan.domains.run import Run, Watch, keep, load, silent
from vivogan.engine import parallel
from vivogan.engine.dealer import TrainingSet
from vivogan.engine.game import Game
from vivogan.engine.hooks import Hooks
from vivogan.engine.sampler import sample
from vivogan.engine.trainer import Trainer
from vivogan.errors import SettingsError, UserError
from vivogan.metrics.frechet import frechet_distance
from vivogan.metrics.manifold import coverage

LEAST = 16  # records
LOOK = 2000  # generated samples a tick is judged by, at most


def train(
    domain: Domain,
    source: Path,
    out: Path,
    *,
    read: Mapping[str, str] | None = None,
    budget: str = "10m",
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    overrides: Sequence[str] = (),
    watch: Watch = silent,
) -> Run:
    """Train on ``source`` into the run folder ``out``; the same call on an existing run continues it.

    Raises ``InputError`` (data), ``SettingsError`` (settings, or settings that differ from the run's own),
    ``RunInUse``,
    ``TrainingStopped`` (guard), ``KeyboardInterrupt`` (after writing a checkpoint).
    """
    asked: dict[str, Any] = {
        "domain": domain.name,
        "source": str(Path(source).resolve()),
        "read": dict(read or {}),
        "budget": budget,
        "seed": seed,
        "device": machine.device(device),
        "overrides": tuple(overrides),
    }
    Budget.parse(budget)
    override(domain.plan_model(), list(overrides))  # a misspelt setting is refused before anything is read
    parallel.start(asked["device"])
    leads = parallel.rank() == 0
    with RunFolder.create(out).lock() if leads else nullcontext(), _interruptible() as stop:
        watch({"event": "stage", "text": f"reading {source}"})
        records = domain.read(Path(source), asked["read"])
        if len(records) < LEAST:
            raise UserError(
                f"{source}: only {len(records)} usable records, {len(records.refusals)} refused",
                f"At least {LEAST} are needed to learn from some and be judged on others",
            )
        if leads:
            _prepare(domain, records, out, asked, threads, watch)
        parallel.wait()
        run = Run.open(out, device, threads)
        _play(run, records, stop, watch)
    return run


def _prepare(domain: Domain, records: Any, out: Path, asked: dict[str, Any], threads: int | None, watch: Watch) -> None:
    """Plan and fit what an earlier call has not; refuse settings and data that differ from the run's own."""
    folder = RunFolder(out)
    digest = domain.digest(records)
    if RunFolder.exists(out):
        config = _continued(folder, domain, asked, threads)
        if folder.read_json("data.json")["sha256"] != digest:
            raise UserError(f"{asked['source']}: the data changed since this run began", "Train into a new folder")
    else:
        threads = threads or machine.free_threads()
        torch.set_num_threads(threads)
        watch({"event": "stage", "text": "planning"})
        budget, fingerprint = Budget.parse(asked["budget"]), domain.fingerprint(records)
        split = domain.split(records, asked["seed"])
        own = list(asked["overrides"])
        chosen = override(domain.plan_model(), own)
        plan = override(domain.plan(fingerprint, budget, asked["device"], chosen), own)
        config = config_model(domain)(**asked, threads=threads, plan=plan)
        classes = Classes.of(records.labels, split.train)
        folder.write_json("env.json", machine.describe())
        folder.write_json("data.json", _described(domain, records, fingerprint, split, classes) | {"sha256": digest})
        keep(folder, "codec", domain.fit_codec(records, split.train, plan))
        folder.write_config(config)
    if not (folder.path / "extractor.json").exists():
        watch({"event": "stage", "text": "learning the features that judge the samples"})
        run = Run.open(out, asked["device"], config.threads)
        x, y = run.codec.encode(records, run.split.train), run.classes.indices(records.classes)[run.split.train]
        keep(folder, "extractor", domain.fit_extractor(run.codec, x, y, run.plan, derive(config.seed, "extractor")))


def _described(
    domain: Domain, records: Any, fingerprint: Mapping[str, Any], split: Split, classes: Classes
) -> dict[str, Any]:
    return {
        "domain": domain.name,
        "fingerprint": dict(fingerprint),
        "classes": classes.to_dict(),
        "split": {name: part.tolist() for name, part in asdict(split).items()},
        "refusals": [asdict(refusal) for refusal in records.refusals],
        "notes": list(records.notes),
    }


def _continued(folder: RunFolder, domain: Domain, asked: dict[str, Any], threads: int | None) -> RunConfig[Any]:
    """The run's own configuration, with a larger budget if that is what was asked."""
    config = folder.read_config(config_model(domain))
    own = config.model_dump()
    differ = [f"{k}: {own[k]} → {v}" for k, v in asked.items() if k != "budget" and own[k] != v]
    if threads not in (None, config.threads):
        differ.append(f"threads: {config.threads} → {threads}")
    grown = _grown(Budget.parse(config.budget), Budget.parse(asked["budget"]), config.plan.game.samples)
    if grown is None:
        differ.append(f"budget: {config.budget} → {asked['budget']}")
    if differ or grown is None:
        raise SettingsError(
            f"{folder.path}: this run was made with other settings ({'; '.join(differ)})",
            "Give the same settings to continue it, or another --out",
        )
    if grown > config.plan.game.samples:
        game = config.plan.game.model_copy(update={"samples": grown})
        config = config.model_copy(
            update={"budget": asked["budget"], "plan": config.plan.model_copy(update={"game": game})}
        )
        folder.write_config(config)
    return config


def _grown(old: Budget, new: Budget, samples: int) -> int | None:
    """How many samples the new budget stands for, or None when it is smaller or of another kind."""
    if str(old) == str(new):
        return samples
    if old.seconds and new.seconds and new.seconds > old.seconds:
        return int(samples * new.seconds / old.seconds)
    if old.samples and new.samples and new.samples > old.samples:
        return new.samples
    return None


def _play(run: Run, records: Any, stop: Callable[[], bool], watch: Watch) -> None:
    """The game itself."""
    domain, plan, split = run.domain, run.plan, run.split
    y = run.classes.indices(records.classes)
    torch.manual_seed(derive(run.config.seed, "networks"))  # initial weights
    generator, discriminator = domain.networks(run.codec, len(run.classes.names), plan)
    held = split.selection if len(split.selection) >= 2 else split.train
    held = held[y[held] >= 0]
    x, held_x = run.codec.encode(records, split.train), run.codec.encode(records, held)
    started = _start(run, generator, Start(x, y[split.train], held_x, y[held], plan, run.config.seed, watch, stop))
    game = Game(generator, discriminator, plan.game, run.device)
    newest = run.folder.checkpoints.newest()
    for damage in run.folder.checkpoints.damaged:
        watch({"event": "damaged", "text": f"{damage.path}: {damage.reason}; the one before it is used"})
    leads = parallel.rank() == 0
    if leads:
        run.folder.forget_after(newest.samples if newest else -1)

    def log(record: dict[str, Any]) -> None:
        if leads:
            run.folder.log(record)
            watch({"event": "tick"} | record)

    look = _look(run, held_x, y[held])
    data = TrainingSet(x, torch.from_numpy(y[split.train]), y[split.train])
    hooks = Hooks(look, log, domain.symmetry(plan), domain.augment, stop, started)
    watch({"event": "stage", "text": f"training on {len(split.train)} records, {plan.game.samples} samples"})
    Trainer(game, data, derive(run.config.seed, "game"), run.folder.checkpoints, hooks).run()


def _start(run: Run, generator: nn.Module, part: Start) -> bool:
    """Let the generator learn what it may before the game, once; what it knew then is kept as ``start``."""
    if (run.folder.path / "start.json").exists():
        generator.load_state_dict(load(run.folder, "start")[0])
        return True
    if not run.domain.start(generator, part):
        return False
    if part.stop():
        raise KeyboardInterrupt
    if parallel.rank() == 0:
        keep(run.folder, "start", _Kept(generator))
    parallel.wait()
    return True


@dataclass(frozen=True)
class _Kept:
    """A network as something fitted."""

    network: nn.Module

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return self.network.state_dict(), {"network": type(self.network).__name__}


def _look(run: Run, x: Tensor, y: NDArray[np.intp]) -> Callable[[nn.Module], dict[str, float]]:
    """The held-out scores of a tick: features of generated samples against those of the selection part."""
    real = run.extractor(x[:LOOK])
    rows = np.arange(LOOK if len(y) >= LOOK else max(len(y), min(LOOK, 500)))
    spread = _spread(real)

    def look(generator: nn.Module) -> dict[str, float]:
        made = sample(generator, 0, rows, lambda i: torch.from_numpy(y[i % len(y)]), device=run.device)
        features = run.extractor(made)
        return {
            "frechet": frechet_distance(real, features),
            "coverage": coverage(real, features[: len(real)], k=min(5, len(real) - 1)),
            "diversity": _spread(features) / spread if spread > 0 else 1.0,
        }

    return look


def _spread(features: NDArray[np.float64]) -> float:
    """Root mean squared distance between pairs."""
    return float(np.sqrt(2 * features.var(0).sum()))


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C (or SIGTERM) into a question the loop asks between steps; the second one is the usual."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(number: int, frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
