from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from vivogan.core.checkpoints import Checkpoints, flatten_optimizer, unflatten_optimizer
from vivogan.errors import DamagedRun


def equal(one: Any, other: Any) -> bool:
    """Same types, same structure, same bits."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def stepped(optimizer_class: Any, **options: Any) -> torch.optim.Optimizer:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
    groups = [{"params": model[0].parameters(), "lr": 1e-3}, {"params": model[1].parameters()}]
    optimizer = optimizer_class(groups, lr=1e-4, **options)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(5, 3)).square().mean().backward()
        optimizer.step()
    return optimizer


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.Adam, {"betas": (0.0, 0.99), "eps": 1e-8}),
        (torch.optim.Adam, {"amsgrad": True, "capturable": False}),
        (torch.optim.AdamW, {"weight_decay": 0.1}),
        (torch.optim.SGD, {"momentum": 0.9}),
        (torch.optim.RMSprop, {}),
        (torch.optim.SGD, {}),
    ],
)
def test_an_optimizer_comes_back_to_the_bit(tmp_path: Path, kind: Any, options: dict[str, Any]) -> None:
    optimizer = stepped(kind, **options)
    tensors, tree = flatten_optimizer(optimizer.state_dict())
    Checkpoints(tmp_path / "checkpoints").save(1, {"optimizer": tensors}, {"optimizer": tree})
    back = Checkpoints(tmp_path / "checkpoints").newest()
    assert back is not None
    state = unflatten_optimizer(back.tensors["optimizer"], back.state["optimizer"])
    assert equal(state, optimizer.state_dict())
    fresh = stepped(kind, **options)
    fresh.load_state_dict(state)
    assert equal(fresh.state_dict(), optimizer.state_dict())


def test_what_no_optimizer_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="param_groups/0"):
        flatten_optimizer({"param_groups": [{"x": object()}]})


def test_a_missing_optimizer_tensor_is_named() -> None:
    tensors, tree = flatten_optimizer(stepped(torch.optim.Adam).state_dict())
    del tensors["state/1/exp_avg"]
    with pytest.raises(DamagedRun, match="state/1/exp_avg"):
        unflatten_optimizer(tensors, tree)


def test_parts_and_state_come_back(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    tensors = {"generator": {"a.weight": torch.randn(2, 3)}, "ema": {"a.weight": torch.tensor(1.5)}}
    state = {"best": math.inf, "p": 0.1 + 0.2, "list": [1, None, "µ"], "big": 2**70}
    path = checkpoints.save(120_000, tensors, state)
    assert path == tmp_path / "checkpoints" / "step-00120000"
    assert sorted(os.listdir(path)) == ["ema.safetensors", "generator.safetensors", "manifest.json"]
    back = checkpoints.newest()
    assert back is not None
    assert (back.samples, back.path, back.state) == (120_000, path, state)
    assert equal(back.tensors, tensors)
    assert equal(checkpoints.load("step-00120000").tensors, tensors)


def test_no_checkpoint_is_none_and_not_an_error(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    assert checkpoints.newest() is None
    assert checkpoints.best() is None
    assert checkpoints.names() == []
    with pytest.raises(DamagedRun, match="does not exist"):
        checkpoints.load("step-00000001")
    with pytest.raises(DamagedRun, match="does not exist"):
        checkpoints.load("../elsewhere")


def test_only_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=2)
    for samples in range(100, 700, 100):
        checkpoints.save(samples, {}, {"samples": samples})
        if samples == 200:
            checkpoints.mark_best(samples)
    assert checkpoints.names() == ["step-00000200", "step-00000500", "step-00000600"]
    best = checkpoints.best()
    assert best is not None
    assert best.state == {"samples": 200}
    assert os.readlink(tmp_path / "best") == "checkpoints/step-00000200"
    assert (tmp_path / "best" / "manifest.json").is_file()
    checkpoints.mark_best(600)
    checkpoints.save(700, {}, {})
    assert checkpoints.names() == ["step-00000600", "step-00000700"]


def test_order_is_by_number(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.save(99_999_999, {}, {})
    checkpoints.save(100_000_000, {}, {})
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.samples == 100_000_000


def test_saving_again_replaces(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=1)
    checkpoints.save(5, {"old": {}}, {"n": 1})
    checkpoints.save(5, {"new": {}}, {"n": 2})
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.state == {"n": 2}
    assert list(newest.tensors) == ["new"]
    assert os.listdir(tmp_path / "checkpoints") == ["step-00000005"]


def test_going_back_forgets_what_came_after(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=5)
    for samples in (1, 2, 3):
        checkpoints.save(samples, {}, {})
    checkpoints.forget_after(2)
    assert checkpoints.names() == ["step-00000001", "step-00000002"]


def test_only_what_was_saved_can_be_best(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="step-00000007"):
        Checkpoints(tmp_path / "checkpoints").mark_best(7)


@pytest.mark.parametrize("part", ["../x", "A", "", "a/b"])
def test_part_names_are_plain(tmp_path: Path, part: str) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    with pytest.raises(ValueError):
        checkpoints.save(1, {part: {}}, {})
    assert os.listdir(tmp_path / "checkpoints") == []
