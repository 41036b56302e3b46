"""COCO's run lengths: masks as counts of 0 and 1 down the columns, plain or packed into text.

The packed form is that of ``rleFrString`` in the COCO API: five bits a character from "0" on, sign-extended, and from
the third count on the difference to the count two before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

START = 48  # the character "0"


def unpack(text: str) -> list[int]:
    """The counts of a packed text. Raises ``ValueError`` when it is none."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - START
        if not 0 <= code < 64:
            raise ValueError(f"the character {character!r} is none of a run length")
        value |= (code & 31) << shift
        shift += 5
        if shift > 60:
            raise ValueError("a run length has no end")
        if not code & 32:
            if code & 16:
                value -= 1 << shift
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    if shift:
        raise ValueError("the last run length is cut off")
    return counts


def pack(counts: Sequence[int]) -> str:
    """The text of counts, which ``unpack`` reads."""
    characters = []
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        more = True
        while more:
            code = value & 31
            value >>= 5
            more = value != (-1 if code & 16 else 0)
            characters.append(chr(START + (code | 32 if more else code)))
    return "".join(characters)


def decode(counts: str | Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """The mask [height, width] of plain or packed counts. Raises ``ValueError`` when they do not fill it exactly."""
    runs = unpack(counts) if isinstance(counts, str) else [int(count) for count in counts]
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError(f"the run lengths do not fill {height} x {width} pixels")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def encode(mask: NDArray[np.bool_]) -> list[int]:
    """The plain counts of a mask [H, W], starting with the zeros."""
    flat = np.asarray(mask, bool).T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return [0, *counts] if flat.size and flat[0] else counts
