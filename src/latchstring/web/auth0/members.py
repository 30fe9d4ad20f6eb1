"""Members of a JSON body: text, where null and the empty string are absent."""

from collections.abc import Mapping
from typing import Any

from latchstring.web.auth0.refusals import BadCall

LONGEST = 2048


def text(members: Mapping[str, Any], *names: str, longest: int = LONGEST) -> str | None:
    """Return the first of the members that is there; raise ``BadCall`` for what is no text."""
    for name in names:
        value = members.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise BadCall(f"{name} must be text", field=name)
        return value
    return None


def required(members: Mapping[str, Any], *names: str) -> str:
    """Return the same; raise ``BadCall`` where there is none."""
    value = text(members, *names)
    if value is None:
        raise BadCall(f"Missing required parameter: {names[0]}", field=names[0])
    return value
