"""Pictures of every kind of sequences."""

import numpy as np
import pytest

from vivogan.domains.sequences.lettering import NUCLEIC_COLOURS, Line, page
from vivogan.domains.sequences.plots import figures, information


def gallery(real: list[str], made: list[str]) -> dict:
    return {
        "classes": ["a", "b"], "y": np.arange(len(real)) % 2, "real": real, "made": made, "closest_made": made[:3],
        "closest_train": real[:3], "train": real, "walk": [made[:3]],
    }  # fmt: skip


def drawn(seed: int, letters: str, lengths: tuple[int, int], count: int = 30) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(letters), size)) for size in rng.integers(*lengths, count)]


KINDS = {
    "DNA": ("ACGT", (90, 91)),
    "peptides": ("ACDEFGHIKLMNPQRSTVWY", (1, 12)),
    "alignment": ("ACGU-", (12, 13)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_a_picture_with_words(kind: str) -> None:
    found = figures(gallery(drawn(0, *KINDS[kind]), drawn(1, *KINDS[kind])))
    names = [figure.name for figure in found]
    assert {"real", "generated", "nearest", "logos", "words", "composition", "interpolation"} <= set(names)
    assert ("couplings" in names) == (kind == "alignment")
    assert len(names) == len(set(names))
    for figure in found:
        assert figure.image.dtype == np.uint8
        assert figure.image.ndim == 3
        assert figure.image.std() > 5
        assert figure.title
        assert figure.caption.endswith(".")


def test_a_word_at_its_place_is_drawn() -> None:
    rows = [row[:40] + "TATAAA" + row[46:] for row in drawn(2, "ACGT", (90, 91), 60)]
    motif = [figure for figure in figures(gallery(rows, drawn(3, "ACGT", (90, 91), 60))) if figure.name == "motif"]
    assert [figure.title for figure in motif] == ["Where TATAAA stands"]


def test_information_is_two_bits_where_nothing_varies() -> None:
    found = information(["AC"] * 100 + ["AG"] * 100, "ACGT", 2)
    assert found[0, 0] == pytest.approx(2, abs=0.02)
    assert found[1].tolist() == pytest.approx([0, 0.5, 0.5, 0], abs=0.01)


def test_letters_stand_on_their_ground() -> None:
    """The last of a hundred letters, drawn wide, must lie on the last cell and not beside it."""
    with_letters = page([Line("x", "A" * 119 + "M", [0.0] * 119 + [1.0])], NUCLEIC_COLOURS | {"M": "#ff0000"})
    last = with_letters[:, -60:]
    red = np.flatnonzero(((last[..., 0] > 200) & (last[..., 1] < 60)).any(0))
    dark = np.flatnonzero((last.max(2) < 60).any(0))
    inside = dark[(dark >= red.min()) & (dark <= red.max())]
    assert len(inside) >= 5
    assert dark.max() <= red.max()
