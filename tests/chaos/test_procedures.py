"""Every procedure in its short form: what must hold after minutes of it holds after a moment."""

import pytest

from chaos.databases import SQLITE
from chaos.registry import procedures
from chaos.report import PASS, line
from chaos.running import run
from chaos.scale import SHORT

BY_ID = {each.id: each for each in procedures()}
CASES = [(each.id, kind) for each in BY_ID.values() if each.run for kind in each.databases]


@pytest.mark.parametrize(("name", "kind"), CASES, ids=[f"{name}-{kind}" for name, kind in CASES])
async def test_the_short_form_holds(name, kind, tmp_path, request):
    procedure = BY_ID[name]
    lends = kind != SQLITE and not procedure.hurts_server
    cluster = request.getfixturevalue("production_like") if lends else None

    result = await run(procedure, kind, SHORT, tmp_path, cluster)

    assert result.verdict == PASS, line(result)
