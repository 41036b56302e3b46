"""Imagined images for a task: by what the user said of them, and by what real images show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.core.configuration import validated
from vivogan.core.seeds import numpy_generator
from vivogan.domains.base import Split
from vivogan.domains.images.scenes.imagine import imagine
from vivogan.domains.images.scenes.settings import SceneDescription, SceneSettings
from vivogan.domains.images.tasks.annotated import AnnotatedData
from vivogan.domains.images.tools.pairs import Pair
from vivogan.domains.images.tools.plots import compare
from vivogan.domains.tasks.base import Watch
from vivogan.errors import SettingsError

LARGEST = 384  # side of an imagined image at most; larger real ones are imagined by their parts
SHOWN = 4  # real and generated images in a picture
LOOKED_AT = 200  # real images without annotations that the imagination is fitted to, at most


def described(text: str) -> SceneDescription:
    """``"kind=fluorescence diameter=9-14 count=50-300"`` as a description. Raises ``SettingsError``.

    >>> described("diameter=9-14 count=80").diameter
    (9.0, 14.0)
    """
    values: dict[str, Any] = {}
    for word in text.replace(",", " ").split():
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise SettingsError(f"--describe: '{word}' is not of the form name=value", "For example: diameter=9-14")
        if name == "kind":
            values[name] = value
            continue
        low, dash, high = value.partition("-")
        try:
            values[name] = (float(low), float(high if dash else low))
        except ValueError:
            raise SettingsError(
                f"--describe: '{word}' is neither a number nor a range", f"For example: {name}=9-14"
            ) from None
        if name == "count":
            values[name] = tuple(round(v) for v in values[name])
    return validated(SceneDescription, values, "--describe")


def pairs(
    data: AnnotatedData,
    split: Split,
    settings: SceneSettings,
    description: SceneDescription | None,
    n: int,
    seed: int,
    log: Watch,
) -> list[Pair]:
    """``n`` imagined images, learned from the training part and from all images that are in no part."""
    known = data.pairs(split.train)
    others = np.setdiff1d(np.arange(len(data.ids)), np.concatenate([split.train, split.selection, split.test]))
    chosen = numpy_generator(seed, "unlabelled").permutation(others)[:LOOKED_AT]
    unlabelled = [data.image(int(i)) for i in np.sort(chosen)]
    shapes = np.array([image.shape[1:] for image in (unlabelled or [pair.image for pair in known])])
    height, width = np.minimum(np.median(shapes, axis=0).astype(int), LARGEST).tolist()
    return imagine(known, unlabelled, n, (height, width), settings, seed, log, description)


def picture(data: AnnotatedData, split: Split, made: Sequence[Pair]) -> NDArray[np.uint8]:
    """Real images above generated ones, each with its objects where they are known."""
    known = split.train if len(split.train) else np.arange(len(data.ids))
    shown = known[:SHOWN].tolist()
    real = [data.image(i) for i in shown]
    objects = [data.images.objects[i] for i in shown]
    return compare(real, [pair.image for pair in made[:SHOWN]], objects, [pair.objects for pair in made[:SHOWN]])
