"""R-05, R-06, R-07: the mail relay is away, refuses, breaks off, or takes for ever."""

import asyncio
import time

from chaos.certificates import Authority
from chaos.driver import at_once, at_rate
from chaos.edges.rules import GREETING, RECIPIENT, SIGN_IN, TAKEN, Rule
from chaos.figures import Figure, at_least, at_most, exactly, none_of, percentile, told
from chaos.ledger import OK, Entry
from chaos.nodes import Node
from chaos.registry import procedure
from chaos.stage import Stage

_EXPIRED = "select recipient from messages where state = 'expired'"
_FATES = "select recipient, state, attempts from messages"
_FAILURES = """
select m.recipient, e.details from events e join messages m
on m.identifier_digest = e.identifier_digest where e.type = 'DeliveryFailed'
"""
_EXPIRE_SOME = """
update messages set give_up_at = {now}, due_at = {now}
where state = 'queued' and recipient like 'early-%'
"""
_PER_SECOND = 200 / 60
_WORTH_TELLING = 5.0
_LEAST_SECONDS = 0.1
"""A healthy p99 of a millisecond is no measure of what somebody would notice."""


@procedure(
    "R-05",
    "the relay refuses connections, 200 logins a minute go on; then it comes back",
    bound="start p99 ≤ 2 × healthy or 100 ms; unexpired mail out ≤ 60 s after; expired mail never "
    "sent",
    mostly_waits=True,
)
async def relay_away(stage: Stage) -> list[Figure]:
    """The API answers as if nothing were wrong; afterwards all that is still worth it goes out."""
    scale = stage.scale
    [node] = await stage.started(email="code_lifetime = 60\nlink_lifetime = 60")
    rate = scale.pick(short=20.0, full=_PER_SECOND)
    await _start_for(stage, node, "healthy", rate, scale.seconds(short=1, full=15))
    await stage.edges.mail_listens(listens=False)
    noticing = asyncio.create_task(_notice(node)) if scale.is_full else None
    await _start_for(stage, node, "early", rate, scale.seconds(short=0.5, full=90))
    noticed = await noticing if noticing else None
    if not scale.is_full:  # nobody waits for a minute here: their time is over now
        await stage.database.run(_EXPIRE_SOME.format(now=int(time.time() * 1000)))
    await _start_for(stage, node, "late", rate, scale.seconds(short=0.5, full=60))
    came_back = time.monotonic()
    await stage.edges.mail_listens(listens=True)
    await stage.delivered(scale.pick(short=60.0, full=120.0))
    stage.messages.refresh()
    expired = {str(row[0]) for row in await stage.database.rows(_EXPIRED)}
    late = [m for m in stage.messages.all if m.at > came_back]
    return [
        *await stage.ledger_check(excused=expired),
        *_start_times(stage),
        none_of("starts that were refused", [e.name for e in _of(stage, "") if e.status != OK]),
        *([] if noticed is None else [at_most("told the operator after", noticed, 30, " s")]),
        none_of("expired mails that were sent", expired & set(stage.messages.to)),
        at_least("mails that expired", len(expired), 1),
        at_most(
            "last unexpired mail after the relay's return",
            max((m.at for m in late), default=came_back) - came_back,
            60 * max(1.0, scale.patience / 5),
            " s",
        ),
        told(f"{len(late)} mails had waited"),
    ]


async def _notice(node: Node) -> float:
    """Return after how long both the metrics and the log tell that mail waits."""
    began = time.monotonic()
    while time.monotonic() < began + 60:
        age = (await node.measured()).get("latchstring_outbox_oldest_age_seconds", 0.0)
        if age >= _WORTH_TELLING and '"outbox_waits"' in node.log:
            break
        await asyncio.sleep(0.5)
    return time.monotonic() - began


async def _start_for(stage: Stage, node: Node, label: str, rate: float, seconds: float) -> None:
    async def act(_number: int) -> None:
        await stage.driver.start(stage.driver.person(label), node)

    await at_rate(rate, seconds, act)


def _of(stage: Stage, label: str) -> list[Entry]:
    return [entry for entry in stage.ledger.entries if entry.person.startswith(label)]


