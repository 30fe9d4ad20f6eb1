"""A server that cannot be says why before it opens anything."""

import resource
import socket
from pathlib import Path

import pytest

from latchstring.base.errors import Unavailable
from latchstring.main import ground, serving
from tests.support.certificates import a_certificate
from tests.support.house import some_settings

pytestmark = pytest.mark.at("sqlite")  # no matter where: none is opened


def settings_of(folder: Path, certificate: Path, key: Path):
    return some_settings(
        folder,
        public_url="https://auth.acme.example",
        tls_cert_file=certificate,
        tls_key_file=key,
    )


async def test_a_certificate_that_is_not_there_is_told_before_a_database_is_made(tmp_path):
    settings = settings_of(tmp_path, tmp_path / "no.pem", tmp_path / "no.key")

    with pytest.raises(Unavailable, match=r"no\.pem and its key .* cannot be used: No such file"):
        await serving.serve(settings)
    assert not settings.database_path.exists()


def test_a_file_that_is_no_certificate_is_told(tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("hello", encoding="utf-8")

    with pytest.raises(Unavailable, match="cannot be used"):
        ground.check_certificate(settings_of(tmp_path, bad, bad))


def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(tmp_path):
    files = a_certificate(tmp_path, "-passout", "pass:hunter2")

    with pytest.raises(Unavailable, match="cannot be used"):
        ground.check_certificate(settings_of(tmp_path, *files))


def test_a_certificate_with_its_key_is_right_and_none_at_all_too(tmp_path):
    ground.check_certificate(settings_of(tmp_path, *a_certificate(tmp_path, "-nodes")))
    ground.check_certificate(some_settings(tmp_path))


def test_an_address_that_is_taken_is_told(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"

        with pytest.raises(Unavailable, match=f"Cannot listen on {address}: Address already in"):
            ground.bound(some_settings(tmp_path, listen=address))


@pytest.mark.parametrize(
    ("soft", "hard", "wanted"),
    [
        (256, 4096, (2200, 4096)),
        (256, 1024, (1024, 1024)),
        (256, resource.RLIM_INFINITY, (2200, resource.RLIM_INFINITY)),
        (4096, 4096, None),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, None),
    ],
)
def test_there_are_files_for_every_connection(monkeypatch, soft, hard, wanted):
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))

    ground.make_room()

    assert asked == ([wanted] if wanted else [])
