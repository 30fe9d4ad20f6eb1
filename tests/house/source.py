"""The source tree as the house tests see it."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
PACKAGE = SRC / "latchstring"


def python_files() -> list[Path]:
    """Every Python file of the distribution."""
    return sorted(SRC.rglob("*.py"))


def relative(path: Path) -> str:
    """The path as a person would write it."""
    return path.relative_to(SRC).as_posix()


def modules() -> list[ModuleType]:
    """Every module of the server, imported."""
    names = [relative(path).removesuffix(".py").replace("/", ".") for path in python_files()]
    ours = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    return [importlib.import_module(name) for name in ours if name.split(".")[0] == PACKAGE.name]


def calls(path: Path) -> Iterator[str]:
    """Every dotted name that a file mentions, such as ``os.environ``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)
