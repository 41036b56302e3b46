"""The doors of the tasks of images: ``vivogan.images.count``, ``.segment`` and ``.classify``."""

from __future__ import annotations

from vivogan.domains.tasks.api import TaskDoor

COUNT, SEGMENT, CLASSIFY = (TaskDoor("images", name) for name in ("count", "segment", "classify"))
