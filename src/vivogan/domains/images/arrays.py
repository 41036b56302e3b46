"""Read images from ``.npz`` and ``.npy``: headers are checked before any array is loaded, pickles are never opened."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.limits import check_file, check_shape, safe_members
from vivogan.domains.images.records import Draft, Item, ReadOptions, plain, some
from vivogan.domains.parts import part_named
from vivogan.errors import InputError, UserError

IMAGES = ("x", "images", "image", "data", "arr_0", "train_images", "x_train")
LABELS = ("y", "labels", "label", "train_labels", "y_train")
NAMES = ("name", "names", "id", "ids", "filename", "filenames")
# (images, labels, part) of the array pairs that well-known sets use, MedMNIST and Keras among them.
PAIRS = (
    ("train_images", "train_labels", "train"),
    ("val_images", "val_labels", "selection"),
    ("test_images", "test_labels", "test"),
    ("x_train", "y_train", "train"),
    ("x_val", "y_val", "selection"),
    ("x_test", "y_test", "test"),
)
MOST_CHANNELS_SMALL = 4  # an axis this short beside long ones is channels, not height
PICKLE = "holds Python objects, which can run code when opened. Save plain numbers: np.savez(path, x=np.stack(images))"


@dataclass(frozen=True)
class Header:
    """What an array says of itself before it is loaded."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    problem: str = ""


class Arrays(Mapping[str, NDArray[Any]]):
    """The arrays of an ``.npz``, each checked against the limits before its pixels are read.

    Raises ``InputError`` for an archive or an array that cannot be trusted.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        self.limits = options.limits
        self.headers: dict[str, Header] = {}
        self._sizes: dict[str, int] = {}
        try:
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if info.filename.endswith(".npy"):
                        with archive.open(info) as stream:
                            name = info.filename.removesuffix(".npy")
                            self.headers[name] = header(stream)
                            self._sizes[name] = info.file_size
        except Exception as error:  # hostile bytes raise anything from zipfile, zlib, lzma and struct
            raise InputError(
                path, f"cannot be opened as .npz ({plain(error)})", mend="Save it again with numpy.savez"
            ) from error

    def __getitem__(self, name: str) -> NDArray[Any]:
        head = self.headers[name]
        self._check(name, head)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{name}.npy") as stream:
                return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
        except Exception as error:
            raise InputError(
                self.path, f"array is damaged ({plain(error)})", f"array {name}", "Copy or save the file again"
            ) from error

    def _check(self, name: str, head: Header) -> None:
        if head.problem:
            raise InputError(self.path, head.problem, f"array {name}")
        declared = int(np.prod(head.shape, dtype=object)) * head.dtype.itemsize
        if declared > self._sizes[name]:
            reason = f"declares {declared} bytes of data, the file holds {self._sizes[name]}"
            raise InputError(self.path, reason, f"array {name}", "Copy or save the file again")
        check_shape(self.path, head.shape or (1,), head.dtype.itemsize, self.limits, f"array {name}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.headers)

    def __len__(self) -> int:
        return len(self.headers)

    def __contains__(self, name: object) -> bool:
        return name in self.headers

    def per_image(self, name: str, count: int) -> NDArray[Any] | None:
        """The array as one plain value per image, [count]; None when it is not that."""
        head = self.headers[name]
        if head.problem or not head.shape or head.shape[0] != count or np.prod(head.shape[1:], dtype=object) > 4096:
            return None
        values = self[name]
        if values.ndim == 2 and values.shape[1] > 1:
            return one_hot(values)
        return values.reshape(count) if values.size == count else None


def one_hot(values: NDArray[Any]) -> NDArray[Any] | None:
    """Class numbers [n] of a one-hot array [n, k]; None when it is not one."""
    if values.dtype.kind not in "buif" or not np.isin(values, (0, 1)).all() or not (values.sum(axis=1) == 1).all():
        return None
    return np.asarray(values.argmax(axis=1))


def header(stream: IO[bytes]) -> Header:
    """Shape and dtype of an ``.npy`` stream, read without its data. Raises ValueError when it is no ``.npy``."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        return Header(shape, dtype, PICKLE)
    if dtype.kind not in "buifUS":
        return Header(shape, dtype, f"has the type {dtype}, which is no image and no label. Save real numbers")
    if any(side < 0 for side in shape):
        return Header(shape, dtype, f"declares an impossible shape {shape}. Save the file again")
    return Header(shape, dtype)


