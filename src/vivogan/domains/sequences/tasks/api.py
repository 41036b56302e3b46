"""The door of the task of sequences: ``vivogan.sequences.predict``."""

from __future__ import annotations

from vivogan.domains.tasks.api import TaskDoor

PREDICT = TaskDoor("sequences", "activity")
