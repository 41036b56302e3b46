"""The command line: one thin file per noun; the work is done by the functions of the Python API."""

from vivogan.cli.app import main

__all__ = ["main"]