def read_npz(path: Path, options: ReadOptions) -> Draft:
    """Read an ``.npz``. Raises ``InputError`` when no array can be taken for images."""
    safe_members(path, options.limits)  # an .npz is a zip: bombs and odd names are refused here
    arrays = Arrays(path, options)
    draft = Draft(str(path))
    for name, head in arrays.headers.items():
        if head.problem:
            draft.refuse(str(path), f"array {name}", head.problem)
    pairs = (
        [pair for pair in PAIRS if pair[0] in arrays]
        if options.images is None and not (options.split or options.group)
        else []
    )
    if len(pairs) > 1:
        for images, labels, part in pairs:
            add_pair(draft, arrays, images, labels, part, options)
        return draft
    images = chosen(arrays, options)
    stack = as_stack(arrays[images], path, images, draft)
    columns = label_columns(arrays, len(stack), options, draft)
    names = text_names(arrays, len(stack), draft)
    parts = part_column(arrays, len(stack), options, draft)
    groups = wanted(arrays, options.group, "group", len(stack)) if options.group else None
    for index, image in enumerate(stack):
        draft.items.append(
            Item(
                image,
                names[index] if names is not None else f"{path.name}#{index}",
                {column: values[index] for column, values in columns.items()},
                parts[index] if parts is not None else "",
                groups[index] if groups is not None else "",
            )
        )
    return draft


def read_npy(path: Path, options: ReadOptions) -> Draft:
    """Read one image or a stack of them from an ``.npy``. Raises ``InputError``."""
    check_file(path, options.limits)
    draft = Draft(str(path))
    for role in ("labels", "split", "group"):
        if getattr(options, role):
            raise InputError(path, f"an .npy holds images only, no {role}", mend="Save images and labels as .npz")
    try:
        content = path.read_bytes()
        stream = io.BytesIO(content)
        head = header(stream)
        left = len(content) - stream.tell()
    except OSError as error:
        raise InputError(path, plain(error), mend="Check that the file exists and may be read") from error
    except Exception as error:
        raise InputError(path, f"is no .npy array ({plain(error)})", mend="Save it again with numpy.save") from error
    if head.problem:
        raise InputError(path, head.problem)
    if int(np.prod(head.shape, dtype=object)) * head.dtype.itemsize > left:
        raise InputError(
            path, f"declares the shape {head.shape}, its data end earlier", mend="Copy or save the file again"
        )
    check_shape(path, head.shape or (1,), head.dtype.itemsize, options.limits)
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    shape = array.shape
    single = array.ndim == 2 or (array.ndim == 3 and shape[-1] <= MOST_CHANNELS_SMALL < min(shape[:2]))
    stack = as_stack(array[None] if single else array, path, "the array", draft)
    draft.items = [Item(image, path.name if single else f"{path.name}#{index}") for index, image in enumerate(stack)]
    return draft


def chosen(arrays: Arrays, options: ReadOptions) -> str:
    """The name of the array that holds the images."""
    listing = some([f"{name} {head.shape}" for name, head in arrays.headers.items()], 8) or "nothing"
    if options.images is not None:
        if options.images not in arrays:
            raise InputError(
                arrays.path,
                f"there is no array '{options.images}'; it holds {listing}",
                mend="Give --images one of these",
            )
        return options.images
    known = [name for name in IMAGES if name in arrays and len(arrays.headers[name].shape) >= 3]
    others = [name for name, head in arrays.headers.items() if len(head.shape) >= 3 and head.dtype.kind in "buif"]
    if known or len(others) == 1:
        return (known or others)[0]
    problems = [f"array {name} {head.problem}" for name, head in arrays.headers.items() if head.problem]
    if problems:
        raise InputError(arrays.path, problems[0])
    raise InputError(
        arrays.path, f"none of its arrays is known to hold images; it holds {listing}", mend="Name one with --images"
    )


def add_pair(draft: Draft, arrays: Arrays, images: str, labels: str, part: str, options: ReadOptions) -> None:
    """One train/selection/test pair of arrays becomes items of that part."""
    try:
        stack = as_stack(arrays[images], arrays.path, images, draft)
        column = "labels" if labels.endswith("_labels") else "y"
        if options.labels not in (None, column, f"train_{column}", f"{column}_train"):
            raise InputError(
                arrays.path, f"there is no label array '{options.labels}'", mend=f"Its labels are called {column}"
            )
        values = arrays.per_image(labels, len(stack)) if labels in arrays else None
    except UserError as error:
        draft.refuse(str(arrays.path), f"array {images}", str(error))
        return
    if labels in arrays and values is None:
        draft.refuse(
            str(arrays.path), f"array {labels}", f"is not one label per image of {images}. Its images stay unlabelled"
        )
    names = None if values is None else text(values)
    for index, image in enumerate(stack):
        known = {} if names is None else {column: names[index]}
        draft.items.append(Item(image, f"{arrays.path.name}:{images}#{index}", known, part))


