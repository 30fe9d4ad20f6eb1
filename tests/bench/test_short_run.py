"""The bench runs for real: both databases, lean and full, every table filled."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHORT = "--seconds 0.3 --warm-up 0.1 --rounds 1 --users 2 --users-in-database 3000 --cold-starts 0"


def test_a_short_run_measures_every_contestant_and_judges_the_goals():
    command = [sys.executable, "-m", "bench", *SHORT.split()]
    done = subprocess.run(
        [*command, "--heats", "sqlite", "full", "--without-peers"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line[:2] == "| "]
    logins = {tuple(row[:3]): row for row in rows if len(row) == 8}
    for contestant in (
        ("latchstring, lean", "SQLite", "1,000"),
        ("latchstring, lean", "SQLite", "3,000"),
        ("latchstring, full, ES256", "SQLite", "1,000"),
        ("latchstring, full, ES256", "PostgreSQL", "1,000"),
        ("latchstring, full, RS256", "PostgreSQL", "1,000"),
        ("bare rows: one loop", "SQLite", "1,000"),
    ):
        rate, server, database, total = (cell.strip("*") for cell in logins[contestant][4:])
        assert float(rate.split()[0]) > 0
        assert float(total.split()[0]) >= float(server.split()[0]) > 0
        assert bool(database) == ("PostgreSQL" in contestant)
    goals = {row[0]: row for row in rows if len(row) == 4}
    assert "lean at 3,000 people by lean at 1,000, sqlite" in goals
    assert "CPU per mail handed to SMTP, ms" in goals
    assert any(goal.startswith("mail in the relay") for goal in goals)
    assert "0 errors" in done.stdout
