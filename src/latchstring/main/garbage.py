"""No garbage is looked for during a start, and later none among what the start has made.

A start makes a hundred thousand things that stay, and no garbage worth a look: looking all the same
takes an eighth of its time. Afterwards each full look, at all of them, would hold up every request.
"""

import gc


def put_off() -> None:
    """Look for none until ``settle``."""
    gc.disable()


def settle() -> None:
    """What is there stays; look for garbage among what comes."""
    gc.freeze()
    gc.enable()
