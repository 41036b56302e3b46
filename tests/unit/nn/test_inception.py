"""The weights are fetched, proven and read safely; the images are checked. The numbers are in tests/reference."""

from __future__ import annotations

import hashlib
import http.server
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from vivogan.errors import UserError
from vivogan.nn import inception
from vivogan.nn.inception import InceptionV3, inception_outputs, inception_v3, load_weights, resize_like_tensorflow1


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A local server in place of the real one; the folder whose files it serves, and an empty cache."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("VIVOGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(inception, "WEIGHTS_URL", f"http://127.0.0.1:{httpd.server_port}/weights.pth")
    yield folder
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def serve(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "weights.pth").write_bytes(content)
    monkeypatch.setattr(inception, "WEIGHTS_SHA256", hashlib.sha256(content).hexdigest()[:8])


def saved(value: object, path: Path) -> bytes:
    torch.save(value, path)
    return path.read_bytes()


def test_weights_are_downloaded_once_and_loaded(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Small(InceptionV3):
        def __init__(self) -> None:
            torch.nn.Module.__init__(self)
            self.fc = torch.nn.Linear(2, 3)

    small = Small()
    serve(server, saved(small.state_dict(), tmp_path / "small.pth"), monkeypatch)
    monkeypatch.setattr(inception, "InceptionV3", Small)
    assert torch.equal(inception_v3().fc.weight, small.fc.weight)
    (server / "weights.pth").unlink()
    assert torch.equal(inception_v3().fc.weight, small.fc.weight)  # from the cache


def test_a_file_with_another_hash_is_refused(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (server / "weights.pth").write_bytes(b"something else")
    with pytest.raises(UserError, match="SHA-256"):
        inception_v3()


def test_unreachable_weights_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVOGAN_CACHE", str(tmp_path))
    monkeypatch.setattr(inception, "WEIGHTS_URL", "http://127.0.0.1:9/weights.pth")
    with pytest.raises(UserError) as caught:
        inception_v3()
    assert str(tmp_path / inception.WEIGHTS_NAME) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ({"fc.weight": torch.zeros(3, 2)}, [1, 2, 3]):
        serve(server, saved(other, tmp_path / "other.pth"), monkeypatch)
        with pytest.raises(UserError, match="not the weights"):
            inception_v3()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_code_in_a_file_of_weights_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (mark,))  # type: ignore[return-value]

    for content in (pickle.dumps(Trap()), saved({"fc.weight": Trap()}, tmp_path / "trap.pth"), b"", b"\x00" * 100):
        (tmp_path / "weights.pth").write_bytes(content)
        with pytest.raises(UserError, match="cannot be read"):
            load_weights(tmp_path / "weights.pth")
    assert not mark.exists()


def test_batches_do_not_change_the_outputs() -> None:
    torch.manual_seed(0)
    network, images = InceptionV3(), torch.randint(0, 256, (3, 3, 20, 24), dtype=torch.uint8)
    one, many = inception_outputs(images, network, batch=1), inception_outputs(images, network)
    assert one[0].shape == (3, 2048)
    assert one[1].shape == (3, 1008)
    for a, b in zip(one, many, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "images", [torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(3, 8, 8).byte()]
)
def test_other_images_are_refused(images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="uint8"):
        InceptionV3()(images)


def test_resize_by_hand() -> None:
    row = torch.tensor([[[[0.0, 10.0, 30.0]]]])
    # Six from three: positions 0, .5, 1, 1.5, 2, and 2.5, which has no right neighbour.
    assert resize_like_tensorflow1(row, 6)[0, 0, 0].tolist() == [0, 5, 10, 20, 30, 30]
