"""Two processes with half of every batch each play the game of one process with whole batches."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.unit.engine import together
from tests.unit.engine.toy import assert_same_bits, ring, settings, toy_game, trainer, weights
from vivogan.core.files import read_tensors
from vivogan.engine import parallel
from vivogan.errors import SettingsError


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes made."""
    folder = tmp_path_factory.mktemp("pair")
    group = {
        "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "GLOO_SOCKET_IFNAME": "lo",
        "PYTHONPATH": os.pathsep.join(["src", "."]),
    }  # fmt: skip
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.unit.engine.together", str(folder)],
            env=os.environ | group | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=240)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], said
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process made."""
    folder = tmp_path_factory.mktemp("alone")
    together.main(folder)
    return folder


def made(folder: Path, name: str, rank: int = 0) -> dict[str, Tensor]:
    return dict(read_tensors(folder / f"{name}-{rank}.safetensors"))


@pytest.mark.parametrize("name", ["toys", "images", "continued"])
def test_both_processes_have_the_same_bits(pair: Path, name: str) -> None:
    assert_same_bits(made(pair, name, 0), made(pair, name, 1))


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Root of the summed squares over all weights that learn."""
    learned = [n for n in one if n.startswith(("generator.", "discriminator.")) and one[n].is_floating_point()]
    return float(sum((one[n].double() - other[n].double()).square().sum() for n in learned) ** 0.5)


@pytest.mark.parametrize("name", ["toys", "images"])
def test_they_have_what_one_process_has(pair: Path, alone: Path, name: str) -> None:
    """But for rounding, which Adam's first steps make large in the few weights whose gradient is nearly zero."""
    one, two = made(alone, name), made(pair, name)
    start = weights((together.toys if name == "toys" else together.images)(Path("unused")).game)
    moved = distance(one, start)
    assert moved > 0.1
    assert distance(one, two) < 0.1 * moved


def test_that_difference_is_far_below_that_of_a_mistake(tmp_path: Path) -> None:
    """Half of each batch, as if nothing were averaged."""
    whole = together.toys(tmp_path / "whole")
    start = weights(whole.game)
    whole.run()
    half = trainer(
        tmp_path / "half", players=toy_game(together.TOY.model_copy(update={"batch": 8, "samples": 48})), data=ring(64)
    )
    half.run()
    one, other = weights(whole.game), weights(half.game)
    assert distance(one, other) > 0.3 * distance(one, start)


def test_the_statistics_of_whole_batches_are_remembered(pair: Path, alone: Path) -> None:
    one, two = made(alone, "images"), made(pair, "images")
    names = [n for n in one if n.startswith("generator.") and "running" in n]
    assert len(names) >= 4
    start = weights(together.images(Path("unused")).game)
    for name in names:
        moved = (one[name] - start[name]).abs().max()  # statistics of half a batch differ by 1-45 % of it
        assert moved > 0.01
        assert (one[name] - two[name]).abs().max() < 0.005 * moved, name
    assert two["generator.spread.num_batches_tracked"] == one["generator.spread.num_batches_tracked"]


def test_a_signal_to_one_stops_both_at_the_same_step(pair: Path) -> None:
    stopped = [(pair / f"stopped-{rank}").read_text().split() for rank in range(2)]
    assert stopped[0] == stopped[1]
    assert max(stopped[0]) == f"step-{4 * 8:08d}"


def test_two_processes_resume_to_the_same_bits(pair: Path) -> None:
    assert_same_bits(made(pair, "continued"), made(pair, "images"))


def test_one_process_alone_is_a_world_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    parallel.start("cpu")
    assert (parallel.world(), parallel.rank()) == (1, 0)
    x = torch.tensor([1.0, 2.0])
    parallel.average_([x, None])
    parallel.same_([x])
    parallel.wait()
    assert x.tolist() == [1, 2]
    assert [parallel.agree(flag) for flag in (True, False)] == [True, False]


def test_a_batch_that_two_processes_cannot_halve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    game = toy_game(settings(batch=33))
    monkeypatch.setattr(parallel, "world", lambda: 2)
    with pytest.raises(SettingsError, match=r"33 .* 2 process"):
        trainer(Path("unused"), players=game)
