"""Draws the CPU of one login, contestant by contestant, as an SVG that is text."""

import statistics
from collections.abc import Iterator
from xml.sax.saxutils import escape

from bench.heats import FEW
from bench.plan import Line, Plan, Result

_LABEL, _BAR, _VALUE = 330, 560, 80
_ROW, _HEIGHT = 30, 18
_HEAD = 50
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.value { font-weight: 600 }
.server { fill: #2f6fbb }
.database { fill: #e0943a }
@media (prefers-color-scheme: dark) { text { fill: #d8dee4 } }
"""


def svg(plan: Plan, result: Result) -> str:
    """Return the drawing."""
    users = plan.users[-1]
    rows = [line for line in result.lines.values() if line.measures.get(users)]
    scale = _BAR / max(_median(line, users)[0] + _median(line, users)[1] for line in rows)
    width, height = _LABEL + _BAR + _VALUE, _HEAD + _ROW * len(rows) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>CPU per login in milliseconds, server and database</title>",
        f"<style>{_STYLE}</style>",
        *_legend(users),
    ]
    for number, line in enumerate(rows):
        parts += _bar(line, _median(line, users), scale, _HEAD + number * _ROW)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _median(line: Line, users: int) -> tuple[float, float]:
    measures = line.measures[users]
    return (
        statistics.median(m.server_ms for m in measures),
        statistics.median(m.database_ms for m in measures),
    )


def _legend(users: int) -> Iterator[str]:
    yield f'<text x="0" y="20">CPU per login, ms, at {users} virtual users (less is better)</text>'
    for x, name in ((_LABEL + 200, "server"), (_LABEL + 290, "database")):
        yield f'<rect class="{name}" x="{x}" y="9" width="12" height="12"/>'
        yield f'<text x="{x + 18}" y="20">{name}</text>'


def _bar(line: Line, medians: tuple[float, float], scale: float, y: int) -> Iterator[str]:
    server, database = (value * scale for value in medians)
    size = f"{line.people:,} people" if line.people > FEW else ""
    label = " · ".join(filter(None, (line.name, line.kind, size)))
    text = y + _HEIGHT - 4
    yield f'<text x="0" y="{text}">{escape(label)}</text>'
    for name, x, length in (("server", 0.0, server), ("database", server, database)):
        yield (
            f'<rect class="{name}" x="{_LABEL + x:.1f}" y="{y}" width="{length:.1f}" '
            f'height="{_HEIGHT}"/>'
        )
    end = _LABEL + server + database + 8
    yield f'<text class="value" x="{end:.1f}" y="{text}">{sum(medians):.2f}</text>'
