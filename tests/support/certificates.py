"""A certificate of one's own, as operators make one to try things out."""

import shutil
import subprocess
from pathlib import Path


def a_certificate(folder: Path, *options: str) -> tuple[Path, Path]:
    """Make a certificate for ``auth.acme.example`` and its key; ``-nodes``: without a password."""
    openssl = shutil.which("openssl")
    assert openssl
    certificate, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=auth.acme.example", "-addext", "subjectAltName=DNS:auth.acme.example"]
    words = ["req", "-x509", "-newkey", "rsa:2048", *names, *options]
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run([openssl, *words, *files], check=True, capture_output=True)
    return certificate, key
