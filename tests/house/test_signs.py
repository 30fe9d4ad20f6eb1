"""Every room has its sign: a paragraph that says what it promises."""

import ast

import pytest

from tests.house.source import SRC, python_files, relative

PACKAGES = [path for path in python_files() if path.name == "__init__.py"]


@pytest.mark.parametrize("sign", PACKAGES, ids=relative)
def test_every_package_has_a_paragraph(sign):
    text = ast.get_docstring(ast.parse(sign.read_text(encoding="utf-8")))
    assert text, f"{relative(sign)} has no docstring"
    assert len(text.split()) >= 10, f"{relative(sign)}: a sentence at least, not a label"


def test_every_folder_with_python_in_it_is_a_package():
    folders = {path.parent for path in python_files()} - {SRC}
    assert {folder for folder in folders if not (folder / "__init__.py").exists()} == set()
