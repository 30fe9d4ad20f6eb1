"""The documents tell the truth where a test can know it."""

import re
import tomllib

from latchstring.base.settings_loading import load
from tests.house.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
REASONS = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")


def listed(name: str) -> set[str]:
    """The packages one requirements file asks for by name."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r"))}


def test_every_dependency_has_its_reason_written_down():
    wanted = listed("run") | listed("demo") | listed("dev")
    assert {name for name in wanted if not re.search(rf"\b{re.escape(name)}\b", REASONS)} == set()


def test_the_package_asks_for_what_the_checkout_locks():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bare = {re.split(r"[<>=~]", line)[0] for line in project["dependencies"]}
    demo = {re.split(r"[<>=~]", line)[0] for line in project["optional-dependencies"]["demo"]}
    assert bare == listed("run")
    assert demo == listed("demo")


def test_the_lock_names_no_package_index():
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index|--find-links|--trusted", text), lock.name
        assert "==" in text


def test_the_two_commands_come_first_in_the_readme():
    first = re.search(r"```sh\n(.*?)```", README, re.DOTALL)
    assert first
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == [
        "make run",
        "make test",
    ]


def test_the_configuration_in_the_readme_is_accepted(tmp_path):
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert example
    file = tmp_path / "latchstring.toml"
    file.write_text(example[1], encoding="utf-8")
    settings = load(str(file), {}).settings
    assert settings.issuer == "http://127.0.0.1:8321/"
    assert set(settings.connections) == {"email", "sms"}
    assert [client.client_id for client in settings.clients] == ["acme-web"]


def test_every_link_between_documents_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
        missing = [target for target in targets if not (page.parent / target).exists()]
        assert missing == [], page.name


def test_every_test_that_the_rules_point_at_exists():
    """The table of R1 to R8 is a promise; a renamed test must not leave it pointing at nothing."""
    rows = re.findall(r"^\| R\d \|.*$", README, re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(test_\w+)`", row)}
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    assert {name for name in names if f"def {name}(" not in source} == set()
    assert len(rows) == len("12345678")
