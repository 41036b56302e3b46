"""The judgement of generated molecules: what each is like, as numbers, and how far two sets are apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.base import Codec
from vivogan.domains.molecules.chemistry import molecule
from vivogan.domains.molecules.features import remembered, smiles_of
from vivogan.domains.molecules.filters import passing
from vivogan.domains.molecules.fingerprints import bit_fingerprints
from vivogan.domains.molecules.parallel import mapped
from vivogan.domains.molecules.properties import properties
from vivogan.domains.molecules.similarity import mean_alike, most_alike
from vivogan.domains.molecules.suites import chemnet
from vivogan.domains.molecules.suites.pieces import cosine, fragments, scaffold

Floats = NDArray[np.float64]
Direction = Literal["higher", "lower"]
SUMMARIES = {"logP": "logp", "SA": "sa", "QED": "qed", "weight": "weight"}
BITS = 1024  # as MOSES compares


def summaries(x: Tensor, codec: Codec) -> dict[str, Floats]:
    """logP, synthetic accessibility, drug-likeness and weight, [n, 1] each, of encoded molecules x [n, …].

    What is no molecule has the means of those that are: it is counted by "valid", not here.
    """
    return remembered(x, ("summaries", id(codec)), lambda: described(smiles_of(codec, x)))


def described(smiles: Sequence[str]) -> dict[str, Floats]:
    """The statistics of ``summaries``, of SMILES."""
    table = properties(smiles, tuple(SUMMARIES.values()))
    known = ~np.asarray(np.isnan(table).any(1))
    means = table[known].mean(0) if known.any() else np.zeros(table.shape[1])
    table = np.where(known[:, None], table, means)
    return {name: table[:, i : i + 1] for i, name in enumerate(SUMMARIES)}


def valid(smiles: Sequence[str]) -> NDArray[np.bool_]:
    """Which of n SMILES stand for a molecule."""
    return np.array(mapped(_valid, smiles), bool)


def _valid(smiles: Sequence[str]) -> list[bool]:
    return [(mol := molecule(text)) is not None and mol.GetNumAtoms() > 0 for text in smiles]


def unique(smiles: Sequence[str]) -> float:
    """The share of different molecules among canonical SMILES."""
    return len(set(smiles)) / max(1, len(smiles))


def novelty(smiles: Sequence[str], known: Sequence[str]) -> float:
    """The share of different molecules that are not among the known ones, both canonical."""
    different = set(smiles)
    return len(different - set(known)) / max(1, len(different))


def fragment_similarity(real: Sequence[str], made: Sequence[str]) -> float:
    """The cosine of the counts of BRICS fragments (MOSES: Frag)."""
    return cosine(*(Counter(piece for one in fragments_of(part) for piece in one) for part in (real, made)))


def scaffold_similarity(real: Sequence[str], made: Sequence[str]) -> float:
    """The cosine of the counts of scaffolds of two rings or more (MOSES: Scaf)."""
    return cosine(*(Counter(one for one in scaffolds_of(part) if one) for part in (real, made)))


def fragments_of(smiles: Sequence[str]) -> list[list[str]]:
    """The BRICS fragments of each of n SMILES."""
    return mapped(_fragments, smiles)


def scaffolds_of(smiles: Sequence[str]) -> list[str | None]:
    """The scaffold of each of n SMILES; None where it has fewer than two rings."""
    return mapped(_scaffold, smiles)


def _fragments(smiles: Sequence[str]) -> list[list[str]]:
    return [fragments(mol) if (mol := molecule(text)) is not None else [] for text in smiles]


def _scaffold(smiles: Sequence[str]) -> list[str | None]:
    return [scaffold(mol) if (mol := molecule(text)) is not None else None for text in smiles]


def nearest_similarity(made: Sequence[str], known: Sequence[str]) -> Floats:
    """The Tanimoto similarity of each of made with the most alike of known (Morgan, radius 2, 1024 bits): [n]."""
    return most_alike(bit_fingerprints(made, size=BITS), bit_fingerprints(known, size=BITS))[0]


def diversity(made: Sequence[str]) -> Floats:
    """The mean Tanimoto dissimilarity of each molecule with all, itself among them (MOSES: IntDiv): [n]."""
    packed = bit_fingerprints(made, size=BITS)
    return np.asarray(1 - mean_alike(packed, packed)[:, 0])


def literature(real: Sequence[str], made: Sequence[str]) -> dict[str, tuple[float, Direction]]:
    """The scores that papers on generated molecules print, with the better direction.

    Validity and uniqueness; of the valid: FCD where the package ``fcd`` is installed, similarity to the nearest real
    molecule, of fragments and scaffolds, internal diversity, the share that passes the filters of MOSES.
    """
    whole = [text for text, fine in zip(made, valid(made), strict=True) if fine]
    found: dict[str, tuple[float, Direction]] = {"valid": (len(whole) / max(1, len(made)), "higher")}
    if not whole:
        return found
    real = [text for text, fine in zip(real, valid(real), strict=True) if fine]
    found["unique"] = (unique(whole), "higher")
    if chemnet.installed() and min(len(whole), len(real)) > 1:
        found["FCD"] = (chemnet.fcd(real, whole), "lower")
    found["SNN"] = (float(nearest_similarity(whole, real).mean()), "higher")
    found["fragment similarity"] = (fragment_similarity(real, whole), "higher")
    found["scaffold similarity"] = (scaffold_similarity(real, whole), "higher")
    found["IntDiv"] = (float(diversity(whole).mean()), "higher")
    found["filters"] = (float(np.mean(passing(whole))), "higher")
    return {name: score for name, score in found.items() if not np.isnan(score[0])}
