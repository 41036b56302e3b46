"""The doctor describes this machine, and a sick one too."""

import json

from vivogan.cli.app import run
from vivogan.core import doctor, machine


def test_the_doctor_shows_machine_disk_and_versions(capsys):
    assert run(["doctor"]) == 0
    shown = capsys.readouterr().out
    for word in ("machine", "threads free", "memory", "disk here", "GPU", "bfloat16", "python", "torch"):
        assert word in shown


def test_a_missing_package_is_named_with_the_command_that_brings_it(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "OPTIONAL", {"no-such-package": "wishes"})
    assert run(["doctor"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("missing:"))
    assert "no-such-package, for wishes" in line
    assert line.endswith("-m pip install no-such-package")


def test_the_doctor_works_without_torch(capsys, monkeypatch):
    def broken() -> dict[str, object]:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(machine, "describe", broken)
    assert run(["doctor", "--json"]) == 0
    assert "libtorch.so" in json.loads(capsys.readouterr().out)["problem"]
    assert run(["doctor"]) == 0
    assert "libtorch.so" in capsys.readouterr().out
