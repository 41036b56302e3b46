"""Pictures for the report: structures, nearest training molecules, properties, scaffolds, a map of chemical space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.base import Figure
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.draw import Drawing, picture
from vivogan.domains.molecules.fingerprints import bit_fingerprints, count_fingerprints
from vivogan.domains.molecules.metrics import scaffolds_of
from vivogan.domains.molecules.properties import LABELS, properties
from vivogan.domains.molecules.similarity import tanimoto

Floats = NDArray[np.float64]
REAL, MADE = "#3b4a5a", "#d1603d"
SHOWN, COLUMNS = 24, 6  # structures of a page
PAIRS = 6
FRAMES = 12  # scaffolds of a page
SHOWN_PROPERTIES = ("weight", "logp", "qed", "sa", "tpsa", "donors", "acceptors", "rotatable", "rings", "fsp3")
LEAST_RINGED = 0.1  # share of molecules with two rings or more, from which on scaffolds are shown
SECONDS = 1  # of looking for what two molecules share
NONE = "no molecule"


def figures(gallery: Mapping[str, Any]) -> list[Figure]:
    """Every picture that the data allow; "real", "generated" and "nearest" always."""
    real, made = list(gallery["real"]), list(gallery["made"])
    names, y = gallery["classes"], np.asarray(gallery["y"])
    rows = np.linspace(0, len(real) - 1, min(SHOWN, len(real))).round().astype(int)
    rows = rows[np.argsort(y[rows], kind="stable")]
    labels = [names[y[i]] if len(names) > 1 else "" for i in rows]
    found = [
        Figure("real", "Real", "Test molecules the model never saw, evenly spaced.", _listed(real, rows, labels)),
        Figure(
            "generated",
            "Generated",
            "Not selected: evenly spaced among the samples of the evaluation.",
            _listed(made, rows[rows < len(made)], labels),
        ),
        _nearest(gallery["closest_made"], gallery["closest_train"]),
    ]
    whole = [[text for text in part if _is_molecule(text)] for part in (real, made)]
    if min(map(len, whole)) > 2:
        found += [_properties(*whole), _space(*whole)]
        frames = [scaffolds_of(part) for part in whole]
        if np.mean([frame is not None for frame in frames[0]]) > LEAST_RINGED:
            found.append(_scaffolds(*frames))
    if gallery.get("walk"):
        found.append(_walks(gallery["walk"]))
    return found


def _is_molecule(smiles: str) -> bool:
    mol = molecule(smiles)
    return mol is not None and mol.GetNumAtoms() > 0


def _listed(smiles: Sequence[str], rows: Any, labels: Sequence[str]) -> NDArray[np.uint8]:
    shown = zip(rows.tolist(), labels, strict=False)
    return picture([_drawing(smiles[i], label) for i, label in shown], COLUMNS)


def _drawing(smiles: str, legend: str) -> Drawing:
    return Drawing(smiles, legend) if _is_molecule(smiles) else Drawing("", f"{legend} {NONE}".strip())


def _nearest(made: Sequence[str], train: Sequence[str]) -> Figure:
    """Each pair one above the other; what the other does not have is marked."""
    pairs = [pair for pair in zip(made, train, strict=True) if all(map(_is_molecule, pair))][:PAIRS]
    above, below = [], []
    for a, b in pairs:
        alike = float(tanimoto(*(bit_fingerprints([text]) for text in (a, b)))[0, 0])
        own_a, own_b = _differing(a, b)
        above.append(Drawing(a, f"generated, similarity {alike:.2f}", own_a))
        below.append(Drawing(b, "training", own_b))
    caption = (
        "The generated molecules closest to a training molecule in the features that the scores compare, above it, "
        "with the Tanimoto similarity of their fingerprints. Marked: atoms outside the largest part they share."
    )
    return Figure("nearest", "Nearest to training", caption, picture(above + below, max(1, len(pairs))))


def _differing(a: str, b: str) -> tuple[list[int], list[int]]:
    """The atoms of each of two molecules that are outside their largest common substructure."""
    from rdkit import Chem
    from rdkit.Chem import rdFMCS

    mols: list[Any] = [molecule(a), molecule(b)]
    if a == b:
        return [], []
    shared = rdFMCS.FindMCS(mols, timeout=SECONDS, ringMatchesRingOnly=True, completeRingsOnly=True)
    pattern = Chem.MolFromSmarts(shared.smartsString) if shared.smartsString else Chem.Mol()
    first, second = (
        sorted(set(range(mol.GetNumAtoms())) - set(mol.GetSubstructMatch(pattern) if shared.numAtoms else ()))
        for mol in mols
    )
    return first, second


def _axes(panels: int, rows: int = 1, width: float = 9.0, height: float = 3.2) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(width, height), dpi=130, facecolor="white", layout="constrained")
    axes = canvas.subplots(rows, -(-panels // rows), squeeze=False).ravel().tolist()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return canvas, axes


def _pixels(canvas: Any) -> NDArray[np.uint8]:
    from PIL import Image

    stream = BytesIO()
    canvas.savefig(stream, format="png")
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB")).copy()


def _properties(real: Sequence[str], made: Sequence[str]) -> Figure:
    from matplotlib.ticker import MaxNLocator

    a, b = (properties(part, SHOWN_PROPERTIES) for part in (real, made))
    canvas, axes = _axes(len(SHOWN_PROPERTIES), rows=2, width=12, height=4.8)
    for ax, name, x, z in zip(axes, SHOWN_PROPERTIES, a.T, b.T, strict=True):
        values = np.concatenate([x, z])
        whole = bool((values == values.round()).all())
        low, high = (values.min(), values.max()) if whole else np.quantile(values, [0.002, 0.998])
        step = max(1.0, float(round((high - low) / 30))) if whole else max((high - low) / 30, 1e-6)
        edges = np.arange(low - (0.5 if whole else 0), high + 1.5 * step, step)
        for part, colour, label in ((x, REAL, "real"), (z, MADE, "generated")):
            weights = np.full(len(part), 1 / len(part))
            ax.hist(part, edges, weights=weights, histtype="step", color=colour, label=label, linewidth=1.4)
        ax.set_xlabel(LABELS[name].replace(" (1 easy, 10 hard)", ""), fontsize=9)
        ax.tick_params(labelsize=8)
        if whole:
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    for ax in axes[:: len(axes) // 2]:
        ax.set_ylabel("share of molecules", fontsize=9)
    canvas.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    caption = "How properties are spread, real and generated. Values beyond the outermost 0.2 % are not shown."
    return Figure("properties", "Properties", caption, _pixels(canvas))


def _space(real: Sequence[str], made: Sequence[str]) -> Figure:
    """Both sets on the first two principal components of the real fingerprints."""
    from scipy.ndimage import gaussian_filter

    a, b = (np.log1p(count_fingerprints(part, size=1024), dtype=np.float64) for part in (real, made))
    mean = a.mean(0)
    axes_of_real = np.linalg.svd(a - mean, full_matrices=False)[2][:2].T  # D x 2
    a, b = (a - mean) @ axes_of_real, (b - mean) @ axes_of_real
    canvas, panels = _axes(2, width=9.6, height=4.6)
    both = np.concatenate([a, b])
    low, high = both.min(0), both.max(0)
    margin = 0.06 * (high - low) + 1e-6
    span = [(low[i] - margin[i], high[i] + margin[i]) for i in range(2)]
    counts, x_edges, y_edges = np.histogram2d(a[:, 0], a[:, 1], bins=80, range=span)
    density = gaussian_filter(counts, 2.5)
    centres = [(edges[1:] + edges[:-1]) / 2 for edges in (x_edges, y_edges)]
    levels = density.max() * np.array([0.02, 0.1, 0.25, 0.5, 0.75])
    for ax, points, colour, name in zip(panels, (a, b), (REAL, MADE), ("real", "generated"), strict=True):
        ax.contour(*centres, density.T, levels=levels, colors="#9aa5b1", linewidths=0.7)
        ax.plot(points[:, 0], points[:, 1], ".", markersize=3, color=colour, alpha=0.5, markeredgewidth=0)
        ax.set(xlim=span[0], ylim=span[1], title=name, xlabel="first principal component of fingerprints")
        ax.set(xticks=[], yticks=[])
    panels[0].set_ylabel("second principal component")
    caption = (
        "Molecules by the two directions in which real fingerprints differ most; the lines show in both panels where "
        "real molecules are dense. Generated ones should fill the same places."
    )
    return Figure("space", "Chemical space", caption, _pixels(canvas))


def _scaffolds(real: Sequence[str | None], made: Sequence[str | None]) -> Figure:
    a, b = (Counter(frame for frame in part if frame) for part in (real, made))
    shares = {frame: (a[frame] / len(real), b[frame] / len(made)) for frame in a.keys() | b.keys()}
    often = sorted(shares, key=lambda frame: (-sum(shares[frame]), frame))[:FRAMES]
    drawings = [
        Drawing(frame, f"real {shares[frame][0]:.1%}, generated {shares[frame][1]:.1%}".replace("%", " %"))
        for frame in often
    ]
    caption = "The most frequent scaffolds of two rings or more in both sets, and the share of molecules built on each."
    return Figure("scaffolds", "Frequent scaffolds", caption, picture(drawings, COLUMNS))


def _walks(walks: Sequence[Sequence[str]]) -> Figure:
    drawings = [_drawing(text, "") for walk in walks for text in walk]
    return Figure(
        "interpolation",
        "Between samples",
        "Each row walks from one latent to another.",
        picture(drawings, max(map(len, walks))),
    )