def _start_times(stage: Stage) -> list[Figure]:
    healthy = percentile((e.seconds for e in _of(stage, "healthy")), 0.99)
    away = percentile((e.seconds for e in [*_of(stage, "early"), *_of(stage, "late")]), 0.99)
    bound = max(2 * healthy, _LEAST_SECONDS) * stage.scale.patience
    return [at_most("start p99 meanwhile", away * 1000, bound * 1000, " ms")]


@procedure(
    "R-06",
    "the relay answers 4yz and 5yz, breaks off after DATA, greets badly, shows an expired "
    "certificate, refuses the password",
    bound="4yz: again until it expires; 5yz: once; an event DeliveryFailed for each that never "
    "arrives, and no other; broken off: the same again; TLS: never clear",
    mostly_waits=True,
)
async def relay_refuses(stage: Stage) -> list[Figure]:
    """Each answer of the relay has the consequence that the mail deserves."""
    figures = [*await _refusals(stage), *await _connections(stage), *await _certificates(stage)]
    return [*await stage.ledger_check(excused={_NEVER, _UNKNOWN}), *figures]


_BUSY, _NEVER, _UNKNOWN, _CUT = (
    f"alice@{domain}.example" for domain in ("busy", "never", "unknown", "cut")
)


_BUSY_TIMES = 2


async def _refusals(stage: Stage) -> list[Figure]:
    await stage.edges.mail(
        Rule(stage=RECIPIENT, domain="busy.example", say="451 4.3.0 busy", times=_BUSY_TIMES),
        Rule(stage=RECIPIENT, domain="never.example", say="450 4.2.1 greylisted"),
        Rule(stage=RECIPIENT, domain="unknown.example", say="550 5.1.1 unknown"),
        Rule(stage=TAKEN, domain="cut.example", hang_up=True, times=1),
    )
    node = stage.node(email="code_lifetime = 60\nlink_lifetime = 60")
    await node.start()
    for person in (_BUSY, _NEVER, _UNKNOWN, _CUT):
        await stage.driver.start(person, node)
    await stage.messages.wait_for(_BUSY)
    await _copies(stage, _CUT, 2)
    await asyncio.sleep(stage.scale.seconds(short=0.5, full=62))
    if stage.scale.is_full:
        await stage.delivered(60)
    fates = {row[0]: (row[1], int(row[2])) for row in await stage.database.rows(_FATES)}
    failures = sorted((str(row[0]), str(row[1])) for row in await stage.database.rows(_FAILURES))
    await node.stop()
    stage.nodes.remove(node)
    cut = stage.messages.of(_CUT)
    given_up = "expired" if stage.scale.is_full else "queued"
    return [
        exactly(
            "attempts at a busy relay until it took the mail", fates[_BUSY][1], _BUSY_TIMES + 1
        ),
        at_least("attempts at one that never takes it", fates[_NEVER][1], 2),
        _state("which then", fates[_NEVER][0], given_up),
        exactly("attempts at an unknown recipient", fates[_UNKNOWN][1], 1),
        _state("whose mail", fates[_UNKNOWN][0], "failed"),
        _told_of(failures, [_NEVER, _UNKNOWN] if stage.scale.is_full else [_UNKNOWN]),
        exactly("copies after a break", len(cut), 2),
        exactly("of which different", len({m.digest for m in cut}) - 1, 0),
    ]


def _state(what: str, found: str, wanted: str) -> Figure:
    return Figure(f"{what} is {found}", wanted, found == wanted)


def _told_of(failures: list[tuple[str, str]], wanted: list[str]) -> Figure:
    """Return the figure for the events: one per message that never arrives, with the reason."""
    said = {_NEVER: "450 4.2.1 greylisted", _UNKNOWN: "550 5.1.1 unknown"}
    people = [person for person, _ in failures]
    right = people == wanted and all(said[person] in details for person, details in failures)
    return Figure(
        f"events of failed deliveries: {', '.join(people) or 'none'}",
        f"{', '.join(wanted)}, each with the relay's words",
        right,
    )


