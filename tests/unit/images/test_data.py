"""What people have on their disks, read as it is: folders, tables, archives, arrays, stacks."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from vivogan.domains.images.data import ImageRecords, ReadOptions, fingerprint, read
from vivogan.errors import InputError

DATA = Path(os.environ.get("VIVOGAN_DATA", "/nowhere"))
has_data = pytest.mark.skipif(not DATA.is_dir(), reason="VIVOGAN_DATA names no folder of real data")


def picture(seed: int, shape: tuple[int, ...] = (8, 8), dtype: Any = np.uint8) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype)


def png(seed: int, shape: tuple[int, ...] = (8, 8), dtype: Any = np.uint8) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture(seed, shape, dtype)).save(stream, format="PNG")
    return stream.getvalue()


def tree(root: Path, names: list[str]) -> Path:
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(seed))
    return root


def class_of(records: ImageRecords) -> dict[str, str]:
    return dict(zip(records.ids, records.classes.tolist(), strict=True))


def test_class_folders(tmp_path: Path) -> None:
    records = read(tree(tmp_path, ["b/1.png", "a/1.png", "a/2.png"]), ReadOptions())
    assert class_of(records) == {"a/1.png": "a", "a/2.png": "a", "b/1.png": "b"}
    assert list(records.labels) == ["class"]
    assert records.images[0].shape == (8, 8, 1)
    np.testing.assert_array_equal(records.images[0][..., 0], picture(1))


def test_class_folders_take_the_name_that_was_asked_for(tmp_path: Path) -> None:
    assert list(read(tree(tmp_path, ["a/1.png", "b/1.png"]), ReadOptions(labels="type")).labels) == ["type"]


def test_folders_of_digits_are_classes_not_parts(tmp_path: Path) -> None:
    records = read(tree(tmp_path, ["0/1.png", "1/1.png", "2/1.png"]), ReadOptions())
    assert records.part is None
    assert records.classes.tolist() == ["0", "1", "2"]


def test_parts_above_classes(tmp_path: Path) -> None:
    names = ["x/train/a/1.png", "x/train/b/2.png", "x/test/a/3.png", "x/val/b/4.png"]
    records = read(tree(tmp_path, names), ReadOptions())
    assert records.part is not None
    assert dict(zip(records.ids, records.part.tolist(), strict=True)) == {
        "x/train/a/1.png": "train",
        "x/train/b/2.png": "train",
        "x/test/a/3.png": "test",
        "x/val/b/4.png": "selection",
    }
    assert class_of(records)["x/val/b/4.png"] == "b"


def test_masks_beside_images_are_left_out(tmp_path: Path) -> None:
    records = read(tree(tmp_path, ["images/1.png", "images/2.png", "masks/1.png"]), ReadOptions())
    assert records.ids == ["images/1.png", "images/2.png"]
    assert records.labels == {}
    assert any("masks or annotations" in note for note in records.notes)


def test_a_table_in_the_folder(tmp_path: Path) -> None:
    tree(tmp_path, ["1.png", "2.png", "3.png", "4.png"])
    table = "id;type;donor\n1;mono;A\n2.png;lymph;B\n3;mono;A\n9.png;mono;A\n"
    (tmp_path / "meta.csv").write_text(table)
    records = read(tmp_path, ReadOptions(labels="type", group="donor"))
    assert records.classes.tolist() == ["mono", "lymph", "mono", ""]
    assert records.group is not None
    assert records.group.tolist() == ["A", "B", "A", ""]
    assert [(r.file, r.record) for r in records.refusals] == [("meta.csv", "line 5: 9.png")]
    assert any("1 images are not in meta.csv: 4.png" in note for note in records.notes)


def test_a_table_beside_the_folder_and_its_split(tmp_path: Path) -> None:
    tree(tmp_path / "cells", ["1.png", "2.png", "3.png"])
    (tmp_path / "cells.csv").write_text("file,type,split\n1.png,a,train\n2.png,b,train\n3.png,a,test\n")
    records = read(tmp_path / "cells", ReadOptions())
    assert list(records.labels) == ["type"]
    assert records.part is not None
    assert records.part.tolist() == ["train", "train", "test"]


def test_a_table_given_by_name_with_a_column(tmp_path: Path) -> None:
    tree(tmp_path / "cells", ["1.png", "2.png"])
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "t.csv").write_text("file,type,stage\n1.png,a,i\n2.png,b,ii\n")
    records = read(tmp_path / "cells", ReadOptions(labels=f"{tmp_path / 'far' / 't.csv'}:stage"))
    assert records.labels["stage"].tolist() == ["i", "ii"]


def test_utf16_from_a_spreadsheet(tmp_path: Path) -> None:
    tree(tmp_path, ["1.png", "2.png"])
    (tmp_path / "t.csv").write_bytes("file\ttype\n1.png\tMüller\n2.png\tß\n".encode("utf-16"))
    assert read(tmp_path, ReadOptions()).classes.tolist() == ["Müller", "ß"]


def test_class_folders_stay_beside_a_table_of_measurements(tmp_path: Path) -> None:
    tree(tmp_path, [f"{c}/{i}.png" for i, c in enumerate("aabb")])
    (tmp_path / "t.csv").write_text("file,area\n0.png,1.5\n1.png,2.5\n2.png,3.5\n3.png,4.5\n")
    assert read(tmp_path, ReadOptions()).classes.tolist() == ["a", "a", "b", "b"]
    assert list(read(tmp_path, ReadOptions(labels="class,area")).labels) == ["class", "area"]


def test_missing_columns_name_those_there_are(tmp_path: Path) -> None:
    tree(tmp_path, ["1.png", "2.png"])
    with pytest.raises(InputError, match="no labels 'kind' was found"):
        read(tmp_path, ReadOptions(labels="kind"))
    (tmp_path / "t.csv").write_text("file,type\n1.png,a\n2.png,b\n")
    with pytest.raises(InputError, match=r"no column 'kind'.*file, type"):
        read(tmp_path, ReadOptions(labels="kind"))
    with pytest.raises(InputError, match="no column 'donor'"):
        read(tmp_path, ReadOptions(group="donor"))


def test_a_listing(tmp_path: Path) -> None:
    tree(tmp_path, ["deep/1.png", "deep/2.png", "3.png"])
    (tmp_path / "list.csv").write_text(
        "path,type\ndeep/1.png,a\n./deep/2.png,b\nmissing.png,a\n../out.png,a\n/etc/x.png,b\n"
    )
    records = read(tmp_path / "list.csv", ReadOptions())
    assert class_of(records) == {"deep/1.png": "a", "deep/2.png": "b"}
    assert [r.record for r in records.refusals] == ["line 5: ../out.png", "line 6: /etc/x.png", "line 4: missing.png"]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_archives(tmp_path: Path, kind: str) -> None:
    source = tree(tmp_path / "s", ["set/a/1.png", "set/b/2.png", "__MACOSX/set/a/._1.png"])
    target = tmp_path / f"set.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for file in sorted(source.rglob("*.png")):
                archive.write(file, file.relative_to(source))
    else:
        with tarfile.open(target, "w:gz" if kind.endswith("gz") else "w") as tar:
            tar.add(source / "set", "set")
    records = read(target, ReadOptions())
    assert class_of(records) == {"set/a/1.png": "a", "set/b/2.png": "b"}
    assert records.refusals == []


def test_npz_names_labels_split_and_group(tmp_path: Path) -> None:
    x = np.stack([picture(i, (6, 5, 3)) for i in range(4)])
    np.savez(
        tmp_path / "a.npz",
        x=x,
        y=np.array([1, 0, 1, 0]),
        split=np.array([0, 0, 1, 2]),
        name=np.array(["a", "b", "c", "c"]),
        donor=np.array(["d", "d", "e", "e"]),
    )
    records = read(tmp_path / "a.npz", ReadOptions(group="donor"))
    assert records.ids == ["a", "b", "c#2", "c#3"]
    assert records.labels["y"].tolist() == ["1", "0", "1", "0"]
    assert records.part is not None
    assert records.part.tolist() == ["train", "train", "selection", "test"]
    assert records.group is not None
    assert records.group.tolist() == ["d", "d", "e", "e"]
    np.testing.assert_array_equal(np.stack(records.images), x)
    with pytest.raises(InputError, match="no label array 'kind'"):
        read(tmp_path / "a.npz", ReadOptions(labels="kind"))
    with pytest.raises(InputError, match="no array 'z'"):
        read(tmp_path / "a.npz", ReadOptions(images="z"))


def test_npz_pairs_give_the_parts(tmp_path: Path) -> None:
    a, b = np.stack([picture(i) for i in range(3)]), np.stack([picture(9 + i) for i in range(2)])
    one_hot = np.eye(3)[[2, 0, 1]]
    np.savez(tmp_path / "a.npz", train_images=a, train_labels=one_hot, test_images=b, test_labels=np.array([[0], [1]]))
    records = read(tmp_path / "a.npz", ReadOptions())
    assert records.part is not None
    assert records.part.tolist() == ["train"] * 3 + ["test"] * 2
    assert records.classes.tolist() == ["2", "0", "1", "0", "1"]


def test_channels_first_is_recognised_and_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.stack([picture(i, (3, 9, 7)) for i in range(5)]))
    records = read(tmp_path / "a.npz", ReadOptions())
    assert records.images[0].shape == (9, 7, 3)
    assert any("channels first" in note for note in records.notes)


@pytest.mark.parametrize(("shape", "count"), [((9, 7), 1), ((9, 7, 3), 1), ((5, 9, 7), 5), ((5, 9, 7, 2), 5)])
def test_npy(tmp_path: Path, shape: tuple[int, ...], count: int) -> None:
    np.save(tmp_path / "a.npy", picture(0, shape, np.uint16))
    records = read(tmp_path / "a.npy", ReadOptions())
    assert len(records) == count
    assert records.images[0].dtype == np.uint16


def test_duplicates_merge_towards_the_held_out_part(tmp_path: Path) -> None:
    x = np.stack([picture(0), picture(1), picture(0), np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)])
    np.savez(tmp_path / "a.npz", x=x, y=np.array([0, 1, 1, 0, 0]), split=np.array([0, 0, 2, 0, 0]))
    records = read(tmp_path / "a.npz", ReadOptions())
    assert records.ids == [f"a.npz#{i}" for i in (1, 2, 3, 4)]
    text = " | ".join(records.notes)
    assert "1 exact duplicates were merged" in text
    assert "1 images leak" in text
    assert "different labels" in text
    assert "2 images are blank" in text


def test_near_duplicates_across_given_parts_are_noted(tmp_path: Path) -> None:
    x = np.stack([picture(i, (32, 32)) for i in range(6)])
    x[5] = np.clip(x[0].astype(int) + 1, 0, 255)
    np.savez(tmp_path / "a.npz", x=x, split=np.array([0, 0, 0, 0, 0, 2]))
    notes = " | ".join(read(tmp_path / "a.npz", ReadOptions()).notes)
    assert "1 near-duplicates" in notes
    assert "a.npz#0 ≈ a.npz#5" in notes


def test_imbalance_rare_classes_and_one_class_are_noted(tmp_path: Path) -> None:
    x = np.stack([picture(i) for i in range(40)])
    np.savez(tmp_path / "a.npz", x=x, y=np.array(["many"] * 36 + ["few"] * 4))
    notes = " | ".join(read(tmp_path / "a.npz", ReadOptions()).notes)
    assert "unbalanced: many has 36 images, few has 4" in notes
    assert "few (4)" in notes
    np.savez(tmp_path / "b.npz", x=x, y=np.zeros(40))
    assert any("one y only: 0" in note for note in read(tmp_path / "b.npz", ReadOptions()).notes)


def test_fingerprint_is_json_and_knows_the_data(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.stack([picture(i) for i in range(4)]), y=np.array([0, 0, 0, 1]))
    records = read(tmp_path / "a.npz", ReadOptions())
    print_ = json.loads(json.dumps(fingerprint(records)))
    assert print_["count"] == 4
    assert print_["classes"] == {"0": 3, "1": 1}
    assert print_["imbalance"] == 3
    assert fingerprint(read(tmp_path / "a.npz", ReadOptions())) == print_
    records.images[2] = records.images[2] ^ 1
    assert fingerprint(records)["sha256"] != print_["sha256"]


def test_stacks_become_records(tmp_path: Path) -> None:
    stack = picture(0, (2, 3, 4, 16, 12), np.uint16)
    tifffile.imwrite(tmp_path / "s.ome.tif", stack, metadata={"axes": "TZCYX"}, photometric="minisblack")
    records = read(tmp_path / "s.ome.tif", ReadOptions())
    assert records.ids == [f"s.ome.tif#{t}-{z}" for t in range(2) for z in range(3)]
    np.testing.assert_array_equal(records.images[4], np.moveaxis(stack[1, 1], 0, -1))


@has_data
@pytest.mark.parametrize(
    ("file", "count", "shape"),
    [
        ("pbc_blood_cells_28/pbc28.npz", 17075, (28, 28, 3)),  # 17 of 17,092 are the same picture twice
        ("dsb2018_nuclei/dsb2018_fluo256.npz", 334, (256, 256, 1)),
        ("vgg_cells/vgg_cells.npz", 200, (256, 256, 1)),
        ("bccd_blood_cells/bccd.zip", 364, (480, 640, 3)),
        ("adipocyte_cells/adipocyte_cells.zip", 200, (150, 150, 3)),
    ],
)
def test_real_sets(file: str, count: int, shape: tuple[int, int, int]) -> None:
    if not (DATA / file).is_file():
        pytest.skip(f"{file} is not in VIVOGAN_DATA")
    records = read(DATA / file, ReadOptions())
    assert len(records) == count
    assert records.refusals == []
    assert {image.shape for image in records.images} == {shape}
    assert len(set(records.ids)) == count
