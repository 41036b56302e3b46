from __future__ import annotations

import math
from pathlib import Path

import pytest

from vivogan.core.configuration import Settings
from vivogan.core.run_folder import RunFolder
from vivogan.errors import DamagedRun, SettingsError, UserError


class Config(Settings):
    batch: int = 64


def test_a_folder_is_a_run_once_it_has_its_configuration(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "runs" / "blood")
    assert not RunFolder.exists(run.path)
    with pytest.raises(UserError, match="no run"):
        RunFolder.open(run.path)
    assert RunFolder.create(run.path).path == run.path  # a run killed before its configuration starts again
    run.write_config(Config(batch=8))
    assert RunFolder.open(run.path).read_config(Config) == Config(batch=8)
    assert RunFolder.create(run.path).read_config(Config).batch == 8


def test_somebody_elses_folder_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match=r"thesis\.tex"):
        RunFolder.create(tmp_path)
    with pytest.raises(UserError, match="cannot write"):
        RunFolder.create(tmp_path / "thesis.tex")


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        RunFolder.open(tmp_path / "missing")


def test_a_changed_configuration_is_named(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    with pytest.raises(DamagedRun, match=r"config\.toml is missing"):
        run.read_config(Config)
    (run.path / "config.toml").write_text("batsch = 3")
    with pytest.raises(SettingsError, match=r"batsch: unknown setting; did you mean batch\?"):
        run.read_config(Config)


def test_json_comes_back_and_its_damage_is_the_runs(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    run.write_json("data.json", {"classes": ["µ"], "x": math.nan})
    assert run.read_json("data.json") == {"classes": ["µ"], "x": None}
    (run.path / "data.json").write_text("{")
    with pytest.raises(DamagedRun, match=r"data\.json"):
        run.read_json("data.json")
    with pytest.raises(DamagedRun, match=r"env\.json"):
        run.read_json("env.json")


def test_metrics_are_lines_and_forgotten_by_samples(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    assert run.metrics() == []
    run.forget_after(0)
    for samples in (10, 20, 30):
        run.log({"samples": samples, "loss": math.inf if samples == 20 else 1.0})
    run.forget_after(20)
    assert run.metrics() == [{"samples": 10, "loss": 1.0}, {"samples": 20, "loss": None}]


def test_the_rooms_are_where_they_should_be(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    assert run.samples.is_dir()
    run.checkpoints.save(3, {}, {})
    run.checkpoints.mark_best(3)
    assert run.checkpoints is run.checkpoints
    assert (run.path / "best" / "manifest.json").is_file()


def test_the_lock_goes_after_an_error_too(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run")
    with pytest.raises(ZeroDivisionError), run.lock():
        raise ZeroDivisionError
    assert not (run.path / "LOCK").exists()
