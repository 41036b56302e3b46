"""Runs vivogan's commands in forks of one process that has imported torch already: a start takes no seconds.

A request is a line of JSON on stdin, its answer one on stdout: ``{"arguments", "output", "errors", "die_at"}`` starts a
command and gives ``{"pid"}``; ``{"wait": pid}`` gives ``{"code"}``, negative for a signal. With ``die_at`` the command
sends itself SIGKILL (or ``signal``) at its n-th call that changes the disk; ``{"count": true}`` in its place writes
their number to ``errors``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

CHANGES = ("fsync", "replace", "rename", "unlink", "rmdir", "mkdir", "symlink")


def deadly(at: int, number: int) -> list[int]:
    """A signal at the call number ``at`` that changes the disk; the list grows by one a call."""
    calls: list[int] = []

    def dying(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(1)
            if len(calls) == at:
                os.kill(os.getpid(), number)
            return real(*arguments, **named)

        setattr(os, name, call)

    for name in CHANGES:
        dying(name)
    return calls


def child(request: dict[str, Any]) -> int:
    """The command itself, in the fork."""
    from vivogan.cli.app import run

    for path, stream in ((request["output"], 1), (request["errors"], 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    calls = deadly(request.get("die_at", 0), request.get("signal", signal.SIGKILL))
    code = run(request["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    if request.get("count"):
        os.write(2, f"{len(calls)}\n".encode())
    return code


def serve() -> None:
    """Answer until stdin ends."""
    import torch._dynamo  # noqa: F401

    import vivogan.cli.app
    import vivogan.domains.images.api
    import vivogan.domains.images.domain
    import vivogan.engine.trainer  # noqa: F401

    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = {"code": os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])}
        else:
            pid = os.fork()
            if pid == 0:
                os._exit(child(request))
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
