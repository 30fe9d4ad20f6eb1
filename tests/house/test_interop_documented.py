"""The page of interop clients names those that are locked, and the lock names no registry."""

import json
import re

from tests.house.source import ROOT

NODE = ROOT / "tests" / "interop" / "node"
PAGE = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
PYTHON = {"auth0-python": "auth0-python", "authlib": "Authlib"}
"""Packages of PyPI, and how the page writes them."""


def row(name: str) -> str:
    """Return the page's line about a client."""
    return next(line for line in PAGE.splitlines() if re.match(rf"\| `?{name}`? \|", line))


def test_the_page_says_which_versions_of_npms_clients_are_locked():
    wanted = json.loads((NODE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((NODE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
        assert f"| {version} |" in row(name)


def test_the_page_says_which_versions_of_pypis_clients_are_locked():
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    for name, written in PYTHON.items():
        version = re.search(rf"^{name}==(\S+)", lock, re.MULTILINE)
        assert version
        assert f"| {version[1]} |" in row(written)


def test_npms_lock_names_no_registry_and_pins_every_package():
    packages = json.loads((NODE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    del packages[""]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for package in packages.values())
