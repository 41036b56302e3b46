"""What is written is what is read: type, range, channels, classes and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vivogan.domains.images.data import ImageRecords, ReadOptions, read, write
from vivogan.errors import UserError


def made(dtype: Any, channels: int, ids: list[str] | None = None, **columns: list[str]) -> ImageRecords:
    rng = np.random.default_rng(channels)
    top = 2.0 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    images = [(rng.random((9, 7, channels)) * top).astype(dtype) for _ in range(4)]
    labels = {name: np.array(values, dtype=np.str_) for name, values in columns.items()}
    return ImageRecords(images, labels, ids or [f"cell{i}" for i in range(4)], [], [], None, None, "test")


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_a_folder_comes_back(tmp_path: Path, dtype: Any, channels: int) -> None:
    records = made(dtype, channels, type=["a", "a", "b", "b"])
    files = write(records, tmp_path / "made")
    assert [f.parent.name for f in files] == ["a", "a", "b", "b"]
    lossless_png = (dtype == np.uint8 and channels <= 4) or (dtype == np.uint16 and channels == 1)
    assert {f.suffix for f in files} == {".png" if lossless_png else ".tif"}
    back = read(tmp_path / "made", ReadOptions(labels="type"))
    assert back.refusals == []
    assert back.labels["type"].tolist() == ["a", "a", "b", "b"]
    for before, after in zip(records.images, back.images, strict=True):
        assert after.dtype == before.dtype
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_npz_comes_back(tmp_path: Path, dtype: Any) -> None:
    records = made(dtype, 3, type=["a", "a", "b", "b"], name=["1", "2", "3", "4"])
    assert write(records, tmp_path / "made.npz") == [tmp_path / "made.npz"]
    back = read(tmp_path / "made.npz", ReadOptions())
    assert back.ids == records.ids
    assert back.classes.tolist() == ["a", "a", "b", "b"]
    np.testing.assert_array_equal(np.stack(back.images), np.stack(records.images))


def test_two_label_columns_come_back_through_a_table(tmp_path: Path) -> None:
    write(made(np.uint8, 1, type=["a", "a", "b", "b"], stage=["i", "ii", "i", "ii"]), tmp_path / "made")
    back = read(tmp_path / "made", ReadOptions(labels="type,stage"))
    assert back.labels["stage"].tolist() == ["i", "ii", "i", "ii"]


def test_names_cannot_leave_the_folder_or_meet(tmp_path: Path) -> None:
    ids = ["../../escape", "/etc/passwd", "a:b*c", "A:B*C"]
    files = write(made(np.uint8, 1, ids=ids, type=["..", "x/y", "c", "C"]), tmp_path / "deep" / "made")
    folder = (tmp_path / "deep" / "made").resolve()
    assert all(f.resolve().is_relative_to(folder) and f.is_file() for f in files)
    assert len({str(f).lower() for f in files}) == 4


def test_mixed_sizes_do_not_fit_an_npz(tmp_path: Path) -> None:
    records = made(np.uint8, 1)
    records.images[0] = records.images[0][:3]
    with pytest.raises(UserError, match="different sizes"):
        write(records, tmp_path / "made.npz")
    assert not (tmp_path / "made.npz").exists()
