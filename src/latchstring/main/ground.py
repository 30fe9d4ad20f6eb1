"""What a server stands on, looked at before anything is opened: address, certificate, files."""

import resource
import socket
import ssl

from latchstring.base.errors import Unavailable
from latchstring.base.settings import Settings

MOST_CONNECTIONS = 2000
"""For one more, the one that only waits must go; an open connection costs some 20 KB and a file."""

_OTHER_FILES = 200


def bound(settings: Settings) -> socket.socket:
    """Return the listening socket; raise ``Unavailable`` where the address is taken."""
    host, port = settings.listen_host, settings.listen_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        message = f"Cannot listen on {settings.listen}: {error.strerror}."
        raise Unavailable(message) from None
    listener.set_inheritable(True)
    return listener


def check_certificate(settings: Settings) -> None:
    """Raise ``Unavailable`` for a certificate or a key that cannot be served."""
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without the answer an encrypted key would ask the terminal for its password.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise Unavailable(
            f"The certificate {certificate} and its key {key} cannot be used: {reason}."
        ) from error


def make_room() -> None:
    """Let this process open as many connections as it accepts, where the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if resource.RLIM_INFINITY != soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
