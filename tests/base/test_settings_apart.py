"""Keys lie apart from data, and what is sent in clear stays on this machine."""

import pytest

from latchstring.base.settings_loading import load
from latchstring.base.settings_reading import SettingsError
from tests.support.configuration import EXAMPLE, write

DATABASE = 'database_url    = "sqlite:///var/latchstring.db"'
KEY_FILE = 'secret_key_file = "keys/secret.key"'


def configured(folder, database: str, key_file: str):
    text = EXAMPLE.replace(DATABASE, f'database_url = "sqlite:///{database}"')
    text = text.replace(KEY_FILE, f'secret_key_file = "{key_file}"')
    assert text.count(database) == text.count(key_file) == 1
    return load(str(write(folder, text)), {})


@pytest.mark.parametrize(
    ("database", "key_file"),
    [
        ("var/latchstring.db", "var/secret.key"),
        ("var/latchstring.db", "var/keys/secret.key"),
        ("var/latchstring.db", "keys/../var/secret.key"),
        ("var/latchstring.db", "shortcut/secret.key"),
        ("latchstring.db", "keys/secret.key"),
    ],
)
def test_a_key_file_in_the_folder_of_the_data_is_refused(tmp_path, database, key_file):
    (tmp_path / "shortcut").symlink_to(tmp_path / "var")

    with pytest.raises(SettingsError, match=r"secret_key_file: must lie outside /.*, the database"):
        configured(tmp_path, database, key_file)


@pytest.mark.parametrize(
    ("database", "key_file"),
    [
        ("var/latchstring.db", "secret.key"),
        ("var/latchstring.db", "variable/secret.key"),
        ("var/data/latchstring.db", "var/keys/secret.key"),
    ],
)
def test_a_key_file_beside_the_folder_of_the_data_is_right(tmp_path, database, key_file):
    configured(tmp_path, database, key_file)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (
            '[mail]\nfrom = "a@acme.example"\nsmtp_url = "smtp://mail.localhost?starttls=never"',
            "codes in clear",
        ),
        (
            '[sms]\ngateway_url = "http://sms.localhost"\ngateway_token = "t"',
            "gateway_token would be sent in clear",
        ),
    ],
)
def test_a_name_that_others_may_answer_for_is_not_this_machine(tmp_path, table, fault):
    text = f'public_url = "http://acme.localhost:8000"\n{table}\n'

    with pytest.raises(SettingsError, match=fault):
        load(str(write(tmp_path, text)), {})