def as_stack(array: NDArray[Any], path: Path, name: str, draft: Draft) -> NDArray[Any]:
    """The array as [n, H, W, C]; [n, C, H, W] is recognised and said. Raises ``InputError`` for anything else."""
    if array.dtype.kind not in "buif" or array.ndim not in (3, 4):
        what = f"'{name}' has the shape {array.shape} and type {array.dtype}"
        raise InputError(
            path, f"{what}; images are numbers [n, height, width] or [n, height, width, channels]", mend="Reshape it"
        )
    if array.ndim == 3:
        return array[..., None]  # [n, H, W, 1]
    _, second, third, last = array.shape
    if second <= MOST_CHANNELS_SMALL < min(third, last):
        draft.notes.append(f"{name} {array.shape} was read with channels first")
        return np.moveaxis(array, 1, -1)  # [n, H, W, C]
    return array


def text(values: NDArray[Any]) -> list[str]:
    """Values as label strings; whole floats lose their ``.0``, NaN means unlabelled, bytes are decoded."""
    if values.dtype.kind == "f":
        return ["" if np.isnan(v) else str(int(v)) if float(v).is_integer() else str(v) for v in values.tolist()]
    if values.dtype.kind == "S":
        return [v.decode("utf-8", errors="replace").strip() for v in values.tolist()]
    return [str(v).strip() for v in values.tolist()]


def wanted(arrays: Arrays, name: str, role: str, count: int) -> list[str]:
    """The array the user asked for, one string per image. Raises ``InputError`` when it is missing or not that."""
    if name not in arrays:
        raise InputError(
            arrays.path,
            f"there is no {role} array '{name}'; it holds {some(list(arrays), 8)}",
            mend="Name one of these",
        )
    values = arrays.per_image(name, count)
    if values is None:
        shape = arrays.headers[name].shape
        raise InputError(
            arrays.path,
            f"{role} array '{name}' {shape} is not one value for each of {count} images",
            mend="Name another",
        )
    return text(values)


def label_columns(arrays: Arrays, count: int, options: ReadOptions, draft: Draft) -> dict[str, list[str]]:
    """Label arrays by name: those asked for, else the first known one."""
    if options.labels:
        return {name: wanted(arrays, name, "label", count) for name in options.labels.split(",")}
    for name in LABELS:
        if name in arrays:
            values = arrays.per_image(name, count)
            if values is not None:
                return {name: text(values)}
            draft.notes.append(f"array {name} {arrays.headers[name].shape} is not one label per image and was left out")
    return {}


def text_names(arrays: Arrays, count: int, draft: Draft) -> list[str] | None:
    """Names of the images from a text array; a repeated name gets its index, so that nothing is lost."""
    for name in NAMES:
        if name not in arrays or arrays.headers[name].dtype.kind not in "US":
            continue
        values = arrays.per_image(name, count)
        if values is None:
            continue
        names = text(values)
        uses = Counter(names)
        repeated = [one for one, times in uses.items() if times > 1 or not one]
        if repeated:
            draft.notes.append(
                f"{len(repeated)} names occur more than once; those records are called name#index: {some(repeated)}"
            )
        return [f"{one}#{i}" if uses[one] > 1 or not one else one for i, one in enumerate(names)]
    return None


def part_column(arrays: Arrays, count: int, options: ReadOptions, draft: Draft) -> list[str] | None:
    """The given split; an unknown word is refused when asked for, noted when found by chance."""
    name = options.split or ("split" if "split" in arrays else None)
    if name is None:
        return None
    values = wanted(arrays, name, "split", count) if options.split else None
    if values is None:
        found = arrays.per_image(name, count)
        values = [] if found is None else text(found)
    parts = [part_named(value) for value in values]
    if not parts or None in parts:
        unknown = some(sorted({v for v, p in zip(values, parts, strict=True) if p is None})) or "another shape"
        if options.split:
            raise InputError(
                arrays.path, f"split array '{name}' has {unknown}", mend="Use 0/1/2 or train/selection/test"
            )
        draft.notes.append(f"array {name} was not taken for a split: it has {unknown}")
        return None
    return [part or "" for part in parts]
