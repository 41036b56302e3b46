"""What a run was asked for and what was planned: ``config.toml``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Generic, TypeVar

from pydantic import Field

from vivogan.core.configuration import Settings
from vivogan.domains.base import Domain, Plan
from vivogan.errors import DamagedRun

P = TypeVar("P", bound=Plan)


class RunConfig(Settings, Generic[P]):
    """The command as it was resolved; ``plan`` holds every hyper-parameter."""

    domain: str
    source: str
    read: dict[str, str] = Field(default_factory=dict)
    budget: str
    seed: int
    device: str
    threads: int
    overrides: tuple[str, ...] = ()
    plan: P


def config_model(domain: Domain) -> type[RunConfig[Any]]:
    """``RunConfig`` with the plan of a domain."""
    return RunConfig[domain.plan_model]  # type: ignore[name-defined]


def domain_named(name: str) -> Domain:
    """The domain of a run folder, by its name; each domain is the folder of that name."""
    try:
        found: Domain = import_module(f"vivogan.domains.{name}").DOMAIN
    except (ImportError, AttributeError) as error:
        raise DamagedRun(f"the run is of domain '{name}', which this vivogan does not have") from error
    return found
