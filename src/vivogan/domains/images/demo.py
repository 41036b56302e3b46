"""A real data set that needs no download: the immunohistochemistry picture that scikit-image carries, cut into
patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIDE, STRIDE = 32, 8
BLOCK = 64  # patches of one block of the picture stay on one side of the split: neighbours overlap
LOW, HIGH = 0.35, 0.7  # quantiles of staining that separate the classes


def write_patches(folder: Path) -> Path:
    """Write ``ihc.npz``: patches ``x`` [n, 32, 32, 3] uint8, ``y`` (DAB staining in three classes), ``block``.

    The picture shows human colon, FHL2 stained brown with diaminobenzidine (DAB), nuclei blue with haematoxylin; CC0,
    from the Human Protein Atlas by way of scikit-image. Staining is measured by colour deconvolution (Ruifrok and
    Johnston 2001).
    """
    from skimage.color import rgb2hed
    from skimage.data import immunohistochemistry

    from vivogan.core.files import writing

    picture = immunohistochemistry()
    stain = rgb2hed(picture)[..., 2]
    starts = range(0, picture.shape[0] - SIDE + 1, STRIDE)
    corners = [
        (top, left)
        for top in starts
        for left in starts
        if top // BLOCK == (top + SIDE - 1) // BLOCK and left // BLOCK == (left + SIDE - 1) // BLOCK
    ]
    patches = np.stack([picture[t : t + SIDE, s : s + SIDE] for t, s in corners])
    amount = np.array([stain[t : t + SIDE, s : s + SIDE].mean() for t, s in corners])
    edges = np.quantile(amount, [LOW, HIGH])
    y = np.array(["1-negative", "2-weak", "3-positive"])[np.searchsorted(edges, amount)]
    block = np.array([f"block-{t // BLOCK}-{s // BLOCK}" for t, s in corners])
    path = folder / "ihc.npz"
    folder.mkdir(parents=True, exist_ok=True)
    with writing(path) as stream:
        np.savez_compressed(stream, x=patches, y=y, block=block)
    return path
