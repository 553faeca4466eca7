"""A Redis server for tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from portcullis_engine import PortcullisError
from portcullis_engine.store import RedisStore


class RedisServer:
    """A server on a free port, without persistence. It is stopped at the end of the block."""

    def __init__(self, folder: Path) -> None:
        command = shutil.which("redis-server")
        assert command is not None, "redis-server is not installed; run scripts/install-redis"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._arguments = [command, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"]
        self._folder = folder
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._arguments, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                RedisStore(self.url).halts()
            except PortcullisError:
                assert self._process.poll() is None, "redis-server ended"
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
