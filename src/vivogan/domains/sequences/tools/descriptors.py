"""What is known of sequences without learning: words, pairs, charge, hydrophobic moments; differentiable in x."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vivogan.domains.sequences.alphabets import PROTEIN, Alphabet

# Of the residues A C D E F G H I K L M N P Q R S T V W Y.
HYDROPHOBICITY = (  # consensus scale (Eisenberg et al. 1984)
    0.62, 0.29, -0.90, -0.74, 1.19, 0.48, -0.40, 1.38, -1.50, 1.06,
    0.64, -0.78, 0.12, -0.85, -2.53, -0.18, -0.05, 1.08, 0.81, 0.26,
)  # fmt: skip
CHARGE = (0, 0, -1, -1, 0, 0, 0.1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)  # at pH 7
VOLUME = (  # Å³ / 100 (Zamyatnin 1972)
    0.886, 1.085, 1.111, 1.384, 1.899, 0.601, 1.532, 1.667, 1.686, 1.667,
    1.629, 1.141, 1.127, 1.438, 1.734, 0.890, 1.161, 1.400, 2.278, 1.936,
)  # fmt: skip
HELIX = (  # propensity (Chou and Fasman 1978)
    1.42, 0.70, 1.01, 1.51, 1.13, 0.57, 1.00, 1.08, 1.16, 1.21,
    1.45, 0.67, 0.57, 1.11, 0.98, 0.77, 0.83, 1.06, 1.08, 0.69,
)  # fmt: skip
ANGLES = (100, 160)  # degrees a residue turns in an α helix and in a β strand
WINDOW = 11  # residues of a hydrophobic moment
GAPS = (1, 2, 3, 4)  # letters from one of a pair to the other
LAGS = (1, 2, 3, 4, 5, 7)
LONGEST_WORD = 4  # of nucleic acids
WINDOWS = 8  # in which the words of sequences of one length are counted apart


class Descriptors(nn.Module):
    """x [n, A, L] → blocks of numbers, [n, F₁], [n, F₂], …; rows beyond the letters (gap, end) are left out."""

    scales: Tensor

    def __init__(self, alphabet: Alphabet, ends: bool) -> None:
        super().__init__()
        self.letters, self.protein, self.ends = len(alphabet.letters), alphabet is PROTEIN, ends
        scales = torch.tensor([HYDROPHOBICITY, CHARGE, VOLUME, HELIX])
        self.register_buffer("scales", scales, persistent=False)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = x[:, : self.letters]
        if self.protein:
            pairs = torch.cat([(torch.einsum("nal,nbl->nab", x[..., :-g], x[..., g:])).flatten(1) for g in GAPS], 1)
            found = [self.chemistry(x), root(pairs)]
            return found if self.ends else [*found, x.flatten(1)]  # of one length: which residue stands where
        return [torch.cat([root(words(x, k).sum(-1)) for k in range(1, LONGEST_WORD + 1)], 1), self.placed(x)]

    def placed(self, x: Tensor) -> Tensor:
        """Words of three letters by part of the sequence; the thirds of each, where lengths differ."""
        found = words(x, 3)  # n x 64 x L'
        if not self.ends:
            return torch.cat([root(part.sum(-1)) for part in found.tensor_split(WINDOWS, -1)], 1)
        size = x.sum((1, 2)).clamp(min=1)[:, None, None]
        place = torch.arange(found.shape[2], dtype=x.dtype, device=x.device) / size  # n x 1 x L', 0…1
        return torch.cat(
            [root((found * (1 - 3 * (place - at).abs()).clamp(min=0)).sum(-1)) for at in (0.0, 0.5, 1.0)], 1
        )

    def chemistry(self, x: Tensor) -> Tensor:
        """Composition, length, and the course of charge, hydrophobicity and volume along the sequence, [n, F]."""
        there = x.sum(1)  # n x L
        size = there.sum(-1, keepdim=True).clamp(min=1)  # n x 1
        counts = x.sum(-1)
        profile = torch.einsum("pa,nal->npl", self.scales, x)  # n x 4 x L
        means = profile.sum(-1) / size  # n x 4
        hydro, charge = profile[:, 0], profile[:, 1]
        spread = ((hydro - means[:, :1]).square() * there).sum(-1, keepdim=True) / size
        place = there.cumsum(-1) / size  # 0…1 along the sequence
        parts = [there * (1 - 2 * (place - at).abs()).clamp(min=0) for at in (0.0, 0.5, 1.0)]
        along = [(profile[:, :3] * w[:, None]).sum(-1) / w.sum(-1, keepdim=True).clamp(min=1e-3) for w in parts]
        moments = [moment for angle in ANGLES for moment in turning(hydro, size, math.radians(angle))]
        lags = [
            (one[:, :-g] * one[:, g:]).sum(-1, keepdim=True) / (size - g).clamp(min=1)
            for one in (hydro, charge)
            for g in LAGS
        ]
        whole = [size, size.log(), charge.sum(-1, keepdim=True), means, (spread + 1e-4).sqrt()]
        return torch.cat([*whole, *along, *moments, *lags, counts / size, counts.log1p()], 1)


def turning(hydro: Tensor, size: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    """Hydrophobic moment a residue of the whole and of the best window (Eisenberg et al. 1982, eq. 1), [n, 1] each."""
    turn = angle * torch.arange(hydro.shape[1], dtype=hydro.dtype, device=hydro.device)
    waves = torch.stack([hydro * turn.cos(), hydro * turn.sin()], 1)  # n x 2 x L
    whole = (waves.sum(-1).square().sum(1, keepdim=True) + 1e-6).sqrt() / size
    padded = nn.functional.pad(waves, (0, max(0, WINDOW - waves.shape[2])))
    best = nn.functional.avg_pool1d(padded, WINDOW, 1).square().sum(1)  # n x L'
    return whole, (best.amax(-1, keepdim=True) + 1e-6).sqrt()


def words(x: Tensor, k: int) -> Tensor:
    """How surely each word of k letters begins at each place, [n, A^k, L − k + 1]."""
    places = max(0, x.shape[2] - k + 1)
    found = x[..., :places]
    for i in range(1, k):
        found = torch.einsum("nal,nbl->nabl", found, x[..., i : i + places]).flatten(1, 2)
    return found


def root(counts: Tensor) -> Tensor:
    """√ of counts, with a slope at zero."""
    return (counts + 0.25).sqrt() - 0.5
