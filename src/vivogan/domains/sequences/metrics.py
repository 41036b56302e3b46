"""The judgement of generated sequences: what each looks like, as numbers, and how far two sets are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vivogan.domains.sequences import composition
from vivogan.domains.sequences.alphabets import GAP, PROTEIN, Alphabet
from vivogan.domains.sequences.codec import SequenceCodec
from vivogan.domains.sequences.couplings import pair_scores
from vivogan.domains.sequences.identity import diversity, nearest_identity, novelty, unique
from vivogan.domains.sequences.kmers import alphabet_of, kmer_divergence
from vivogan.domains.sequences.motifs import most_placed, motif_rate, peak
from vivogan.domains.sequences.telling import cnn_auc, forest_auc

Direction = Literal["higher", "lower"]
# The longest words whose frequencies a few thousand sequences can tell.
LONGEST_WORD = {"DNA": 6, "RNA": 6, "protein": 2}
_CODE = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"  # the standard code, codons from AAA to TTT


def summaries(x: Tensor, codec: SequenceCodec) -> dict[str, NDArray[np.float64]]:
    """Statistics [n, 1] of encoded sequences x [n, A, L], by name.

    All: entropy of 3-mers (protein: of letters), longest run. Nucleic: GC content. Protein, and the peptides of coding
    DNA: net charge at pH 7, hydrophobicity. Where sequences differ in length: length. Alignments: share of gaps.
    """
    return described(codec.decode(x), codec.alphabet, codec.aligned, codec.coding, codec.ends)


def described(
    sequences: Sequence[str], alphabet: Alphabet, aligned: bool = False, coding: bool = False, ends: bool = True
) -> dict[str, NDArray[np.float64]]:
    """The statistics of ``summaries``, of decoded sequences."""
    protein = alphabet is PROTEIN
    found = {} if protein else {"GC content": composition.gc_content(sequences)}
    if protein or coding:
        peptides = [translated(sequence) for sequence in sequences] if coding else sequences
        found["net charge"] = composition.net_charge(peptides)
        found["hydrophobicity"] = composition.hydrophobicity(peptides)
    if ends and not aligned:
        found["length"] = np.array([len(sequence) for sequence in sequences], np.float64)
    if aligned:
        found["gap share"] = composition.gap_share(sequences)
    found["complexity"] = composition.complexity(sequences, alphabet.letters, 1 if protein else 3)
    found["longest run"] = composition.longest_run(sequences, alphabet.letters)
    return {name: values[:, None] for name, values in found.items()}


def translated(coding: str) -> str:
    """The peptide of a reading frame of DNA, by the standard code, up to the first stop codon; X for a codon with an
    ambiguity letter.

    >>> translated("ATGAAATAA")
    'MK'
    """
    peptide = []
    for i in range(0, len(coding) - 2, 3):
        places = ["ACGT".find(letter) for letter in coding[i : i + 3]]
        letter = "X" if min(places) < 0 else _CODE[16 * places[0] + 4 * places[1] + places[2]]
        if letter == "*":
            break
        peptide.append(letter)
    return "".join(peptide)


def literature(real: Sequence[str], made: Sequence[str]) -> dict[str, tuple[float, Direction]]:
    """The scores that papers on generated sequences print, with the better direction.

    K-mer divergence, GC distance, forest and CNN real-vs-generated AUC, the rate of the most place-bound word (how far
    from real), uniqueness; in alignments the correlation and the slope of connected pair frequencies.
    """
    alphabet = alphabet_of(real, made)
    aligned = any(GAP in sequence for sequence in real)
    k = LONGEST_WORD[alphabet.name]
    found: dict[str, tuple[float, Direction]] = {f"JSD {k}-mers (bits)": (kmer_divergence(real, made, k), "lower")}
    if alphabet is not PROTEIN:
        found["GC W1"] = (composition.gc_distance(real, made), "lower")
    word = None if aligned or alphabet is PROTEIN else most_placed(real)
    if word is not None:
        place = peak(real, word)
        gap = abs(motif_rate(real, word, place) - motif_rate(made, word, place))
        found[f"{word} at its peak, error"] = (gap, "lower")
    if aligned:
        correlation, slope = pair_scores(real, made)
        found["pair couplings r"] = (correlation, "higher")
        found["pair couplings slope"] = (slope, "higher")
    if min(len(real), len(made)) >= 20:
        found["forest AUC (summary features)"] = (forest_auc(real, made, aligned), "lower")
        found["CNN AUC"] = (cnn_auc(real, made), "lower")
    found["unique"] = (unique(made), "higher")
    found["diversity"] = (diversity(made), "higher")
    return found


def copies(made: Sequence[str], train: Sequence[str]) -> dict[str, float]:
    """How near generated sequences come to the training ones: nearest identity (median, max) and novelty."""
    identity = nearest_identity(made, train)
    return {
        "nearest identity median": float(np.median(identity)),
        "nearest identity max": float(identity.max()),
        "novelty": novelty(made, train),
    }
