"""Molecules as pictures: grids with legends and what matters in colour; SVG for people, pixels for figures.

The same substructure lies the same way in every molecule of a grid where one is named, so that a series reads as one.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vivogan.domains.molecules.chemistry import Mol, molecule
from vivogan.errors import UserError

SIZE = (240, 190)  # of one molecule: width, height
LEGEND = 15  # height of its letters
BLUE, ORANGE = (0.36, 0.60, 0.90), (0.95, 0.62, 0.33)  # raises, lowers; apart for all eyes
MARK = (0.98, 0.80, 0.42)
RADIUS = 0.38  # of a coloured atom
BOND = 26  # pixels of a bond, where the molecule leaves room for it
LEAST = 0.05  # share of the largest weight below which an atom stays white
MOST = 200  # molecules of one grid: a page has an end
SHORTENED = 34  # letters of a legend


@dataclass(frozen=True)
class Drawing:
    """One molecule of a grid.

    ``legend`` stands below it. ``atoms`` are marked, with the bonds between them; ``weights``, one an atom, colour
    them instead: blue raises, orange lowers. Atoms are counted in the order of the SMILES.
    """

    smiles: str
    legend: str = ""
    atoms: Sequence[int] = ()
    weights: Sequence[float] | None = None


def svg(
    drawings: Sequence[Drawing], columns: int = 5, size: tuple[int, int] = SIZE, contains: str | None = None
) -> str:
    """A grid as SVG with a white ground.

    Args:
        columns: at most so many molecules beside one another.
        contains: SMARTS that is marked wherever it occurs, and lies alike in all molecules.

    Raises ``UserError`` when ``contains`` is no SMARTS.
    """
    from rdkit.Chem.Draw import rdMolDraw2D

    text: str = _drawn(rdMolDraw2D.MolDraw2DSVG, drawings, columns, size, contains)
    return text.replace("<?xml version='1.0' encoding='iso-8859-1'?>\n", "")  # it is written as UTF-8, and into pages


def picture(
    drawings: Sequence[Drawing], columns: int = 5, size: tuple[int, int] = SIZE, contains: str | None = None
) -> NDArray[np.uint8]:
    """The same grid as pixels [H, W, 3]."""
    from PIL import Image
    from rdkit.Chem.Draw import rdMolDraw2D

    png = _drawn(rdMolDraw2D.MolDraw2DCairo, drawings, columns, size, contains)
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB")).copy()


def _drawn(canvas: Any, drawings: Sequence[Drawing], columns: int, size: tuple[int, int], contains: str | None) -> Any:
    """What a canvas of RDKit holds after the grid was drawn on it: text, or the bytes of a PNG."""
    pattern = None if contains is None else query(contains)
    shown = drawings[:MOST] or [Drawing("", "no molecule")]
    columns = max(1, min(columns, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    drawer = canvas(columns * size[0], rows * size[1], *size)
    options = drawer.drawOptions()
    options.legendFontSize = LEGEND
    options.legendFraction = 0.14
    options.padding = 0.06
    options.bondLineWidth = 1.4
    options.highlightRadius = RADIUS
    options.fillHighlights = True
    options.maxFontSize = 18
    options.clearBackground = True
    options.drawMolsSameScale = False  # or one large molecule makes all others too small to read
    options.fixedBondLength = BOND
    mols = [_placed(drawing.smiles, pattern) for drawing in shown]
    colours = [_colours(drawing, mol, pattern) for drawing, mol in zip(shown, mols, strict=True)]
    drawer.DrawMolecules(
        mols,
        legends=[_short(drawing.legend) for drawing in shown],
        highlightAtoms=[list(found) for found in colours],
        highlightBonds=[_between(mol, found) for mol, found in zip(mols, colours, strict=True)],
        highlightAtomColors=colours,
        highlightBondColors=[
            {b: found[mol.GetBondWithIdx(b).GetBeginAtomIdx()] for b in _between(mol, found)}
            for mol, found in zip(mols, colours, strict=True)
        ],
    )
    drawer.FinishDrawing()
    return drawer.GetDrawingText()


def query(smarts: str) -> Mol:
    """The substructure that a SMARTS (or SMILES) stands for. Raises ``UserError``."""
    from rdkit import Chem

    found = Chem.MolFromSmarts(smarts) if smarts else None
    if found is None or not found.GetNumAtoms():
        raise UserError(f"{smarts}: not a SMARTS", "For example: c1ccncc1 (pyridine), [CX3](=O)[OX2H] (an acid)")
    return found


def _placed(smiles: str, pattern: Mol | None) -> Mol:
    """The molecule with coordinates; a star where the SMILES cannot be read."""
    from rdkit import Chem
    from rdkit.Chem import rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D

    found: Mol = molecule(smiles) or molecule("*")
    mol = Chem.Mol(found)
    rdDepictor.SetPreferCoordGen(False)
    rdDepictor.Compute2DCoords(mol)
    if pattern is not None and mol.HasSubstructMatch(pattern):
        template = Chem.Mol(pattern)
        rdDepictor.Compute2DCoords(template)
        rdDepictor.GenerateDepictionMatching2DStructure(mol, template)
    else:
        rdDepictor.StraightenDepiction(mol)
    return rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False, kekulize=True)


def _colours(drawing: Drawing, mol: Mol, pattern: Mol | None) -> dict[int, tuple[float, float, float]]:
    """The colour of each atom that has one."""
    if drawing.weights is not None:
        return _shades(list(drawing.weights)[: mol.GetNumAtoms()])
    marked = set(drawing.atoms)
    if pattern is not None:
        found = molecule(drawing.smiles)  # the placed one is kekulised: its rings are no longer aromatic
        marked |= {atom for match in found.GetSubstructMatches(pattern) for atom in match} if found else set()
    return {atom: MARK for atom in sorted(marked) if atom < mol.GetNumAtoms()}


def _shades(weights: Sequence[float]) -> dict[int, tuple[float, float, float]]:
    """Blue for what raises and orange for what lowers, the deeper the more; white in between is left out."""
    values = np.asarray(weights, dtype=np.float64)
    top = float(np.abs(values).max(initial=0.0))
    if not top:
        return {}
    shades = {}
    for atom, share in enumerate((values / top).tolist()):
        if abs(share) > LEAST:
            deep = BLUE if share > 0 else ORANGE
            red, green, blue = (1 - abs(share) * (1 - part) for part in deep)
            shades[atom] = (red, green, blue)
    return shades


def _between(mol: Mol, atoms: dict[int, Any]) -> list[int]:
    """The bonds of which both ends are coloured."""
    return [b.GetIdx() for b in mol.GetBonds() if b.GetBeginAtomIdx() in atoms and b.GetEndAtomIdx() in atoms]


def _short(text: str) -> str:
    return text if len(text) <= SHORTENED else f"{text[: SHORTENED - 1]}…"
