"""The package's front door: cheap to import, and the names the documentation uses."""

import subprocess
import sys
import time

import pytest

import vivogan


def test_importing_vivogan_imports_no_heavy_library():
    script = "import sys, vivogan; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"torch", "numpy", "scipy", "skimage", "sklearn", "matplotlib", "PIL", "pydantic", "typer"}
    assert heavy.isdisjoint(loaded)


def test_importing_vivogan_is_quick():
    script = "import time; t = time.perf_counter(); import vivogan; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.3


def test_showing_help_imports_no_torch():
    script = "import sys; from vivogan.cli.app import run; run(['--help']); sys.exit('torch' in sys.modules)"
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - begun < 10


@pytest.mark.parametrize("name", vivogan.__all__)
def test_every_public_name_is_there(name):
    assert getattr(vivogan, name) is not None
    assert name in dir(vivogan)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'image'"):
        vivogan.image  # noqa: B018
