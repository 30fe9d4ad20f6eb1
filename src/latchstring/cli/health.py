"""``latchstring healthcheck`` and ``latchstring version``."""

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection

import click

from latchstring.base.errors import Unavailable
from latchstring.base.settings import Settings
from latchstring.cli.options import common, json_option, load_configuration
from latchstring.cli.printing import answer

_READY = 200
_EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read here, not listened on


@click.command()
@click.option("--timeout", type=click.FloatRange(0.1, 60), default=3.0, show_default=True)
@common
def healthcheck(timeout: float) -> None:
    """Ask the server at the configured address whether it is ready: 0 if so, 1 if not."""
    settings = load_configuration().settings
    try:
        status = _status(settings, timeout)
    except (OSError, HTTPException) as error:
        raise Unavailable(f"No server answers at {settings.listen}.", detail=repr(error)) from None
    if status != _READY:
        raise Unavailable(f"The server is not ready: /readyz answers {status}.")
    answer({"ready": True}, "Ready.")


@click.command()
@json_option
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of  # noqa: PLC0415 - costs 20 ms

    found = version_of("latchstring")
    answer({"version": found}, f"latchstring {found}")


def _status(settings: Settings, timeout: float) -> int:
    host = _EVERY_INTERFACE.get(settings.listen_host, settings.listen_host)
    connection = HTTPConnection(host, settings.listen_port, timeout=timeout)
    if settings.tls_cert_file:
        # The certificate is for the public name; here we ask our own machine by its address.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - see above
        connection = HTTPSConnection(host, settings.listen_port, timeout=timeout, context=context)
    try:
        connection.request("GET", "/readyz", headers={"Host": settings.origin.partition("://")[2]})
        return connection.getresponse().status
    finally:
        connection.close()
