"""A procedure can fall short: run on a program that does it wrong, it names what went wrong."""

import sys

import pytest

from chaos.databases import POSTGRESQL, SQLITE
from chaos.registry import procedures
from chaos.report import FAIL, line
from chaos.running import run
from chaos.scale import SHORT
from tests.conftest import FULL

BY_ID = {each.id: each for each in procedures()}
RUN = "from latchstring.main import run; run()"

NOTHING_ENDS = """
from latchstring.domain.tokens import store

async def spare(tx):
    return 0

store.drop_unrevoked = spare
"""
NO_GRACE = """
from datetime import timedelta
from latchstring.domain.tokens import refresh

refresh.GRACE = timedelta(0)
"""
GRACE_FOR_EVER = NO_GRACE.replace("timedelta(0)", "timedelta(days=1)")
THE_FUTURE_IS_ONLY_REFUSED = """
from latchstring.domain.tokens import refresh

refresh.standing = lambda *_, **__: refresh.Standing.OVER
"""
NEVER_TOO_EARLY = """
from datetime import timedelta
from latchstring.domain.keys import rotation

rotation.PUBLISHED_FIRST = timedelta(0)
"""
OLD_KEYS_ARE_NOT_PUBLISHED = """
from latchstring.domain.keys import jwks
from latchstring.domain.keys.key import KeyState

all_in_order = jwks.in_order
jwks.in_order = lambda keys: [
    key for key in all_in_order(keys) if key.state is not KeyState.PREVIOUS
]
"""
NOTHING_IS_WITHDRAWN = """
from latchstring.domain.keys import store

async def spare(tx, key_id):
    return True

store.withdraw_key = spare
"""
A_REFRESH_NEEDS_THE_OLD_KEY = """
from latchstring.domain.keys.signer import Signer

first = {}
sign = Signer.sign

def sign_as_at_first(self, claims, algorithm, *kind):
    keys = first.setdefault(algorithm, self._held.signing[algorithm])
    self._held.signing[algorithm] = keys
    return sign(self, claims, algorithm, *kind)

Signer.sign = sign_as_at_first
"""

CASES = {
    "a failover ends nothing": (
        "R-12",
        NOTHING_ENDS,
        {"access tokens of before accepted", "refresh tokens of before not refused"},
    ),
    "no grace": (
        "R-16",
        NO_GRACE,
        {
            "those whose repetitions brought none, or two different tokens",
            "repetitions within the grace that counted as reuse",
        },
    ),
    "a grace that never ends": (
        "R-16",
        GRACE_FOR_EVER,
        {"tokens of a family not refused after it", "families ended for reuse"},
    ),
    "neither a restore nor a token of the future ends anything": (
        "R-24",
        NOTHING_ENDS + THE_FUTURE_IS_ONLY_REFUSED,
        {
            "access tokens of then accepted",
            "refresh tokens of before and after it not refused",
            "refresh tokens newer than their row, or of its family, not refused",
        },
    ),
    "keys sign before anybody knows them": (
        "R-25",
        NEVER_TOO_EARLY,
        {"rotations allowed before the next key was published for long"},
    ),
    "keys are forgotten at once": (
        "R-25",
        OLD_KEYS_ARE_NOT_PUBLISHED,
        {"tokens whose key is not published at a node"},
    ),
    "a withdrawal that does nothing": (
        "R-26",
        NOTHING_IS_WITHDRAWN,
        {"such tokens taken afterwards", "nodes that publish a withdrawn key"},
    ),
    "a stolen key that signs on": (
        "R-26",
        A_REFRESH_NEEDS_THE_OLD_KEY,
        {"refreshed tokens that do not verify", "of which by a withdrawn key"},
    ),
}


QUICK = ("no grace", "a withdrawal that does nothing")


@pytest.mark.parametrize("case", CASES if FULL else QUICK)
async def test_a_program_that_does_it_wrong_falls_short(case, tmp_path, monkeypatch):
    monkeypatch.setattr("chaos.procedures.withdrawing._PATIENCE_SECONDS", 1.0)
    name, sabotage, named = CASES[case]
    kind = SQLITE if SQLITE in BY_ID[name].databases else POSTGRESQL

    program = (sys.executable, "-c", f"{sabotage}\n{RUN}")
    result = await run(BY_ID[name], kind, SHORT, tmp_path, program=program)

    assert (result.verdict, result.trouble) == (FAIL, ""), line(result)
    broken = [figure.text for figure in result.figures if not figure.holds]
    missing = {words for words in named if not any(text.startswith(words) for text in broken)}
    assert missing == set(), line(result)
