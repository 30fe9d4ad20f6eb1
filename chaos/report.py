"""What a run of procedures prints, and what it leaves in the documentation."""

from dataclasses import dataclass, field
from pathlib import Path

from chaos.databases import SQLITE
from chaos.figures import Figure
from chaos.registry import Procedure

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN = "<!-- figures: written by python -m chaos --write -->"
END = "<!-- end of figures -->"

PASS, FAIL, WAITS = "pass", "FAIL", "waits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one procedure on one database."""

    procedure: Procedure
    database: str = ""
    figures: list[Figure] = field(default_factory=list)
    trouble: str = ""
    """What stopped it before it had figures."""
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """One word."""
        if self.procedure.waits_for:
            return WAITS
        good = not self.trouble and self.figures and all(each.holds for each in self.figures)
        return PASS if good else FAIL

    @property
    def text(self) -> str:
        """The figures in one line, each with its bound."""
        if self.procedure.waits_for:
            return self.procedure.waits_for
        if self.trouble:
            return self.trouble
        return " · ".join(_figure(each) for each in self.figures)


def line(result: Result) -> str:
    """Return what is printed of one result."""
    name = f"{result.procedure.id} {result.database}".ljust(17)
    return f"{name}{result.verdict.ljust(6)}{result.seconds:6.1f} s  {result.text}"


def summary(results: list[Result]) -> str:
    """Return the last line of a run."""
    count = {word: sum(r.verdict == word for r in results) for word in (PASS, FAIL, WAITS)}
    seconds = sum(result.seconds for result in results)
    return (
        f"{count[PASS]} passed, {count[FAIL]} fell short, {count[WAITS]} wait for what does not "
        f"exist yet; {seconds / 60:.1f} min"
    )


def _figure(figure: Figure) -> str:
    wrong = "" if figure.holds else "!! "
    return f"{wrong}{figure.text} ({figure.bound})" if figure.bound else f"{wrong}{figure.text}"


def table(results: list[Result]) -> list[str]:
    """Return the rows of the documentation."""
    rows = [
        "| | database | what is done | what must hold | what was measured (its bound) | | s |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        cells = (
            result.procedure.id,
            result.database or "-",
            result.procedure.sentence_for(result.database),
            result.procedure.bound_for(result.database),
            result.text.replace("|", "/"),
            result.verdict,
            f"{result.seconds:.0f}",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def write(results: list[Result], command: str, *, anew: bool) -> None:
    """Put the table between the markers of the page; or, in it, the rows of what ran once more."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    earlier, _, after = rest.partition(END)
    told = ["", f"`{command}`:", "", *table(results), "", summary(results), ""]
    if not anew:
        told = ["", *_with_rows_of(earlier.strip("\n").splitlines(), results, command)]
    PAGE.write_text(before + "\n".join([BEGIN, *told, END]) + after, encoding="utf-8")


def _with_rows_of(lines: list[str], results: list[Result], command: str) -> list[str]:
    newer = {_key(row): row for row in table(results)[2:]}
    rows = [at for at, line in enumerate(lines) if line.startswith("| R-")]
    if not rows:
        raise LookupError("no earlier rows: run all of it first")
    ran = {_key(lines[at]): lines[at] for at in rows} | newer
    # By number, and by database as they always stood: SQLite before PostgreSQL.
    every = [ran[key] for key in sorted(ran, key=lambda key: (key[0], key[1] != SQLITE))]
    found = [*lines[: rows[0]], *every, *lines[rows[-1] + 1 :]]
    return [*found, "", f"Then again: `{command}`; {summary(results)}", ""]


def _key(row: str) -> tuple[str, str]:
    _, name, database, *_ = (cell.strip() for cell in row.split("|"))
    return name, database
