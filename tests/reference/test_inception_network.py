"""The Inception network against torch-fidelity's with the same seeded weights: names, shapes, resize and outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.reference import make_golden
from tests.reference.inputs import RESIZES, images, seeded_state
from vivogan.nn.inception import InceptionV3, resize_like_tensorflow1

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text())


@pytest.fixture(scope="module")
def network() -> InceptionV3:
    ours = InceptionV3()
    ours.load_state_dict(seeded_state({name: tuple(t.shape) for name, t in ours.state_dict().items()}))
    return ours


def test_names_and_shapes_are_the_reference_s(network: InceptionV3) -> None:
    assert make_golden.layout(network.state_dict()) == GOLDEN["inception"]["layout"]
    assert sum(p.numel() for p in network.parameters()) == GOLDEN["inception"]["parameters"]


def test_features_and_logits_are_the_stored_ones(network: InceptionV3) -> None:
    features, logits = network(images(40, 33))
    assert features.shape == (2, 2048)
    assert logits.shape == (2, 1008)
    stored = {name: torch.tensor(GOLDEN["inception"][name]) for name in ("features", "logits")}
    torch.testing.assert_close(features[:, ::128], stored["features"], rtol=1e-4, atol=1e-5)  # stored in float64
    torch.testing.assert_close(logits[:, ::63], stored["logits"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", RESIZES)
def test_resize_is_the_stored_one(size: tuple[int, int]) -> None:
    ours = resize_like_tensorflow1(images(*size).double())[0, :, ::74, ::74]
    stored = torch.tensor(GOLDEN["resize"][f"{size[0]}x{size[1]}"], dtype=torch.float64)
    torch.testing.assert_close(ours, stored, rtol=0, atol=1e-9)


def test_live_network(network: InceptionV3) -> None:
    reference = _reference_network()
    batch = images(61, 75)
    features, logits = network(batch)
    expected_features, expected_logits = reference(batch)
    torch.testing.assert_close(features, expected_features, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(logits, expected_logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-4)])
@pytest.mark.parametrize("size", [*RESIZES, (1, 1), (299, 28), (600, 17)])
def test_live_resize(size: tuple[int, int], dtype: torch.dtype, tolerance: float) -> None:
    _reference_network()
    ours = resize_like_tensorflow1(images(*size).to(dtype))
    torch.testing.assert_close(ours, make_golden.resized(*size, dtype), rtol=0, atol=tolerance)


def _reference_network() -> Any:
    try:
        return make_golden.inception_network("float32")
    except ImportError as error:
        pytest.skip(f"torch-fidelity cannot be imported: {error}")
