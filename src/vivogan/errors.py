"""What can go wrong, said in one line: what happened, where, and how to mend it."""

from __future__ import annotations


class VivoganError(Exception):
    """A failure the user can understand; ``exit_code`` is what the command line returns."""

    exit_code = 1

    def __init__(self, message: str, mend: str = "") -> None:
        self.message = message
        self.mend = mend
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.message}. {self.mend}" if self.mend else self.message
        return " ".join(text.split())


class UserError(VivoganError):
    """The input or the command is wrong."""

    exit_code = 2


class InputError(UserError):
    """A file, or one record of it, cannot be used."""

    def __init__(self, file: object, reason: str, record: object | None = None, mend: str = "") -> None:
        self.file = str(file)
        self.record = None if record is None else str(record)
        self.reason = reason
        where = self.file if self.record is None else f"{self.file}, {self.record}"
        super().__init__(f"{where}: {reason}", mend)


class SettingsError(UserError):
    """A setting is unknown, of the wrong type, or differs from the run's own."""


class RunInUse(UserError):
    """Another process holds the run folder."""


class DamagedRun(VivoganError):
    """A run or checkpoint cannot be trusted."""

    exit_code = 3


class TrainingStopped(VivoganError):
    """The guard stopped training; ``diagnosis`` says what it saw and tried."""

    exit_code = 4

    def __init__(self, message: str, diagnosis: str = "", mend: str = "") -> None:
        self.diagnosis = diagnosis
        super().__init__(message, mend)
