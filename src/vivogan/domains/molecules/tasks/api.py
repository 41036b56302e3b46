"""The door of the task of molecules: ``vivogan.molecules.predict``."""

from __future__ import annotations

from vivogan.domains.tasks.api import TaskDoor

PREDICT = TaskDoor("molecules", "activity")
