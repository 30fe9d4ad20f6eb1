"""Which line a key stands on, however the file is written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.settings_file import read


def lines_of(folder, text):
    path = folder / "x.toml"
    path.write_bytes(text.encode())
    return read(path).lines


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_keys_headers_and_repeated_tables_have_their_lines(tmp_path, end):
    text = end.join(
        [
            "# a comment = 1",
            'a = "x" # and = another',
            "[b]",
            "c.d = 1",
            '"e f" = 2',
            "g = [",
            '  "] # not the end",',
            "  { h = 1 },",
            "]",
            "i = 3",
            "[[j]]",
            "k = 1",
            "[[j]]",
            "k = 2",
            "[j.l]",
            "m = 1",
            "[[j.n]]",
            "o = 1",
            "[ 'p' . q ]",
            'r = """',
            "[s]",
            't = 1 """',
            "u = '''",
            "v = 1",
            "'''",
            "w = {x = 1, y = '#'}",
        ]
    )
    assert lines_of(tmp_path, text) == {
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", "d"): 4,
        ("b", "e f"): 5,
        ("b", "g"): 6,
        ("b", "i"): 10,
        ("j", 0): 11,
        ("j", 0, "k"): 12,
        ("j", 1): 13,
        ("j", 1, "k"): 14,
        ("j", 1, "l"): 15,
        ("j", 1, "l", "m"): 16,
        ("j", 1, "n", 0): 17,
        ("j", 1, "n", 0, "o"): 18,
        ("p", "q"): 19,
        ("p", "q", "r"): 20,
        ("p", "q", "u"): 23,
        ("p", "q", "w"): 26,
    }


def test_a_byte_order_mark_is_passed_over(tmp_path):
    assert lines_of(tmp_path, "\ufeffa = 1\n") == {("a",): 1}


def test_what_has_no_line_of_its_own_has_its_holders(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("a = 1\n[b]\nc = {d = 1}\n", encoding="utf-8")
    file = read(path)
    assert file.where(("b", "c", "d")) == f"{path}:3"
    assert file.where(("b", "missing")) == f"{path}:2"
    assert file.where(("missing",)) == f"{path}:1"


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text()), unique_by=lambda x: x[0]
    )
)
def test_any_text_as_a_value_leaves_the_lines_right(tmp_path_factory, pairs):
    written = [f"{name} = {_quoted(value)}" for name, value in pairs]
    path = tmp_path_factory.mktemp("any") / "x.toml"
    path.write_text("\n".join(written), encoding="utf-8")
    file = read(path)
    assert file.table == tomllib.loads("\n".join(written))
    assert file.lines == {(name,): line for line, (name, _) in enumerate(pairs, 1)}


def _quoted(text: str) -> str:
    escaped = "".join(
        f"\\U{ord(c):08x}" if not c.isprintable() or c in '"\\' else c
        for c in text
        if not 0xD800 <= ord(c) <= 0xDFFF
    )
    return f'"{escaped}"'
