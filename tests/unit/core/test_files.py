from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vivogan.core import files
from vivogan.errors import InputError, UserError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_importing_files_loads_no_torch() -> None:
    code = "import sys, vivogan.core.files; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": "src"}).returncode == 0


def test_the_target_is_untouched_until_the_block_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    with files.writing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_error_of_the_block_passes_unchanged(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    with pytest.raises(FileNotFoundError), files.writing(target) as file:
        file.write(b"half")
        (tmp_path / "missing").read_bytes()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_of_an_existing_file_stay(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    target.chmod(0o640)
    files.write_text(target, "new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    files.write_text(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "x"


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        files.write_text(tmp_path, "x")


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a", "x")
    with pytest.raises(UserError, match="a: cannot write b"):
        files.write_text(tmp_path / "a" / "b", "x")


@given(JSON)
def test_exact_json_comes_back_to_the_bit(value: object) -> None:
    back = json.loads(json.dumps(files.plain(value, exact=True)))
    assert repr(back) == repr(value)


@given(JSON)
def test_plain_json_is_valid_for_every_parser(value: object) -> None:
    json.dumps(files.plain(value), allow_nan=False)


def test_plain_takes_what_science_uses() -> None:
    @dataclass(frozen=True)
    class Score:
        name: str
        value: float

    value = {"a": np.arange(3), "b": np.float32(0.5), "c": (1, 2), "d": Score("x", math.nan), "e": torch.tensor(2)}
    expected = {"a": [0, 1, 2], "b": 0.5, "c": [1, 2], "d": {"name": "x", "value": None}, "e": 2}
    assert files.plain(value) == expected


@pytest.mark.parametrize("value", [{1: "a"}, {1, 2}, object(), b"x"])
def test_plain_refuses_what_json_would_change(value: object) -> None:
    with pytest.raises(TypeError):
        files.plain(value)


def test_broken_json_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n"a": 1,\n}')
    with pytest.raises(InputError, match=r"a\.json, line \d: is not valid JSON"):
        files.read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match="cannot be read"):
        files.read_json(tmp_path / "b.json")


def test_lines_are_added_and_cut(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    for samples in range(5):
        files.append_line(path, json.dumps({"samples": samples}))
    assert files.truncate_lines(path, lambda record: record["samples"] < 3) == 2
    assert [record["samples"] for record in files.read_lines(path)] == [0, 1, 2]


@given(torn=st.binary(min_size=1, max_size=20).filter(lambda content: not content.endswith(b"\n")))
def test_a_torn_last_line_never_swallows_the_next(torn: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lines") / "m.jsonl"
    files.append_line(path, '{"a": 1}')
    path.write_bytes(path.read_bytes() + torn)
    files.append_line(path, '{"a": 2}')
    records = files.read_lines(path)
    assert records[0] == {"a": 1}
    assert records[-1] == {"a": 2}


def test_a_line_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        files.append_line(tmp_path / "m", "a\nb")


def test_a_failed_append_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.jsonl"
    files.append_line(path, '{"a": 1}')
    before = path.read_bytes()
    real = os.write

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[:4])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(UserError, match="disk is full"):
        files.append_line(path, '{"a": 2}')
    assert path.read_bytes() == before


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "a", b"abc")
    assert files.sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_tensors_of_every_kind_come_back(tmp_path: Path) -> None:
    weight = torch.randn(4, 4)
    tensors = {
        "scalar": torch.tensor(3.5),
        "bf16": torch.randn(3).to(torch.bfloat16),
        "int64": torch.tensor([2**62, -1]),
        "bool": torch.tensor([True, False]),
        "empty": torch.empty(0, 3),
        "turned": weight.T,
        "tied": weight,
        "tied again": weight,
        "with gradient": torch.nn.Parameter(torch.randn(2)),
    }
    files.write_tensors(tmp_path / "a", tensors, {"what": "test"})
    back = files.read_tensors(tmp_path / "a")
    assert back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype
        assert back[name].shape == tensor.shape
        assert torch.equal(back[name], tensor), name
    assert files.read_metadata(tmp_path / "a") == {"what": "test"}
    back["scalar"].add_(1)  # what is read can be trained on


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 64])
def test_damaged_tensors_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="safetensors"):
        files.read_tensors(tmp_path / "a")


def test_numpy_arrays_are_taken_too(tmp_path: Path) -> None:
    files.write_tensors(tmp_path / "a", {"x": np.arange(4.0)})
    assert torch.equal(files.read_tensors(tmp_path / "a")["x"], torch.arange(4, dtype=torch.float64))


def test_a_link_is_replaced_and_read(tmp_path: Path) -> None:
    link = tmp_path / "best"
    assert files.read_link(link) is None
    files.write_link(link, "checkpoints/a")
    files.write_link(link, "checkpoints/b")
    assert files.read_link(link) == "checkpoints/b"
    assert os.listdir(tmp_path) == ["best"]


def test_without_links_a_text_file_stands_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    files.write_link(tmp_path / "best", "checkpoints/old")
    monkeypatch.setattr(os, "symlink", unsupported)
    files.write_link(tmp_path / "best", "checkpoints/b")
    assert not (tmp_path / "best").is_symlink()
    assert files.read_link(tmp_path / "best") == "checkpoints/b"
