"""Print golden.json: the published implementations' own numbers on the inputs of inputs.py.

    python -m tests.reference.make_golden > tests/reference/golden.json

Needs torch-fidelity, torchmetrics and prdc; nothing of vivogan is imported here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from typing import Any

import numpy as np
import torch

from tests.reference.inputs import FEATURE_SETS, RESIZES, feature_pair, images, logits, seeded_state
from tests.reference.libraries import torch_fidelity, torchmetrics, versions


def torch_fidelity_fid(a: np.ndarray, b: np.ndarray) -> float:
    module = torch_fidelity("metric_fid")
    stats = [module.fid_features_to_statistics(torch.from_numpy(x)) for x in (a, b)]
    return float(module.fid_statistics_to_metric(*stats, verbose=False)["frechet_inception_distance"])


def torchmetrics_fid(a: np.ndarray, b: np.ndarray) -> float:
    stats = [s for x in (a, b) for s in (torch.from_numpy(x.mean(axis=0)), torch.cov(torch.from_numpy(x).T))]
    return float(torchmetrics("image.fid")._compute_fid(*stats))


def torch_fidelity_kid(a: np.ndarray, b: np.ndarray, subsets: int, size: int, seed: int) -> list[float]:
    options = {"kid_subsets": subsets, "kid_subset_size": size, "rng_seed": seed, "verbose": False}
    found = torch_fidelity("metric_kid").kid_features_to_metric(torch.from_numpy(a), torch.from_numpy(b), **options)
    return [found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]]


def torchmetrics_kid(a: np.ndarray, b: np.ndarray) -> float:
    """All rows at once; both sets are cut to equal size."""
    n = min(len(a), len(b))
    return float(torchmetrics("image.kid").poly_mmd(torch.from_numpy(a[:n]), torch.from_numpy(b[:n])))


def torch_fidelity_rbf(a: np.ndarray, b: np.ndarray, sigma: float) -> float:
    n = min(len(a), len(b))
    options = {"kid_kernel": "rbf", "kid_kernel_rbf_sigma": sigma}
    return float(torch_fidelity("metric_kid").kernel_mmd(a[:n], b[:n], **options))


def torch_fidelity_isc(x: np.ndarray, splits: int) -> list[float]:
    found = torch_fidelity("metric_isc").isc_features_to_metric(torch.from_numpy(x), splits=splits, shuffle=False)
    return [found["inception_score_mean"], found["inception_score_std"]]


def prdc(a: np.ndarray, b: np.ndarray, k: int) -> dict[str, float]:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(a, b, k)
    return {name: float(value) for name, value in found.items()}


def inception_network(dtype: str) -> Any:
    """torch-fidelity's network with the seeded weights."""
    extractor = torch_fidelity("feature_extractor_inceptionv3")
    original = extractor.load_state_dict_from_url
    extractor.FeatureExtractorInceptionV3.load_state_dict = lambda self, state: None
    try:
        extractor.load_state_dict_from_url = lambda *args, **kwargs: {}
        names = ["2048", "logits_unbiased"]
        network = extractor.FeatureExtractorInceptionV3("seeded", names, feature_extractor_internal_dtype=dtype)
    finally:
        extractor.load_state_dict_from_url = original
        del extractor.FeatureExtractorInceptionV3.load_state_dict
    network.load_state_dict(seeded_state({name: tuple(t.shape) for name, t in network.state_dict().items()}))
    return network


def layout(state: dict[str, torch.Tensor]) -> str:
    """A hash of all names and shapes."""
    lines = sorted(f"{name} {list(tensor.shape)}" for name, tensor in state.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def resized(height: int, width: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    function = torch_fidelity("interpolate_compat_tensorflow").interpolate_bilinear_2d_like_tensorflow1x
    return function(images(height, width).to(dtype), size=(299, 299), align_corners=False)


def main() -> None:
    golden: dict[str, Any] = {"versions": versions("torch-fidelity", "torchmetrics", "prdc", "numpy", "torch")}
    golden["features"] = {}
    for name in FEATURE_SETS:
        a, b = feature_pair(name)
        golden["features"][name] = {
            "fid_torch_fidelity": torch_fidelity_fid(a, b),
            "fid_torchmetrics": torchmetrics_fid(a, b),
            "kid_torch_fidelity": torch_fidelity_kid(a, b, subsets=7, size=15, seed=2020),
            "kid_torchmetrics": torchmetrics_kid(a, b),
            "rbf_torch_fidelity": torch_fidelity_rbf(a, b, sigma=3.0),
            "prdc": {str(k): prdc(a, b, k) for k in (1, 3, 5)},
        }
    golden["inception_score"] = {str(splits): torch_fidelity_isc(logits(), splits) for splits in (1, 3, 10)}
    network = inception_network("float64")
    features, scores = network(images(40, 33))
    golden["inception"] = {
        "layout": layout(network.state_dict()),
        "parameters": sum(p.numel() for p in network.parameters()),
        "features": features[:, ::128].tolist(),
        "logits": scores[:, ::63].tolist(),
    }
    golden["resize"] = {f"{h}x{w}": resized(h, w)[0, :, ::74, ::74].tolist() for h, w in RESIZES}
    print(json.dumps(golden, indent=1))


if __name__ == "__main__":
    main()
