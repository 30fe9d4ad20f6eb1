"""What a start made is never looked through for garbage; what comes later is."""

import subprocess
import sys

LOOKS = """
import gc
from latchstring.main import garbage

class Knot:
    pass

def tied():
    knot = Knot()
    knot.itself = knot

def left():
    return sum(isinstance(it, Knot) for it in gc.get_objects())

garbage.put_off()
assert not gc.isenabled()
tied()
garbage.settle()
assert gc.isenabled()
tied()
gc.collect()
print(left(), gc.get_freeze_count() > 0)
"""


def test_garbage_is_looked_for_among_what_came_after_the_start():
    # In a process of its own: what is frozen stays so.
    done = subprocess.run(
        [sys.executable, "-c", LOOKS], capture_output=True, text=True, check=True, timeout=20
    )

    assert done.stdout == "0 True\n"
