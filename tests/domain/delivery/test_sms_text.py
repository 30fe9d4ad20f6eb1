"""Segments, alphabets, and what may shrink."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.domain.delivery.sms_text import fits_one_segment, fitted, gsm7_length

LINE = "@auth.acme.example #482913"


def write(name):
    return f"{name + ': ' if name else ''}482913 is your sign-in code. Don't share it.\n\n{LINE}"


def test_the_usual_text_is_short_gsm7():
    assert gsm7_length(write("Acme")) == 78


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("a", 1),
        ("€", 2),
        ("[]{}", 8),
        ("Ñandú", None),
        ("ñàéü", 4),
        ("’", None),
        ("ó", None),
    ],
)
def test_septets_are_counted_as_the_standard_does(text, length):
    assert gsm7_length(text) == length


@pytest.mark.parametrize(
    ("text", "fits"),
    [("a" * 160, True), ("a" * 161, False), ("€" * 80, True)],
)
def test_gsm7_has_room_for_160(text, fits):
    assert fits_one_segment(text) is fits


@pytest.mark.parametrize(
    ("text", "fits"), [("я" * 70, True), ("я" * 71, False), ("😀" * 35, True), ("😀" * 36, False)]
)
def test_ucs2_has_room_for_70_units(text, fits):
    assert fits_one_segment(text) is fits


def test_a_long_name_is_cut_and_the_line_is_not():
    text = fitted(write, "The Very Long Company Name of Wherever, Inc. " * 4)
    assert text is not None
    assert text.startswith("The Very Long Company")
    assert text.endswith(f"\n{LINE}")
    assert 150 <= (gsm7_length(text) or 0) <= 160


def test_a_name_gsm7_cannot_write_loses_its_marks_before_its_letters():
    text = fitted(write, "Ação Ősz")
    assert text is not None
    assert text.startswith("Acao Osz: 482913")


def test_letters_gsm7_has_keep_their_marks():
    text = fitted(write, "Çafé ó")
    assert text is not None
    assert text.startswith("Çafé o: ")


def test_a_name_in_another_script_is_left_out():
    text = fitted(write, "株式会社")
    assert text == write("")


def test_a_text_that_needs_ucs2_keeps_the_start_of_the_name():
    def russian(name):
        return f"{name}: 482913 — код входа\n\n{LINE}"

    text = fitted(russian, "Общество с ограниченной ответственностью")
    assert text is not None
    assert text.startswith("Общество")
    assert fits_one_segment(text)


def test_nothing_helps_a_text_that_is_too_long_by_itself():
    assert fitted(lambda name: name + "x" * 161, "Acme") is None


@given(st.text(max_size=80))
def test_whatever_the_name_it_is_one_segment_and_ends_with_the_line(name):
    text = fitted(write, name)
    assert text is not None
    assert fits_one_segment(text)
    assert text.endswith(f"\n{LINE}")
