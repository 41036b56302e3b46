"""The supervised loop stops where what it does not learn from is done best, also when it was killed on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vivogan.core.checkpoints import Checkpoints
from vivogan.domains.tasks.learn import LearnSettings, learn

SETTINGS = LearnSettings(steps=40, learning_rate=0.1, weight_decay=0.0, warmup=0.0, ema_half_life=0.0, tick=4)
TARGET, BETTER = 3.0, 1.0  # what is learned, and where the held-out error is least


class Number(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(()))


def loss(network: nn.Module, step: int) -> Tensor:
    return (network.value - TARGET) ** 2  # type: ignore[operator]


def held(network: nn.Module) -> float:
    return abs(float(network.value.detach()) - BETTER)  # type: ignore[operator]


def test_the_best_of_all_ticks_is_returned() -> None:
    lines: list[dict[str, Any]] = []
    best = learn(Number(), loss, SETTINGS, log=lines.append, held=held)
    errors = [line["held"] for line in lines]
    assert held(best) == min(errors) < errors[-1]
    assert held(learn(Number(), loss, SETTINGS)) == pytest.approx(errors[-1])


def test_a_continued_run_remembers_the_best(tmp_path: Path) -> None:
    whole = learn(Number(), loss, SETTINGS, held=held)

    def kill(record: dict[str, Any]) -> None:
        if record["samples"] == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(Number(), loss, SETTINGS, Checkpoints(tmp_path), kill, held)
    again = learn(Number(), loss, SETTINGS, Checkpoints(tmp_path), held=held)
    assert torch.equal(again.state_dict()["value"], whole.state_dict()["value"])
