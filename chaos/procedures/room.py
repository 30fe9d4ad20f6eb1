"""Room for thousands of connections of our own."""

import resource

_OTHERS = 500


def make_room(connections: int) -> None:
    """Let this process open so many, where the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHERS
    if resource.RLIM_INFINITY != soft < wanted:
        top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))
