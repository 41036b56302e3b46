"""What the contract is tried on: every domain with data sets as users have them. A new domain adds its cases here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from vivogan.domains.base import Domain
from vivogan.domains.images.demo import write_patches
from vivogan.domains.images.domain import DOMAIN as IMAGES


@dataclass(frozen=True)
class Case:
    """A data set of a domain.

    ``write`` puts it into a folder and returns its path; ``read`` is how it is read; ``overrides`` make networks and
    game small; ``same`` says whether a decoded item is the original within the codec's promise; ``fits`` whether a
    generated item could be one of the user's own (type, size, range); ``place`` turns a name into where to write.
    """

    name: str
    domain: Domain
    write: Callable[[Path], Path]
    same: Callable[[Any, Any], bool]
    fits: Callable[[Any], bool]
    place: str
    read: Mapping[str, str] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("",)


SMALL_IMAGES = (
    "generator_width=16", "discriminator_width=16", "discriminator_features=16", "latent_dim=8", "extractor_steps=20",
    "game.batch=16", "game.tick=160",
)  # fmt: skip


def digits(count: int, dtype: str = "uint8", scale: float = 15.9) -> tuple[NDArray[Any], NDArray[np.str_]]:
    """Handwritten digits of 16 x 16 pixels, called odd and even."""
    found = load_digits()
    x = (found.images[:count] * scale).astype(dtype).repeat(2, 1).repeat(2, 2)
    return x, np.array(["even", "odd"])[found.target[:count] % 2]


def within(levels: float) -> Callable[[Any, Any], bool]:
    """Same type, same shape, no pixel farther off than this."""

    def same(one: NDArray[Any], other: NDArray[Any]) -> bool:
        gap = np.abs(one.astype(np.float64) - other.astype(np.float64)).max()
        return one.dtype == other.dtype and one.shape == other.shape and bool(gap <= levels)

    return same


def image_like(dtype: str, shape: tuple[int, ...], low: float, high: float) -> Callable[[Any], bool]:
    """An array of this type and shape, with all pixels in the range of the data."""

    def fits(image: NDArray[Any]) -> bool:
        in_range = low <= image.min() and image.max() <= high
        return image.dtype == dtype and image.shape == shape and bool(in_range)

    return fits


def stained(folder: Path) -> Path:
    """Every seventh patch of the stained colon of the demo: colour, three classes, neighbours kept together."""
    with np.load(write_patches(folder)) as arrays:
        chosen = {name: values[::21] for name, values in arrays.items()}
    path = folder / "stained.npz"
    np.savez(path, **chosen)
    return path


def deep_grey(folder: Path) -> Path:
    """12-bit camera counts in 16-bit files: one folder a class."""
    from vivogan.domains.images.records import ImageRecords

    x, y = digits(60, "uint16", 250.0)
    ids = [f"{label}/cell{i:03d}" for i, label in enumerate(y)]
    IMAGES.write(
        ImageRecords([image[..., None] + 100 for image in x], {"kind": y}, ids, [], [], None, None, "camera"),
        folder / "camera",
    )
    return folder / "camera"


def unlabelled(folder: Path) -> Path:
    """A bare stack."""
    np.save(folder / "stack.npy", digits(60)[0])
    return folder / "stack.npy"


def one_class(folder: Path) -> Path:
    """Labelled, but all alike."""
    x, y = digits(60)
    np.savez(folder / "even.npz", x=x[y == "even"], y=y[y == "even"])
    return folder / "even.npz"


def sixteen(folder: Path) -> Path:
    """As few as there may be, of which two are of a rare class; fractions instead of counts."""
    x, _ = digits(16, "float32", 1 / 16)
    np.savez(folder / "few.npz", x=x, y=np.array(["common"] * 14 + ["rare"] * 2))
    return folder / "few.npz"


CASES = [
    Case("images: colour, classes, blocks", IMAGES, stained, within(1), image_like("uint8", (32, 32, 3), 0, 255),
         "made", {"labels": "y", "group": "block"}, SMALL_IMAGES, ("1-negative", "2-weak", "3-positive")),
    Case("images: 16-bit grey in folders", IMAGES, deep_grey, within(1), image_like("uint16", (16, 16, 1), 100, 4100),
         "made", {}, SMALL_IMAGES, ("even", "odd")),
    Case("images: unlabelled", IMAGES, unlabelled, within(1), image_like("uint8", (16, 16, 1), 0, 255), "made.npz",
         {}, SMALL_IMAGES),
    Case("images: one class", IMAGES, one_class, within(1), image_like("uint8", (16, 16, 1), 0, 255), "made.npz",
         {"labels": "y"}, SMALL_IMAGES, ("even",)),
    Case("images: sixteen of them", IMAGES, sixteen, within(1e-6), image_like("float32", (16, 16, 1), 0, 1.0), "made",
         {"labels": "y"}, SMALL_IMAGES, ("common", "rare")),
]  # fmt: skip
