"""A server over TLS, and what is no certificate."""

import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import Checkout, Wercker
from tests.engine.serving import Serve
from tests.engine.stories import run, script


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    openssl(*command, *names, "-out", cert, "-keyout", key)
    return cert, key


def test_tls(serve: Serve, certificate: tuple[Path, Path], checkout: Checkout, wercker: Wercker) -> None:
    checkout.commit(script(counts="seq 0 999999"))
    local = run(wercker, checkout)
    wercker("pipelines", "add", str(checkout.path))
    cert, key = map(str, certificate)
    served = serve("--host", "localhost", "--cert", cert, "--key", key)
    assert served.url == f"https://localhost:{served.port}"
    alice = wercker("server", "token", "create", "alice").out.strip()
    asked = partial(wercker, WERCKER_API_URL=served.url, WERCKER_CA_BUNDLE=cert, WERCKER_TOKEN=alice)
    with ThreadPoolExecutor() as pool:
        logs = list(pool.map(lambda _: asked("runs", "logs", local.run["id"], "--step", "counts").out, range(4)))
    assert {log == local.logs["counts"] for log in logs} == {True}
    with suppress(ConnectionResetError):
        assert served.raw(b"GET / HTTP/1.1\r\n\r\n") == b""
    assert asked("runs", "list", "-a", "local/demo", "-o", "id").out == f"{local.run['id']}\n"
    assert ssl.get_server_certificate(("localhost", served.port)) == certificate[0].read_text()


def openssl(*args: str | Path) -> None:
    subprocess.run(["openssl", *args], capture_output=True, check=True)


def test_a_certificate_that_cannot_be_used(certificate: tuple[Path, Path], wercker: Wercker, tmp_path: Path) -> None:
    cert, key = (path.name for path in certificate)
    (tmp_path / "none.pem").write_text("nothing")
    openssl("genrsa", "-out", tmp_path / "other.pem", "2048")
    openssl("rsa", "-aes256", "-passout", "pass:word", "-in", tmp_path / key, "-out", tmp_path / "closed.pem")
    damaged = (tmp_path / cert).read_text().replace("\nMII", "\nMIA")
    (tmp_path / "damaged.pem").write_text(damaged)

    def said(*files: str) -> str:
        options = zip(("--cert", "--key"), files, strict=False)
        return wercker("server", "start", "--port", "0", *(word for pair in options for word in pair), code=2).err

    no_key = "hint: --key FILE names the one of the certificate, in PEM form\n"
    assert said("none.pem", key) == "wercker: none.pem holds no certificate\nhint: --cert needs one in PEM form\n"
    assert said(cert) == f"wercker: cert.pem holds no key\n{no_key}"
    assert said(cert, "none.pem") == f"wercker: none.pem holds no key\n{no_key}"
    assert said(cert, "other.pem") == "wercker: the key in other.pem is not that of the certificate in cert.pem\n"
    assert said(cert, "closed.pem") == (
        "wercker: the key in closed.pem opens with a password only, and nobody is there to type it\n"
    )
    assert said("damaged.pem", key).startswith(
        "wercker: the certificate in damaged.pem or the key in key.pem is damaged: "
    )
    assert wercker("server", "start", "--key", key, code=2).err.startswith("wercker: --key needs --cert")
