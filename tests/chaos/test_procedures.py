"""Every procedure in its short form: what must hold after minutes of it holds after a moment."""

import pytest

from chaos.databases import SQLITE
from chaos.registry import procedures
from chaos.report import PASS, line
from chaos.running import run
from chaos.scale import SHORT
from tests.conftest import FULL

BY_ID = {each.id: each for each in procedures()}
# In the quick profile on one database each, the one on which more can go wrong; but a restore is
# rehearsed on both at every commit.
CASES = [
    (each.id, kind)
    for each in BY_ID.values()
    if each.run
    for kind in (each.databases if FULL or each.id == "R-23" else each.databases[-1:])
]


@pytest.mark.parametrize(("name", "kind"), CASES, ids=[f"{name}-{kind}" for name, kind in CASES])
async def test_the_short_form_holds(name, kind, tmp_path, request):
    procedure = BY_ID[name]
    lends = kind != SQLITE and not procedure.hurts_server
    cluster = request.getfixturevalue("production_like") if lends else None

    result = await run(procedure, kind, SHORT, tmp_path, cluster)

    assert result.verdict == PASS, line(result)
