"""Small images and desks for the tests of annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vivogan.domains.images.annotations.drawn import AnnotationOptions, Desk
from vivogan.domains.images.annotations.match import Index
from vivogan.domains.images.records import Draft


@pytest.fixture
def desk() -> Callable[..., Desk]:
    """Makes the desk of some images: ``desk("a.png", "b.png", kind="dots")``."""

    def make(*ids: str, **options: object) -> Desk:
        return Desk(Index(ids or ("a.png", "b.png")), Draft("here"), AnnotationOptions.model_validate(options))

    return make


@pytest.fixture
def photo() -> Callable[..., Path]:
    """Writes noise as an image of its own: ``photo(folder / "a.png", 40, 50)``."""

    def make(path: Path, height: int = 40, width: int = 50, channels: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, str(path)))
        shape = (height, width) if channels == 1 else (height, width, channels)
        Image.fromarray(np.random.default_rng(seed).integers(1, 255, shape, np.uint8)).save(path)
        return path

    return make
