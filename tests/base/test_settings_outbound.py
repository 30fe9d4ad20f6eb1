"""What the configuration says of calls to applications."""

from ipaddress import ip_network

import pytest

from latchstring.base.settings_loading import load
from latchstring.base.settings_reading import SettingsError
from tests.support.configuration import EXAMPLE, write
from tests.support.tls import certificates


def outbound_of(folder, *lines):
    text = "\n".join([EXAMPLE, "[outbound]", *lines])
    return load(str(write(folder, text)), {}).settings.outbound


def test_nothing_private_is_allowed_unless_somebody_says_so(tmp_path):
    found = outbound_of(tmp_path)
    assert (found.ca_file, found.allowed_networks) == (None, ())


def test_a_file_of_authorities_and_networks_are_read(tmp_path):
    made = certificates(tmp_path)
    networks = 'allowed_networks = ["127.0.0.0/8", "::1/128"]'
    found = outbound_of(tmp_path, 'ca_file = "authority.pem"', networks)
    assert found.ca_file == made.authority
    assert found.allowed_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_authorities_is_refused_before_anything_starts(tmp_path, content):
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(SettingsError, match=r"outbound\.ca_file: must be a file with cert"):
        outbound_of(tmp_path, 'ca_file = "ca.pem"')


@pytest.mark.parametrize("network", ["0.0.0.0/0", "localhost"])
def test_a_network_that_holds_everybody_or_is_none_is_refused(tmp_path, network):
    with pytest.raises(SettingsError, match=r"outbound\.allowed_networks"):
        outbound_of(tmp_path, f'allowed_networks = ["{network}"]')
