"""What the report shows: real and generated samples, the generated ones nearest to training, walks between latents."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vivogan.core.files import write_bytes
from vivogan.core.run_folder import RunFolder
from vivogan.core.seeds import derive, latents
from vivogan.domains.base import Figure
from vivogan.domains.run import Run
from vivogan.domains.scores import Sample
from vivogan.metrics.memorisation import nearest

SOME = 1000  # training items in a gallery, at most


def gallery_of(
    run: Run,
    records: Any,
    test: NDArray[np.intp],
    train: NDArray[np.intp],
    y: NDArray[np.intp],
    made: Tensor,
    known: Sample,
    judged: Sample,
) -> dict[str, Any]:
    """What the domain draws: items (real, generated, of training), the samples nearest to training, a walk."""
    distance, place = nearest(judged.features, known.features)
    closest = np.argsort(distance)[:8]

    def items(x: Tensor) -> list[Any]:
        return run.codec.decode(x)

    pick = torch.from_numpy(closest)
    return {
        "classes": [name or "all" for name in run.classes.names],
        "real": items(run.codec.encode(records, test)),
        "made": items(made),
        "train": items(known.x[:: max(1, len(known.x) // SOME)]),
        "y": y,
        "closest_made": items(made[pick]),
        "closest_train": items(run.codec.encode(records, train[place[closest]])),
        "walk": [items(row) for row in _walk(run)],
    }


@torch.no_grad()
def _walk(run: Run, steps: int = 8, rows: int = 4) -> list[Tensor]:
    """Straight lines between latents, rescaled to keep their length; one class a line."""
    ends = torch.from_numpy(latents(derive(0, "walk"), np.arange(2 * rows), run.generator.latent_dim)).to(run.device)  # type: ignore[arg-type]
    found = []
    for row in range(rows):
        a, b = ends[2 * row], ends[2 * row + 1]
        share = torch.linspace(0, 1, steps, device=run.device)[:, None]
        z = torch.lerp(a[None], b[None], share)
        z = z / z.norm(dim=1, keepdim=True) * torch.lerp(a.norm(), b.norm(), share)
        condition = torch.full((steps,), row % len(run.classes.names), device=run.device)
        found.append(run.generator(z, condition).float().cpu())
    return found


def keep_figure(folder: RunFolder, figure: Figure) -> dict[str, str]:
    """Write a picture into the run folder; returns its entry in ``evaluation.json``."""
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(figure.image).save(stream, "PNG", optimize=True)
    write_bytes(folder.samples / f"{figure.name}.png", stream.getvalue())
    file = f"samples/{figure.name}.png"
    return {"name": figure.name, "file": file, "title": figure.title, "caption": figure.caption}
