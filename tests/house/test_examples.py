"""The examples are listed, tested, and locked like everything else."""

import json
import re

from tests.house.source import ROOT

EXAMPLES = ROOT / "examples"
FOLDERS = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}


def test_every_example_is_in_the_list_and_has_its_readme():
    listed = re.findall(
        r"^\| \[([\w-]+)\]\(\1\)", (EXAMPLES / "README.md").read_text(), re.MULTILINE
    )
    assert set(listed) == FOLDERS
    assert {name for name in FOLDERS if not (EXAMPLES / name / "README.md").exists()} == set()


def test_every_example_is_started_by_a_test():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "examples").glob("test_*.py"))
    assert {name for name in FOLDERS if f'"{name}"' not in tests} == set()


def test_every_link_of_the_examples_leads_somewhere():
    for page in [EXAMPLES / "README.md", *(EXAMPLES / name / "README.md" for name in FOLDERS)]:
        targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_npm_locks_name_versions_and_digests_and_no_registry():
    locks = list(EXAMPLES.glob("*/package-lock.json"))
    assert locks
    for lock in locks:
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
        installed = [package for name, package in packages.items() if name]
        assert all("resolved" not in package for package in installed), lock
        assert all("integrity" in package for package in installed), lock
