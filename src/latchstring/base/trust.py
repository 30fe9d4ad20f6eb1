"""Whose certificates are believed when we call an application."""

import ssl
from pathlib import Path


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what checks certificates: the system's authorities, and those in the file.

    Raises ``OSError`` (``ssl.SSLError`` is one) for a file without certificates.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context
