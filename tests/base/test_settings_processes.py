"""How many processes serve, how they leave, and where their numbers are shown."""

from pathlib import Path

import pytest

from latchstring.base.settings import Settings
from latchstring.base.settings_loading import load
from latchstring.base.settings_reading import SettingsError
from tests.support.configuration import EXAMPLE, write

POSTGRESQL = 'database_url = "postgresql://latchstring@127.0.0.1/latchstring"'
SQLITE = next(line for line in EXAMPLE.splitlines() if line.startswith("database_url"))
PROXY = next(line for line in EXAMPLE.splitlines() if line.startswith("trusted_proxies"))


def settings_of(folder: Path, top: str, text: str = EXAMPLE) -> Settings:
    return load(str(write(folder, f"{top}\n{text}")), {}).settings


@pytest.mark.parametrize(
    ("top", "fault"),
    [
        ("workers = 0", "workers: must be 1 to 64, not 0"),
        ("workers = 65", "workers: must be 1 to 64, not 65"),
        ("workers = 2", "workers: must be 1 with SQLite: one server process at a time holds"),
        ("drain_seconds = -1", "drain_seconds: must be 0 to 300, not -1"),
        ('metrics_listen = "9090"', "metrics_listen: must be host:port"),
        ('metrics_listen = "127.0.0.1:8321"', "metrics_listen: must not be where everybody"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, top, fault):
    with pytest.raises(SettingsError, match=fault):
        settings_of(tmp_path, top)


def test_postgresql_takes_as_many_processes_as_wanted(tmp_path):
    text = EXAMPLE.replace(SQLITE, POSTGRESQL)

    assert settings_of(tmp_path, "workers = 8", text).workers == 8


@pytest.mark.parametrize(
    ("top", "proxies", "seconds"),
    [
        ("", "[]", 0),
        ("", '["10.0.0.1"]', 5),
        ("drain_seconds = 0", '["10.0.0.1"]', 0),
        ("drain_seconds = 20", "[]", 20),
    ],
)
def test_who_stands_behind_a_proxy_gives_it_time_to_notice(tmp_path, top, proxies, seconds):
    text = EXAMPLE.replace(PROXY, f"trusted_proxies = {proxies}")

    assert settings_of(tmp_path, top, text).drain == seconds


def test_nobody_is_shown_metrics_unless_somebody_wants_them(tmp_path):
    assert settings_of(tmp_path, "").metrics_listen is None
