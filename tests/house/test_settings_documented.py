"""The page of settings is what the program reads, no more and no less."""

import pytest

from latchstring.base.settings import ClientSettings, ConnectionSettings, Settings
from latchstring.base.settings_declarations import declarations
from latchstring.base.settings_loading import SECTIONS
from scripts.reference import FOLDER, settings_page

KINDS = [Settings, *SECTIONS.values(), ConnectionSettings, ClientSettings]


def test_the_page_of_settings_is_up_to_date():
    written = (FOLDER / "settings.md").read_text(encoding="utf-8")
    assert written == settings_page(), "run scripts/reference.py"


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_described_in_a_sentence(kind):
    for item in declarations(kind).values():
        assert item.description.endswith("."), item.name
        assert item.reader.says, item.name


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_named_a_secret_is_treated_as_one(kind):
    for item in declarations(kind).values():
        named = item.name.endswith(("_secret", "_token", "password"))
        assert item.secret or not named or item.reader.kind != "text", item.name
