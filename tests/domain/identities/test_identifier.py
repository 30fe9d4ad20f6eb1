"""One spelling for each address and number: what folds, what stays apart, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchstring.base.errors import InvalidRequest
from latchstring.domain.identities.identifier import (
    BadEmail,
    BadPhoneNumber,
    digest_of,
    email_identifier,
    phone_identifier,
)


def email(text: str) -> str:
    return email_identifier(text, allow_examples=True).value


def phone(text: str, region: str | None = None) -> str:
    return phone_identifier(text, region, allow_examples=True).value


@pytest.mark.parametrize(
    "typed",
    [
        "mike@x.test",
        " mike@x.test\t",
        "mike@x.test\r\n",
        "MIKE@x.test",
        "Mike@X.TEST",
        "mike\uff20x.test",
        "mike@\uff38.test",
        "mike@\u24e7.test",
        "mike@x\u3002test",
        "\u00a0mike@x.test",
    ],
)
def test_s_14_spellings_of_one_address_are_one_identity(typed):
    assert email(typed) == "mike@x.test"
    assert email_identifier(typed, allow_examples=True).digest == digest_of("email", "mike@x.test")


@pytest.mark.parametrize(
    "typed", ["a@b\u00fccher.test", "a@B\u00dcCHER.test", "a@xn--bcher-kva.test"]
)
def test_s_14_an_international_domain_is_its_a_label(typed):
    assert email(typed) == "a@xn--bcher-kva.test"


@pytest.mark.parametrize(
    "typed",
    [
        "m\u0131ke@x.test",
        "mik\u00e9@x.test",
        "mike@\u0445.test",
        "m\u0456ke@x.test",
        "mike@fa\u00df.test",
        "mike+tag@x.test",
        "m.ike@x.test",
    ],
)
def test_s_11_look_alikes_are_somebody_else(typed):
    assert email(typed) not in {"mike@x.test", "mike@fass.test"}
    assert email(email(typed)) == email(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "\uff4dike@x.test",
        "MIK\u00c9@x.test",
        "\u017fam@x.test",
        "stra\u00dfe@x.test",
        "\u0130ke@x.test",
        "\ufb01rst@x.test",
        "m\u00b2@x.test",
        "\u212bke@x.test",
    ],
)
def test_s_11_a_local_part_with_a_second_spelling_is_refused(typed):
    with pytest.raises(BadEmail):
        email(typed)


def test_composed_and_decomposed_letters_are_one_identity():
    assert email("e\u0301@x.test") == email("\u00e9@x.test") == "\u00e9@x.test"


@pytest.mark.parametrize(
    "typed",
    [
        "a@x.test,b@y.test",
        "a@x.test;b@y.test",
        "a@x.test b@y.test",
        "a@x.test%2cb@y.test",
        "a@x.test\tb@y.test",
        "a@x.test,",
        "<a@x.test>",
        "Alice <a@x.test>",
        "a@x.test (Alice)",
        "(Alice) a@x.test",
        "mailto:a@x.test",
        "a@x.test?cc=b@y.test",
    ],
)
def test_s_08_a_list_a_name_or_a_comment_is_refused(typed):
    with pytest.raises(BadEmail):
        email(typed)


@pytest.mark.parametrize(
    "typed",
    ['"b@y.test"@x.test', '"b@y.test> "@x.test', "b@y.test@x.test", '"a b"@x.test', '""@x.test'],
)
def test_s_09_quoted_local_parts_and_second_at_signs_are_refused(typed):
    with pytest.raises(BadEmail):
        email(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "m\r\nBcc: b@y.test",
        "m@x.test\r\nBcc: b@y.test",
        "m\n@x.test",
        "m@x.test\x00",
        "\x00m@x.test",
        "m\x7f@x.test",
        "m\x1b[31m@x.test",
        "m\u202e@x.test",
        "m\u200b@x.test",
        "\ufeffm@x.test",
        "m\u00ad@x.test",
        "m\u2028@x.test",
        "m\ue000@x.test",
        "\ud800@x.test",
        "m@x.test\\r\\nBcc",
    ],
)
def test_s_13_controls_and_invisible_characters_are_refused(typed):
    with pytest.raises(BadEmail):
        email(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "@",
        "a",
        "a@",
        "@x.test",
        "a@localhost",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@x.123",
        "a@x.test.",
        "a@.x.test",
        "a@x..test",
        "a@-x.test",
        "a@x-.test",
        "a@x_y.test",
        "a@xn--a.test",
        "a@ab--cd.test",
        ".a@x.test",
        "a.@x.test",
        "a..b@x.test",
        "a@x.onion",
        "a@1.in-addr.arpa",
        "a@" + "x" * 64 + ".test",
        "a@" + "x." * 130 + "test",
        "a" * 400 + "@x.test",
    ],
)
def test_s_07_what_is_no_address_is_refused(typed):
    with pytest.raises(BadEmail) as refused:
        email(typed)

    assert refused.value.field == "email"
    assert str(refused.value) == "Enter an email address in the form name@example.com."


@pytest.mark.parametrize(
    "typed",
    [
        "a@example.com",
        "a@sub.example.org",
        "a@x.example",
        "a@x.test",
        "a@x.invalid",
        "a@x.localhost",
        "a@x.local",
    ],
)
def test_reserved_domains_sign_in_only_where_examples_may(typed):
    assert email_identifier(typed, allow_examples=True).value == typed
    with pytest.raises(BadEmail):
        email_identifier(typed, allow_examples=False)


@pytest.mark.parametrize("typed", ["a@notexample.com", "a@example.com.acme.io", "a@test.acme.io"])
def test_ordinary_domains_sign_in_everywhere(typed):
    assert email_identifier(typed, allow_examples=False).value == typed


@given(st.emails())
def test_normalizing_twice_changes_nothing_more(address):
    try:
        once = email(address)
    except BadEmail:
        return

    assert email(once) == once


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text):
    for typed in (text, f"{text}@x.test", f"a@{text}.test"):
        try:
            value = email(typed)
        except BadEmail:
            continue
        assert value.count("@") == 1
        assert value.rpartition("@")[2].isascii()
        assert not any(character.isspace() for character in value)


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("+14155552671", None),
        (" +1 (415) 555-2671 ", None),
        ("0014155552671", None),
        ("00 1 415 555 2671", None),
        ("(415) 555-2671", "US"),
        ("1 415 555 2671", "US"),
        ("\uff0b14155552671", None),
        ("+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0662\u0666\u0667\u0661", None),
        ("tel:+14155552671", None),
        ("+14155552671", "DE"),
    ],
)
def test_spellings_of_one_number_are_one_identity(typed, region):
    found = phone_identifier(typed, region, allow_examples=False)

    assert (found.value, found.region, found.number_block) == ("+14155552671", "US", "+1415555")
    assert found.digest == digest_of("sms", "+14155552671")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+",
        "+1",
        "abc",
        "911",
        "4155552671",
        "+999123456789",
        "+14155552671,+14155552672",
        "+14155552671;+14155552672",
        "+14155552671 +14155552672",
        "+14155552671 ext 5",
        "+14155552671;ext=5",
        "+14155552671x5",
        "+1415555\r\n2671",
        "+14155552671\x00",
        "+1415555\u200b2671",
        "9" * 400,
        "\ud800",
    ],
)
def test_s_08_what_is_not_one_number_is_refused(typed):
    with pytest.raises(BadPhoneNumber) as refused:
        phone(typed)

    assert refused.value.field == "phone_number"


@pytest.mark.parametrize(
    "typed", ["+19005551234", "+979123456789", "+18003569377", "+442079460000", "+4930123456"]
)
def test_s_16_premium_toll_free_and_landline_numbers_are_told_to_be_no_mobiles(typed):
    with pytest.raises(BadPhoneNumber, match="can't receive texts"):
        phone_identifier(typed, None, allow_examples=False)


def test_s_16_a_satellite_number_belongs_to_no_country_that_can_be_allowed():
    assert phone_identifier("+881612345678", None, allow_examples=False).region == "001"


def test_islands_with_a_shared_prefix_are_regions_of_their_own():
    assert phone_identifier("+447911123456", None, allow_examples=False).region == "GG"


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("+14155550100", "US"),
        ("+447700900123", "GB"),
        ("+491713920012", "DE"),
        ("+33639980001", "FR"),
        ("+61491570156", "AU"),
    ],
)
def test_reserved_numbers_sign_in_only_where_examples_may(typed, region):
    assert phone_identifier(typed, None, allow_examples=True).region == region
    with pytest.raises(BadPhoneNumber):
        phone_identifier(typed, None, allow_examples=False)


@given(st.text(max_size=40), st.sampled_from([None, "US", "GB", "DE"]))
def test_any_text_is_a_number_or_refused(text, region):
    for typed in (text, f"+1415555{text}"):
        try:
            value = phone(typed, region)
        except InvalidRequest:
            continue
        assert value.startswith("+")
        assert value[1:].isascii()
        assert value[1:].isdecimal()


def test_an_address_and_a_number_never_share_a_digest():
    assert digest_of("email", "+14155552671") != digest_of("sms", "+14155552671")
