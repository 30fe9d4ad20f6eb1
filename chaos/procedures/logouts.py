"""R-17: applications that do not take it when they are told that somebody signed out."""

import asyncio
import itertools
import time
from collections.abc import Sequence

from chaos.figures import Figure, at_least, at_most, exactly, none_of, told
from chaos.ledger import OK
from chaos.listener import SILENCE, Listener, listening
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage
from chaos.visitor import a_visitor
from chaos.wire import get

_TRIES = 5
_HASTEN = "update logout_notices set due_at = 0 where client_id = 'never' and state = 'waiting'"
_WAITS = """
select due_at from logout_notices
where client_id = 'never' and lease_owner is null and attempts = {tries} and due_at > 0
"""
_GIVEN_UP = "select count(*) from events where type = 'LogoutNotDelivered' and client_id = 'never'"
_STATES = "select client_id, state, attempts from logout_notices order by client_id"
_METRIC = 'latchstring_logout_notices_total{state="given_up"}'


@procedure(
    "R-17",
    "people sign out while one application answers 500 twice, one acts and never answers, one "
    "answers 500 for good (its waits are measured, and then cut short) and one is well",
    bound="people wait for none of them; each is told under one jti, by one node at a time; five "
    "tries with growing waits; given up visibly: an event, a log line, a number",
    mostly_waits=True,
)
async def applications_that_do_not_listen(stage: Stage) -> list[Figure]:
    """Whoever hears it twice can tell, and whoever never hears it is known."""
    nodes = await stage.started(1 if stage.database.kind == "sqlite" else 2)
    apps = {
        "twice": Listener([500, 500, 200]),
        "mute": Listener([SILENCE, 200]),
        "never": Listener([500]),
        "well": Listener([204]),
    }
    async with listening(*apps.values()):
        await _registered(nodes[0], apps)
        seconds = await _signed_out(stage, nodes, list(apps))
        waits = await _hurried(stage, apps["never"])
        await apps["twice"].until_heard(3, 40)
        await apps["mute"].until_heard(2, 40)
        await asyncio.sleep(2)
        states = {
            str(name): (str(state), int(n)) for name, state, n in await stage.database.rows(_STATES)
        }
        [(events,)] = await stage.database.rows(_GIVEN_UP)
        figures = [
            at_most("signing out", seconds, 1.0, " s"),
            none_of(
                "applications told under two ids",
                [n for n, a in apps.items() if len(a.jtis()) != 1],
            ),
            exactly("tries at the one that fails twice", len(apps["twice"].heard), 3),
            at_least("its first wait", min(apps["twice"].waits[:1], default=0), 2, " s"),
            at_least("its second wait", min(apps["twice"].waits[1:], default=0), 10, " s"),
            exactly("tries at the one that never answered the first", len(apps["mute"].heard), 2),
            exactly("tries at the one that is well", len(apps["well"].heard), 1),
            exactly("tries at the one that never takes it", len(apps["never"].heard), _TRIES),
            exactly("waits of it that were seen", len(waits), _TRIES - 1),
            none_of("waits of it that do not grow", _falling(waits), len(waits)),
            none_of("notices that ended otherwise", sorted(_surprises(states))),
            exactly("events that tell of it", int(events), 1),
            exactly("log lines that tell of it", sum(_lines(node) for node in nodes), 1),
            exactly("and in the metrics", sum([await _counted(node) for node in nodes]), 1),
        ]
    return [*figures, told(f"{len(nodes)} node(s), waits " + ", ".join(f"{w:.1f}" for w in waits))]


async def _registered(node: Node, apps: dict[str, Listener]) -> None:
    for name, app in apps.items():
        done = await asyncio.to_thread(
            node.command,
            *("clients", "add", name, "--public", f"name={name}"),
            f"callbacks={_callback(name)}",
            f"backchannel_logout_uri={app.address}",
        )
        if done.returncode:
            raise RuntimeError(done.stderr or done.stdout)
    await asyncio.sleep(2.5)  # until every process knows them


async def _signed_out(stage: Stage, nodes: Sequence[Node], names: Sequence[str]) -> float:
    """Sign somebody in to all of them and out again; return how long they waited for that."""
    person, hint = stage.driver.person("leaving"), ""
    async with a_visitor(nodes[0]) as visitor:
        for name in names:
            hint = await visitor.sign_in(stage.driver, person, name, _callback(name))
        began = time.monotonic()
        status = await visitor.sign_out(hint)
    if status != OK:
        raise RuntimeError(f"signing out was answered {status}")
    return time.monotonic() - began


async def _hurried(stage: Stage, app: Listener) -> list[float]:
    """Return what each wait would have been, in seconds, and let none of them last."""
    waits = []
    for tries in range(1, _TRIES):
        await app.until_heard(tries, 15)
        heard = app.heard[tries - 1][0]
        query, began = _WAITS.format(tries=tries), time.monotonic()
        while not (found := await stage.database.rows(query)) and time.monotonic() < began + 10:
            await asyncio.sleep(0.02)
        since = time.monotonic() - heard
        waits += [int(due_at) / 1000 - time.time() + since for (due_at,) in found]
        await stage.database.run(_HASTEN)
    await app.until_heard(_TRIES, 15)
    return waits


def _falling(waits: Sequence[float]) -> list[float]:
    return [later for earlier, later in itertools.pairwise(waits) if later <= earlier]


def _surprises(states: dict[str, tuple[str, int]]) -> list[str]:
    wanted = {
        "twice": ("told", 3),
        "mute": ("told", 2),
        "never": ("given_up", _TRIES),
        "well": ("told", 1),
    }
    return [f"{name}: {states.get(name)}" for name in wanted if states.get(name) != wanted[name]]


def _callback(name: str) -> str:
    return f"http://127.0.0.1:9100/{name}"


def _lines(node: Node) -> int:
    lines = [line for line in node.log.splitlines() if '"logout_notice"' in line]
    return sum('"given_up"' in line for line in lines)


async def _counted(node: Node) -> int:
    assert node.metrics is not None
    text = (await node.metrics.ask(get("/metrics"))).body.decode()
    found = [line.split()[-1] for line in text.splitlines() if line.startswith(_METRIC)]
    return int(float(found[0])) if found else 0
