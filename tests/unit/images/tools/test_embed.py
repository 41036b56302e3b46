from __future__ import annotations

import numpy as np
import pytest
import torch

from vivogan.domains.images.networks import ImageDiscriminator
from vivogan.domains.images.tools.embed import embed, handcrafted, linear_probe, pixel_components
from vivogan.errors import UserError


def test_handcrafted_features_know_colour_and_texture() -> None:
    rng = torch.Generator().manual_seed(0)
    smooth = torch.rand(40, 3, 1, 1, generator=rng).expand(40, 3, 20, 20) - 0.5
    rough = smooth + 0.2 * torch.randn(40, 3, 20, 20, generator=rng)
    x, y = torch.cat([smooth, rough]), np.repeat([0, 1], 40)
    features = handcrafted(x)
    assert features.shape[0] == 80
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features[:, :3], x.mean((2, 3)).numpy(), atol=1e-6)
    assert linear_probe(features[::2], y[::2], features[1::2], y[1::2]) == 1.0


def test_a_turn_changes_no_colour_and_no_ring() -> None:
    x = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(1)) * 2 - 1
    one, other = handcrafted(x), handcrafted(x.transpose(-1, -2))
    np.testing.assert_allclose(one[:, :-36], other[:, :-36], atol=1e-9)


def test_components_are_fitted_elsewhere() -> None:
    x = torch.randn(30, 1, 5, 5)
    found = pixel_components(x, x[:20], 4)
    assert found.shape == (30, 4)
    assert abs(found[:20].mean(0)).max() < 1e-6


def test_a_discriminator_embeds_and_a_layer_does_not() -> None:
    network = ImageDiscriminator(16, 1, 2, width=4, features=6)
    x = torch.randn(5, 1, 16, 16)
    found = embed(network, x)
    assert found.shape == (5, 6)
    np.testing.assert_allclose(found, network.represent(x).detach().numpy(), atol=1e-6)
    with pytest.raises(UserError, match="no image features"):
        embed(torch.nn.Linear(2, 2), x)
