"""Which scopes are granted."""

import pytest

from latchstring.domain.authorizations.scopes import granted


@pytest.mark.parametrize(
    ("asked", "scope"),
    [
        (None, "openid"),
        ("  ", "openid"),
        ("openid", "openid"),
        ("email openid", "email openid"),
        ("openid openid  email", "openid email"),
        ("openid offline_access read:all", "openid"),
        ("OPENID", ""),
        ("address", ""),
    ],
)
def test_known_scopes_are_granted_once_in_the_order_asked(asked, scope):
    assert granted(asked) == scope
