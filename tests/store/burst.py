"""A process that uses the store of a path until it is killed: `python -m tests.store.burst <path> <callers>`.

It prints a line `open`, and then the id of each message once its append has been answered.
"""

import asyncio
import sys
from pathlib import Path

from app.store.sqlite import SQLiteStore
from tests.store.records import HAN, OBI, message


async def send(store: SQLiteStore) -> None:
    while True:
        new = message(HAN, OBI)
        await store.append(new)
        print(new.id, flush=True)


async def main(path: Path, callers: int) -> None:
    store = SQLiteStore(path)
    await store.open()
    print("open", flush=True)
    await asyncio.gather(asyncio.Event().wait(), *(send(store) for _ in range(callers)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
