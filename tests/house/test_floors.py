"""The floors and doors of ARCHITECTURE.md, as import-linter reads them from pyproject.toml."""

import ast
import subprocess
import sys

import msgspec
import pytest

from tests.house.source import PACKAGE, ROOT, calls, modules, python_files, relative

WALL_TIME = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
}
ENVIRONMENT = {"os.environ", "os.getenv"}
ATTIC = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "services"}


def test_imports_only_point_downwards_and_no_room_has_a_door_to_another():
    linter = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_names_rooms_that_exist():
    """A misspelled room would be a contract about nothing."""
    surfaces = {
        path.name for path in (PACKAGE / "web").iterdir() if (path / "__init__.py").exists()
    }
    assert surfaces == {"auth0", "http", "inbox", "oidc", "pages"}


@pytest.mark.parametrize(
    ("names", "keeper"),
    [(WALL_TIME, "latchstring/base/clock.py"), (ENVIRONMENT, "latchstring/base/settings.py")],
    ids=["wall time", "environment"],
)
def test_only_one_module_reads(names, keeper):
    # An id's first half sorts by time and the migration book notes one, for people; nothing is
    # decided by either.
    exempt = {keeper, "latchstring/base/ids.py", "latchstring/db/migrate.py"}
    readers = {relative(path) for path in python_files() if names & set(calls(path))}
    assert {path for path in readers if not path.startswith("latchstring_demo/")} <= exempt


def test_there_is_no_attic():
    parts = {part for path in python_files() for part in (path.stem, path.parent.name)}
    assert not parts & ATTIC


def test_our_classes_inherit_from_each_other_only_in_families_of_errors():
    # A wire shape may extend another: that adds members, not behavior. A protocol is no parent.
    crossed = [
        f"{module.__name__}.{cls.__name__} inherits {base.__name__}"
        for module in modules()
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__
        for base in cls.__bases__
        if base.__module__.startswith("latchstring")
        and not issubclass(cls, Exception | msgspec.Struct)
        and not getattr(base, "_is_protocol", False)
    ]
    assert crossed == []


def test_a_flow_never_raises_inside_its_transaction():
    """Work given to ``transact`` returns refusals: raising would undo the count of a guess."""
    for path in (PACKAGE / "flows").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bodies = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.AsyncFunctionDef) and takes_tx(node)
        ]
        raising = [
            body.name for body in bodies if any(isinstance(n, ast.Raise) for n in ast.walk(body))
        ]
        assert raising == [], relative(path)


def takes_tx(function: ast.AsyncFunctionDef) -> bool:
    """Whether a function is handed a transaction."""
    return any(argument.arg == "tx" for argument in function.args.args)
