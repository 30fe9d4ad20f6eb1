"""What the two guides for developers tell them to write and to type is accepted as it stands."""

import re
import shlex

import pytest

from latchstring.base.settings_loading import load
from tests.support.examples import EXAMPLES, SECRET

GUIDES = EXAMPLES.parent / "docs" / "guides"
COMMAND = re.compile(r"^ *(latchstring (?:clients|apis) (?:.*\\\n)*.*)", re.MULTILINE)


def blocks(guide: str, kind: str) -> list[str]:
    """Return a guide's blocks of one kind, without the margin of those in a list."""
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    return re.findall(rf"^ *```{kind}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("guide", ["oidc-client", "moving-from-auth0"])
def test_the_configuration_is_accepted(tmp_path, guide):
    (configuration,) = blocks(guide, "toml")
    file = tmp_path / "latchstring.toml"
    file.write_text(configuration, encoding="utf-8")

    assert load(str(file), {}).settings.public_url


@pytest.mark.parametrize("guide", ["oidc-client", "moving-from-auth0"])
def test_the_commands_are_accepted(world, guide):
    commands = COMMAND.findall("\n".join(blocks(guide, "sh")))
    assert commands

    for command in commands:
        secret = SECRET if "--secret-stdin" in command else ""
        said = world.server.command(*shlex.split(command.replace("\\\n", " "))[1:], stdin=secret)
        assert said.returncode == 0, (command, said.stderr)