async def _copies(stage: Stage, person: str, count: int) -> None:
    async with asyncio.timeout(15):
        while len(stage.messages.of(person)) < count:
            await asyncio.sleep(0.02)
            stage.messages.refresh()


async def _connections(stage: Stage) -> list[Figure]:
    """Trouble before the relay has heard of a mail is no word about the mail."""
    node = stage.node(smtp_url=f"smtp://acme:secret@127.0.0.1:{stage.edges.mail_port}")
    await node.start()
    figures = []
    for label, rule in (
        ("a greeting of 554", Rule(stage=GREETING, say="554 5.3.2 go away", times=1)),
        ("a greeting in gibberish", Rule(stage=GREETING, say="HTTP/1.1 200 OK", times=1)),
        ("a refused password", Rule(stage=SIGN_IN, say="535 5.7.8 no", times=1)),
    ):
        await stage.edges.mail_listens(listens=False)  # a kept connection is greeted already
        await stage.edges.mail(rule)
        await stage.edges.mail_listens(listens=True)
        person = stage.driver.person("connect")
        await stage.driver.start(person, node)
        missing = await stage.messages.wait_for_all({person}, patience=30)
        figures.append(none_of(f"mails lost to {label}", missing, 1))
    await stage.edges.mail()
    await node.stop()
    stage.nodes.remove(node)
    return figures


async def _certificates(stage: Stage) -> list[Figure]:
    """An expired certificate: nothing is sent at all until there is a good one."""
    authority = Authority.make(stage.folder / "certificates")
    stale, fresh = authority.issue("stale", days=-1), authority.issue("fresh", days=1)
    port = await stage.edges.secret_relay("secret", *stale)
    node = stage.node(
        smtp_url=f"smtps://127.0.0.1:{port}", environment={"SSL_CERT_FILE": str(authority.file)}
    )
    await node.start()
    person = stage.driver.person("secret")
    await stage.driver.start(person, node)
    await asyncio.sleep(stage.scale.pick(short=0.5, full=5.0))
    stage.messages.refresh()
    in_spite = len(stage.messages.of(person))
    await stage.edges.secret_relay("secret", *fresh)
    missing = await stage.messages.wait_for_all({person}, patience=60)
    await node.stop()
    stage.nodes.remove(node)
    return [
        exactly("mails sent in spite of an expired certificate", in_spite, 0),
        none_of("mails lost to it", missing, 1),
    ]


@procedure(
    "R-07",
    "eight recipients' relay takes one byte a second while others get their mail",
    bound="the others' p95 ≤ 5 s; the slow sessions are cut ≤ 60 s; memory flat",
)
async def tarpit(stage: Stage) -> list[Figure]:
    """Who is slow holds up only themselves."""
    scale = stage.scale
    slow = Rule(stage=RECIPIENT, domain="tar.example", say="250 " + "x" * 500, drip=1.0)
    await stage.edges.mail(slow)
    [node] = await stage.started()
    await asyncio.gather(
        *(stage.driver.start(f"slow-{number}@tar.example", node) for number in range(8))
    )
    before = node.memory()
    count = scale.pick(short=60, full=1000)

    async def live(_client: int) -> None:
        for _ in range(count // 8):
            await stage.driver.start(stage.driver.person("fast"), node)

    began = time.monotonic()
    await at_once(8, live)
    fast = {entry.person for entry in stage.ledger.acknowledged if "tar." not in entry.person}
    missing = await stage.messages.wait_for_all(fast, patience=60)
    waits = [
        stage.messages.to[entry.person][0].at - entry.answered_at
        for entry in stage.ledger.acknowledged
        if entry.person in stage.messages.to
    ]
    figures = [
        none_of("acknowledged sends lost", missing, len(fast)),
        at_most("p95 until the others' mail", percentile(waits, 0.95), 5 * scale.patience, " s"),
        at_most("memory gained", node.memory() - before, 30, " MiB"),
    ]
    if scale.is_full:
        await asyncio.sleep(max(0.0, began + 62 - time.monotonic()))
        longest = await stage.edges.longest_drip()
        figures.append(at_most("longest slow session", longest, 60, " s"))
        figures.append(at_least("of at least", longest, 5, " s"))
    return figures
