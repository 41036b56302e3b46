"""A trained run: a folder is a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core import machine
from vivogan.core.checkpoints import Checkpoint
from vivogan.core.files import read_tensors, write_tensors
from vivogan.core.run_folder import RunFolder
from vivogan.domains.base import Codec, Domain, Extractor, Fitted, Plan, Split
from vivogan.domains.classes import Classes
from vivogan.domains.configuration import RunConfig, config_model, domain_named
from vivogan.engine.sampler import sample
from vivogan.errors import DamagedRun, UserError
from vivogan.nn.layout import channels_last

Watch = Callable[[dict[str, Any]], None]


def silent(event: dict[str, Any]) -> None:
    """A watcher that looks away."""


class Run:
    """Opened by ``Run.open``; generates, and is evaluated."""

    def __init__(self, folder: RunFolder, domain: Domain, config: RunConfig[Any], device: str) -> None:
        self.folder, self.domain, self.config, self.device = folder, domain, config, device
        self.plan: Plan = config.plan

    @classmethod
    def open(cls, path: Path | str, device: str = "auto", threads: int | None = None) -> Run:
        """The run in a folder. Raises ``UserError`` when it is none, ``DamagedRun`` when it cannot be trusted."""
        folder = RunFolder.open(path)
        data = folder.read_json("data.json")
        if tool := data.get("tool"):
            raise UserError(
                f"{path}: this is a trained tool ('{tool}'), which makes nothing",
                f"Apply it with: vivogan {data['domain']} {data.get('command', tool)} run {path} NEW -o OUT",
            )
        domain = domain_named(str(data["domain"]))
        config = folder.read_config(config_model(domain))
        torch.set_num_threads(threads or config.threads)
        return cls(folder, domain, config, machine.device(device))

    # ── what was fitted ─────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def data(self) -> dict[str, Any]:
        return dict(self.folder.read_json("data.json"))

    @cached_property
    def split(self) -> Split:
        return Split(*(np.array(self.data["split"][part], np.intp) for part in ("train", "selection", "test")))

    @cached_property
    def classes(self) -> Classes:
        return Classes.from_dict(self.data["classes"])

    def source_records(self) -> Any:
        """The records that the run was made of, read again.

        Raises ``UserError`` when they changed since it was trained, ``InputError`` when they cannot be read.
        """
        found = self.domain.read(Path(self.config.source), self.config.read)
        if self.domain.digest(found) != self.data["sha256"]:
            raise UserError(
                f"{self.config.source}: the data changed since this run was trained", "Train again in a new folder"
            )
        return found

    @cached_property
    def codec(self) -> Codec:
        return self.domain.load_codec(*load(self.folder, "codec"))

    @cached_property
    def extractor(self) -> Extractor:
        return self.domain.load_extractor(self.codec, *load(self.folder, "extractor"))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The best checkpoint by held-out Fréchet distance, else the newest valid one."""
        checkpoints = self.folder.checkpoints
        found = checkpoints.best() or checkpoints.newest()
        if found is None:
            raise DamagedRun(f"{self.folder.path}: no checkpoint was written yet", "Let train run longer")
        return found

    @cached_property
    def _players(self) -> tuple[nn.Module, nn.Module]:
        generator, discriminator = self.domain.networks(self.codec, len(self.classes.names), self.plan)
        generator.load_state_dict(self.checkpoint.tensors["ema"])
        # Where the game did not beat its start, the best checkpoint holds a discriminator that has not learned yet.
        judge = self.checkpoint if self.checkpoint.samples else self.folder.checkpoints.newest() or self.checkpoint
        discriminator.load_state_dict(judge.tensors["discriminator"])
        for network in (generator, discriminator):
            channels_last(network).to(self.device).eval().requires_grad_(False)
        return generator, discriminator

    @cached_property
    def start(self) -> nn.Module | None:
        """The generator before the game, where it had learned before; else None."""
        if not (self.folder.path / "start.json").exists():
            return None
        generator, _ = self.domain.networks(self.codec, len(self.classes.names), self.plan)
        generator.load_state_dict(load(self.folder, "start")[0])
        return generator.to(self.device).eval().requires_grad_(False)

    @property
    def generator(self) -> nn.Module:
        """``generator(z, condition) -> x``, averaged weights."""
        return self._players[0]

    @property
    def discriminator(self) -> nn.Module:
        return self._players[1]

    # ── what it does ────────────────────────────────────────────────────────────────────────────────────────────────

    def tensors(
        self,
        samples: NDArray[np.int64],
        seed: int,
        classes: Callable[[NDArray[np.int64]], NDArray[np.intp]],
        truncation: float = 1.0,
        keep: float = 1.0,
        generator: nn.Module | None = None,
    ) -> Tensor:
        """Encoded samples x [n, …] by number, of the class that ``classes`` gives for a number.

        ``generator`` is the run's own, or ``start``.
        """
        return sample(
            generator or self.generator,
            seed,
            samples,
            lambda rows: torch.from_numpy(classes(rows)),
            truncation,
            self.discriminator if keep < 1 else None,
            keep,
            self.device,
        )

    def generate(
        self,
        n: int,
        where: Mapping[str, str] | None = None,
        seed: int = 0,
        start: int = 0,
        truncation: float = 1.0,
        keep: float = 1.0,
    ) -> Any:
        """Records ``start … start + n − 1`` of ``seed``: each depends on (weights, seed, its number) alone.

        Args:
            where: the class to make, as ``{"type": "monocyte"}``; without it classes come as often as in training.
            truncation: (0, 1]; below 1 more typical and less varied.
            keep: (0, 1]; of ⌈1/keep⌉ candidates one is kept, by the discriminator's judgement.
        """
        chosen = self.classes.chosen(where)
        samples = np.arange(start, start + n, dtype=np.int64)

        def classes(rows: NDArray[np.int64]) -> NDArray[np.intp]:
            return self.classes.draw(seed, rows) if chosen is None else np.full(len(rows), chosen, np.intp)

        x = self.tensors(samples, seed, classes, truncation, keep)
        return self.records(x, classes(samples), [f"seed{seed}-{i:06d}" for i in samples])

    def records(self, x: Tensor, y: NDArray[np.intp], ids: list[str]) -> Any:
        """Encoded samples x [n, …] of classes y [n] as the domain's records."""
        names = np.array(self.classes.names)[y]
        labels = {self.classes.column: names} if self.classes.column else {}
        return self.domain.records(self.codec.decode(x), labels, ids, self.data)

    def evaluate(self, watch: Watch = silent, seed: int = 0, literature: bool = False) -> Any:
        """Judge the run on its test part; see ``vivogan.domains.evaluate``.

        ``literature`` adds the scores that papers print (for images FID, KID and IS of Inception-V3, whose weights are
        downloaded).
        """
        from vivogan.domains.evaluate import evaluate

        return evaluate(self, watch, seed, literature)


def keep(folder: RunFolder, name: str, part: Fitted) -> None:
    """Keep something fitted as ``name.safetensors`` and ``name.json``; the JSON is written last and marks it whole."""
    tensors, state = part.state()
    write_tensors(folder.path / f"{name}.safetensors", tensors, {})
    folder.write_json(f"{name}.json", state)


def load(folder: RunFolder, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What ``keep`` wrote."""
    state = dict(folder.read_json(f"{name}.json"))
    return dict(read_tensors(folder.path / f"{name}.safetensors")), state
