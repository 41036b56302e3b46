"""What this machine is and offers: processors, memory, graphics cards, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivogan.errors import UserError

if TYPE_CHECKING:
    import torch

_PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "scikit-image", "safetensors", "pydantic")
_CGROUPS = Path("/sys/fs/cgroup")


def describe() -> dict[str, Any]:
    """The machine in words and numbers, for ``env.json``, benchmarks and ``vivogan doctor``.

    Returns ``{"system", "python", "cpu", "threads", "memory_bytes", "memory_available_bytes", "gpu": [names],
    "bf16": {"cpu": bool, "cuda": bool}, "versions": {package: version}, "commit"}``; what is not known is ``None``.
    """
    from vivogan import __version__  # not from the metadata, which a source tree on the path does not have

    graphics = _graphics()
    total, available = _memory()
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cpu": _cpu_model(),
        "threads": free_threads(),
        "memory_bytes": total,
        "memory_available_bytes": available,
        "gpu": graphics,
        "bf16": {"cpu": bf16_is_fast("cpu"), "cuda": bool(graphics) and bf16_is_fast("cuda")},
        "versions": {"vivogan": __version__}
        | {name: found for name in _PACKAGES if (found := _version(name)) is not None},
        "commit": commit(),
    }


def free_threads() -> int:
    """How many threads this process may really run at once: its processors, less what a container's quota takes."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = _processor_quota()
    return processors if quota is None else max(1, min(processors, int(quota)))


def bf16_is_fast(device: str | torch.device) -> bool:
    """Whether bfloat16 runs in hardware: compute capability 8 or more on CUDA; AMX, AVX-512 or Arm BF16 on a CPU."""
    name = str(device)
    if name.startswith("cuda"):
        import torch

        return torch.cuda.is_available() and torch.cuda.get_device_capability(name)[0] >= 8
    return name.startswith("cpu") and bool({"amx_bf16", "avx512_bf16", "bf16"} & _cpu_flags())


def device(name: str = "auto") -> str:
    """The device to use: ``auto`` takes CUDA where there is one; ``cuda:1`` names a card.

    Raises ``UserError`` when the name is unknown, or when CUDA is asked for and there is none.
    """
    kind, _, number = name.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (number and (kind != "cuda" or not number.isdecimal())):
        raise UserError(f'device: "{name}" is unknown', "Choose auto, cpu or cuda")
    if kind == "cpu":
        return "cpu"
    import torch

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "auto":
        return "cuda" if cards else "cpu"
    if not cards:
        raise UserError("device: no CUDA device is usable here", "Choose cpu, or install a CUDA build of torch")
    if number and int(number) >= cards:
        raise UserError(f"device: there is no {name}, only {cards} CUDA device(s)", "They count from cuda:0")
    return name


@cache
def commit() -> str | None:
    """The git commit of the source tree that runs, with ``+changes`` when it was edited; ``None`` when installed."""
    here = Path(__file__).resolve()
    # An environment inside another project's repository is not that project: the file itself must be tracked.
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None
    head = _git(here.parent, "rev-parse", "HEAD")
    changed = _git(here.parent, "status", "--porcelain", "--untracked-files=no", "--", str(here.parents[1]))
    return f"{head}+changes" if head and changed else head


def _git(folder: Path, *arguments: str) -> str | None:
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}  # a question must not lock somebody's repository
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _graphics() -> list[str]:
    import torch

    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


@cache
def _cpuinfo() -> str:
    return _text(Path("/proc/cpuinfo")) or ""


def _cpu_model() -> str | None:
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or None


def _cpu_flags() -> set[str]:
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return set(value.split())
    return set()


def _memory() -> tuple[int | None, int | None]:
    """Memory in all and available, in bytes; a container's limit counts as all there is."""
    lines = (line.partition(":") for line in (_text(Path("/proc/meminfo")) or "").splitlines())
    kilobytes = {key: int(value.split()[0]) for key, _, value in lines if value.split()}
    total = kilobytes["MemTotal"] * 1024 if "MemTotal" in kilobytes else None
    available = kilobytes["MemAvailable"] * 1024 if "MemAvailable" in kilobytes else None
    for folder in _own_groups():
        limit, used = _text(folder / "memory.max"), _text(folder / "memory.current")
        if limit and used and limit.strip().isdecimal():
            total = min(int(limit), total or int(limit))
            left = max(0, int(limit) - int(used))
            available = left if available is None else min(available, left)
    return total, available


def _processor_quota() -> float | None:
    """The processors that the container may use on average (cgroup v2 ``cpu.max``), in this group or any above it."""
    quotas = []
    for folder in _own_groups():
        words = (_text(folder / "cpu.max") or "max").split()  # "quota period" in microseconds, or "max period"
        if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal():
            quotas.append(int(words[0]) / int(words[1]))
    return min(quotas, default=None)


def _own_groups() -> list[Path]:
    """The folders of this process's control group (v2) and of all groups above it."""
    for line in (_text(Path("/proc/self/cgroup")) or "").splitlines():
        if line.startswith("0::"):
            group = _CGROUPS / line.removeprefix("0::").lstrip("/")
            return [folder for folder in (group, *group.parents) if folder == _CGROUPS or _CGROUPS in folder.parents]
    return []


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return None
