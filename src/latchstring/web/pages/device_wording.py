"""The sentences of the device pages: slips, and what an application would learn."""

from latchstring.web.http.sentence import Address, Sentence, gettext


def missing(example: str) -> Sentence:
    """Ask for the code that was left out."""
    return gettext(
        "Enter the code that your device shows, like %(example)s.", example=Address(example)
    )


def no_code(example: str) -> Sentence:
    """Refuse what cannot be a code at all."""
    return gettext("The code is 8 letters, like %(example)s.", example=Address(example))


def unknown() -> Sentence:
    """Refuse a code that no device shows."""
    return gettext(
        "No device is waiting with that code. Compare it with the device, or let the device show "
        "a new one."
    )


_MAY_KNOW = {
    "openid": gettext("Who you are here"),
    "profile": gettext("Your name"),
    "email": gettext("Your email address"),
    "phone": gettext("Your phone number"),
    "offline_access": gettext("All of this also while you are away"),
}


def may_know(scope: str) -> tuple[Sentence, ...]:
    """Tell what the scopes of OpenID Connect let an application know."""
    words = scope.split()
    return tuple(sentence for word, sentence in _MAY_KNOW.items() if word in words)


def may_do(scope: str) -> tuple[str, ...]:
    """Return the scopes that are an API's own; only its makers have words for them."""
    return tuple(word for word in scope.split() if word not in _MAY_KNOW)
