"""What silencing a gene does to the verdict of a run's own discriminator."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vivogan.core.seeds import numpy_generator
from vivogan.domains.expression.tools.learned_cells import learned_cells
from vivogan.domains.expression.tools.normalise import Floats
from vivogan.domains.run import Run

CELLS = 16  # of a type in which genes are silenced at a time
ROWS = 4096  # cells that the discriminator sees at a time


def judged_by(
    run: Run, seeds: int, shuffled: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.intp], Floats, Floats]:
    """Training cells x [n, g], classes y [n]; the effects [seeds, classes, g], and those of a null [shuffled, …]."""
    cells = learned_cells(run)
    x, y = cells.x, cells.y
    found = [discriminator_silencing(run.discriminator, x, y, len(run.classes.names), seed + i) for i in range(seeds)]
    null = []
    for i in range(shuffled):
        mixed = numpy_generator(seed, "shuffled", i).permutation(y)
        null.append(discriminator_silencing(run.discriminator, x, mixed, len(run.classes.names), seed + seeds + i))
    return x, y, np.stack(found), np.stack(null)


def discriminator_silencing(
    discriminator: nn.Module, x: NDArray[np.float32], y: NDArray[np.intp], classes: int, seed: int
) -> Floats:
    """What a gene says for a class (above zero) or against it, by the logits of a discriminator, [classes, g].

    How much D(x, class) falls when a gene of cells of the class is set to what others have; below zero where that is
    more than the class has. Cells x [n, g] are counts; a gene is set to its count in random cells of the other classes.
    One gene at a time, in ``CELLS`` cells of the class; their mean.
    """
    rng, genes = numpy_generator(seed, "discriminator silencing"), x.shape[1]
    found = np.zeros((classes, genes))
    for k in range(classes):
        inside, outside = np.flatnonzero(y == k), np.flatnonzero(y != k)
        if not len(inside) or not len(outside):
            continue
        cells = torch.from_numpy(x[rng.choice(inside, CELLS)])
        others = torch.from_numpy(x[rng.choice(outside, CELLS)])
        before = _verdict(discriminator, cells, k).mean()
        for part in torch.arange(genes).split(max(1, ROWS // CELLS)):
            silenced = cells.repeat(len(part), 1, 1)  # p x c x g, gene by gene, so that packs are of one gene
            places = torch.arange(len(part))
            silenced[places, :, part] = others[:, part].T
            after = _verdict(discriminator, silenced.flatten(0, 1), k).view(len(part), -1).mean(1)
            found[k, part.numpy()] = (before - after).numpy()
        found[k] *= np.where(x[inside].mean(axis=0) < x[outside].mean(axis=0), -1.0, 1.0)
    return found


def _verdict(discriminator: nn.Module, x: Tensor, k: int) -> Tensor:
    with torch.no_grad():
        logits: Tensor = discriminator(x, torch.full((len(x),), k, dtype=torch.long))
    return logits
