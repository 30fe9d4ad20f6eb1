"""``python -m chaos.purging CONFIG``: one round of the program's purge, now instead of later."""

import asyncio
import sys

from latchstring.base.settings_loading import load
from latchstring.flows.purge_expired import PurgeExpired
from latchstring.main.installation import opened


async def main(configuration: str) -> None:
    """Purge and print how many rows went."""
    async with opened(load(configuration, {}).settings) as installation:
        print(await PurgeExpired(installation.database, installation.clock)())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
