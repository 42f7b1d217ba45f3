"""Lanes of the work on uploads: small bodies in a thread, others in a process apart."""

import asyncio
import logging
import os
import sys

from serving.uploads.destination import UnavailableError
from serving.uploads.media import Encoding, Media
from serving.uploads.work import TEMPORARY_FAILURE, Task, work

logger = logging.getLogger("shopcast")
COMMAND = (sys.executable, "-m", "serving.uploads.work")
# Up to this size a body costs less processor time than the start of a process, about a second.
SMALL_BYTES = 256 << 10
# So many uploads are worked on at once by a process of the API; the next ones wait.
SMALL_AT_ONCE, LARGE_AT_ONCE = 4, 2
CUT_OFF = "The work on the rows was cut off."
# Arrow's own allocator reserves address space by the gibibyte, beyond the limit that the process
# sets itself, and keeps freed memory.
MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}


class Lanes:
    """Runs the work on uploads beside the lookups."""

    def __init__(self) -> None:
        self._small = asyncio.Semaphore(SMALL_AT_ONCE)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def run(self, task: Task, *, is_small: bool) -> None:
        """Work on an upload until it is done or refused.

        Raises:
            BusyError: another process works on the upload.
            UnavailableError: the rows cannot be passed on now, or the work was cut off.
        """
        if is_small:
            async with self._small:
                await asyncio.to_thread(work, task)
        else:
            async with self._large:
                await run_apart(task)


def is_small(size: int, media: Media, encoding: Encoding) -> bool:
    """Return whether a body costs little: few bytes, which cannot grow."""
    return size <= SMALL_BYTES and media != Media.PARQUET and encoding == Encoding.IDENTITY


async def run_apart(task: Task) -> None:
    """Work on an upload in a process apart.

    Raises:
        UnavailableError: the rows cannot be passed on now, or the process was killed.
    """
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, **MEMORY}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, stdin=pipe, stdout=pipe, env=environment
    )
    try:
        output, _ = await process.communicate(task.to_json().encode())
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode == TEMPORARY_FAILURE:
        raise UnavailableError(output.decode().rstrip().rsplit("\n", 1)[-1])
    if process.returncode:
        logger.error("upload %s: the work ended with %s", task.upload_id, process.returncode)
        raise UnavailableError(CUT_OFF)
