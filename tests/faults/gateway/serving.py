"""A thread with an event loop that listens on loopback, and does there what other threads ask for."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

HOST = "127.0.0.1"
LONGEST_WAIT_S = 20.0

type Attend = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Serving:
    """A port that is any free one at first, and the same ever after.

    Parameters
    ----------
    attend : callable
        Serves one connection until its end; what it raises is kept among the problems.

    """

    def __init__(self, attend: Attend) -> None:
        self.port = 0
        self.problems: list[BaseException] = []
        self._attend = attend
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._tasks = set[asyncio.Task[Any]]()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway")

    def start(self) -> None:
        self._thread.start()
        self.listen()

    def stop(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call[T](self, action: Callable[[], T]) -> T:
        """Do something in the loop's thread."""

        async def act() -> T:
            return action()

        return self._do(act())

    def listen(self) -> None:
        self._do(self._listen())

    def shut(self) -> None:
        """Listen no more, and end every connection."""
        self._do(self._shut())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LONGEST_WAIT_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._welcome, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._attend(reader, writer)
        except Exception as problem:  # noqa: BLE001 - of the gateway itself: the test is to hear of it
            self.problems.append(problem)
        finally:
            self._tasks.discard(task)
