from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from vivogan.core.downloads import cached
from vivogan.errors import UserError

CONTENT = b"weights" * 500_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(HTTPServer):
    asked = 0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/whole" else CONTENT[:1000])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIVOGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


def address(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/{path}"


def test_a_file_is_fetched_once(server: Server, cache: Path) -> None:
    for _ in range(2):
        path = cached(address(server, "whole"), DIGEST[:12], "w.bin")
        assert path == cache / "w.bin"
        assert path.read_bytes() == CONTENT
    assert server.asked == 1
    assert os.listdir(cache) == ["w.bin"]


def test_a_spoilt_cache_is_fetched_again(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / "w.bin").write_bytes(b"spoilt")
    assert cached(address(server, "whole"), DIGEST, "w.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["whole", "half"])
def test_another_file_is_never_kept(server: Server, cache: Path, path: str) -> None:
    with pytest.raises(UserError, match=rf"put it at {cache}/w.bin \(its SHA-256 starts with 00000000\)"):
        cached(address(server, path), "00000000", "w.bin")
    assert os.listdir(cache) == []


def test_a_half_download_is_never_kept(server: Server, cache: Path) -> None:
    with pytest.raises(UserError, match="half"):
        cached(address(server, "half"), DIGEST, "w.bin")
    assert os.listdir(cache) == []


def test_what_cannot_be_reached_is_one_line(server: Server, cache: Path) -> None:
    gone = address(server, "whole").replace(str(server.server_port), "9")
    for url, reason in ((address(server, "missing"), "Not Found"), (gone, "refused"), ("file:///no/such", "No such")):
        with pytest.raises(UserError, match=reason) as caught:
            cached(url, DIGEST, "w.bin")
        assert str(cache / "w.bin") in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_put_there_by_hand_is_used_without_a_network(cache: Path) -> None:
    cache.mkdir()
    (cache / "w.bin").write_bytes(CONTENT)
    assert cached("https://unreachable.invalid/w.bin", DIGEST, "w.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("url", "prefix", "name"),
    [
        ("ftp://x/y", DIGEST, "a"),
        ("https://x/y", "abc", "a"),
        ("https://x/y", DIGEST, "../a"),
        ("https://x", "Z" * 8, "a"),
    ],
)
def test_careless_calls_are_refused(url: str, prefix: str, name: str) -> None:
    with pytest.raises(ValueError):
        cached(url, prefix, name)
