"""The sentences that handlers choose from: what went wrong, and what is happening."""

from enum import StrEnum

from latchstring.web.http.sentence import Address, Sentence, gettext, ngettext


class Delivery(StrEnum):
    """What is known about a message on its way; final ones change no more."""

    QUEUED = "queued"
    DELAYED = "delayed"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Tell the page's script to stop asking."""
        return self in {Delivery.DELIVERED, Delivery.FAILED}


def bad_email() -> Sentence:
    """Refuse what is not an email address."""
    return gettext("Enter an email address in the form name@example.com.")


def missing_email() -> Sentence:
    """Ask for the address that was left out."""
    return gettext("Enter your email address.")


def bad_phone(country: str) -> Sentence:
    """Refuse what is not a mobile number; `country` is the chosen one's name."""
    return gettext(
        "Enter a mobile number, with the country code if it is outside %(country)s.",
        country=country,
    )


def missing_phone() -> Sentence:
    """Ask for the number that was left out."""
    return gettext("Enter your mobile number.")


def country_not_allowed(country: str, *, email_offered: bool) -> Sentence:
    """Refuse a country that the operator does not send to."""
    if email_offered:
        return gettext(
            "We can't send SMS to numbers in %(country)s. Use your email address instead.",
            country=country,
        )
    return gettext("We can't send SMS to numbers in %(country)s.", country=country)


def wrong_code(tries_left: int | None = None) -> Sentence:
    """Refuse a code; `tries_left` once it is worth a warning."""
    if tries_left is None:
        return gettext("That code isn't right. Check the latest message and try again.")
    return ngettext(
        "That code isn't right. Check the latest message and try again. You have %(num)d try left.",
        "That code isn't right. Check the latest message and try again. "
        "You have %(num)d tries left.",
        tries_left,
    )


def wrong_length(length: int, entered: int) -> Sentence:
    """Refuse a code that has too few or too many digits."""
    return gettext(
        "The code is %(length)d digits. You entered %(entered)d.", length=length, entered=entered
    )


def not_digits(length: int) -> Sentence:
    """Refuse a code that is not made of digits."""
    return gettext(
        "The code is %(length)d digits, like %(example)s.",
        length=length,
        example=Address(example_code(length)),
    )


def example_code(length: int) -> str:
    """Show how a code of this length looks, in two halves as people read it."""
    digits = "482913706154"[:length]
    return f"{digits[: (length + 1) // 2]} {digits[(length + 1) // 2 :]}"


def missing_code() -> Sentence:
    """Ask for the code that was left out."""
    return gettext("Enter the code from the message.")


def code_expired(identifier: str) -> Sentence:
    """Say that an expired code was answered by sending a new one."""
    return gettext(
        "That code has expired. We've sent a new one to %(identifier)s.",
        identifier=Address(identifier),
    )


def code_expired_unsent() -> Sentence:
    """Say that a code expired where no new one may be sent yet."""
    return gettext("That code has expired. Send a new one to go on.")


def sent_again(identifier: str) -> Sentence:
    """Confirm that a new message is on its way."""
    return gettext("We've sent a new one to %(identifier)s.", identifier=Address(identifier))


def delivery(state: Delivery) -> Sentence:
    """Tell what really happened to the message so far."""
    return _DELIVERIES[state]


_DELIVERIES = {
    Delivery.QUEUED: gettext("The message is on its way out."),
    Delivery.DELAYED: gettext("The receiving side asked us to wait. We keep trying."),
    Delivery.HANDED_OVER: gettext("The receiving side has accepted the message."),
    Delivery.DELIVERED: gettext("The message was delivered."),
    Delivery.FAILED: gettext("The message could not be delivered."),
}


def use_email() -> Sentence:
    """Name the email way, for a link that leads there."""
    return gettext("Use your email address instead")


def use_phone() -> Sentence:
    """Name the phone way, for a link that leads there."""
    return gettext("Use your mobile number instead")


def enter_code() -> Sentence:
    """Name the code page, for a link that leads there."""
    return gettext("Enter a code you already have")
