"""Files from the network, kept in a cache and never used without proof of what they are."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from pathlib import Path

from vivogan.core.files import sha256, writing
from vivogan.errors import UserError

_CHUNK = 2**20
_TIMEOUT = 30.0  # seconds without a byte


def cache_folder() -> Path:
    """Where downloads are kept: ``VIVOGAN_CACHE``, else ``~/.cache/vivogan``."""
    return Path(os.environ.get("VIVOGAN_CACHE") or Path.home() / ".cache" / "vivogan")


def cached(url: str, sha256_prefix: str, name: str) -> Path:
    """The file at ``url``, from the cache or the network, once its SHA-256 is proven to start with ``sha256_prefix``.

    Args:
        sha256_prefix: at least 8 hexadecimal digits.
        name: the file's name in the cache.

    Raises:
        UserError: it cannot be reached or is another file; says which file to put where by hand.
    """
    if not re.fullmatch(r"[0-9a-f]{8,64}", sha256_prefix):
        raise ValueError("sha256_prefix must be 8 to 64 hexadecimal digits in lower case")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError(f"{name!r} is no plain file name")
    if not url.startswith(("https://", "http://", "file://")):
        raise ValueError(f"{url!r} is no http, https or file address")
    target = cache_folder() / name
    if target.is_file() and sha256(target).startswith(sha256_prefix):
        return target
    mend = f"Download it by hand and put it at {target} (its SHA-256 starts with {sha256_prefix})"
    try:
        _download(url, sha256_prefix, target)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise UserError(f"{url}: cannot be downloaded ({reason})", mend) from error
    except _OtherFile as error:
        raise UserError(f"{url}: is not the file that was expected (its SHA-256 is {error})", mend) from error
    return target


class _OtherFile(Exception):
    pass


def _download(url: str, sha256_prefix: str, target: Path) -> None:
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, writing(target) as file:
        while chunk := answer.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        if not digest.hexdigest().startswith(sha256_prefix):  # raised before the file takes its name
            raise _OtherFile(digest.hexdigest())
