"""A serial cable made of two pseudo-terminals, with hooks for noise and a plug to pull."""

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

type Spoiler = Callable[[bytes], bytes]


class PtyCable:
    """Carries bytes between `path` (the client's end) and `far_path` (the device's end).

    `to_device` and `to_client` may be set to functions that lose, add or change bytes under way.
    `unplug` makes the client's end vanish as a pulled adapter does; `plug` brings it back. With
    `link`, a symbolic link there always leads to the client's end of the moment. `character` is
    how many seconds a byte takes; pseudo-terminals themselves know no baud rate.
    """

    def __init__(self, *, link: Path | None = None, character: float = 0.0) -> None:
        self.to_device: Spoiler | None = None
        self.to_client: Spoiler | None = None
        self._link = link
        self._character = character
        self._free_at = {True: 0.0, False: 0.0}
        self._far: tuple[int, int] | None = None
        self._near: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._far = self._open()
        self._loop.add_reader(self._far[0], self._carry, False)  # noqa: FBT003
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()
        if self._far is not None:
            self._loop.remove_reader(self._far[0])
            self._close(self._far)
            self._far = None

    @property
    def far_path(self) -> str:
        """Where the device opens its port."""
        assert self._far is not None
        return os.ttyname(self._far[1])

    @property
    def path(self) -> str:
        """Where the client opens its port."""
        if self._link is not None:
            return str(self._link)
        assert self._near is not None
        return os.ttyname(self._near[1])

    def plug(self) -> None:
        """Let the client's end appear."""
        if self._near is not None:
            return
        self._near = self._open()
        self._loop.add_reader(self._near[0], self._carry, True)  # noqa: FBT003
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(os.ttyname(self._near[1]))

    def unplug(self) -> None:
        """Let the client's end vanish."""
        if self._near is None:
            return
        self._loop.remove_reader(self._near[0])
        self._close(self._near)
        self._near = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    @staticmethod
    def _open() -> tuple[int, int]:
        # The second descriptor stays open so that the first survives clients that come and go.
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        return master, slave

    @staticmethod
    def _close(pair: tuple[int, int]) -> None:
        for descriptor in pair:
            os.close(descriptor)

    def _carry(self, towards_device: bool) -> None:  # noqa: FBT001 - one of two directions
        source = self._near if towards_device else self._far
        spoil = self.to_device if towards_device else self.to_client
        if source is None:
            return
        with suppress(BlockingIOError):
            data = os.read(source[0], 4096)
            if spoil is not None:
                data = spoil(data)
            if self._character == 0:
                self._deliver(data, towards_device)
                return
            start = max(self._loop.time(), self._free_at[towards_device])
            end = self._free_at[towards_device] = start + len(data) * self._character
            self._loop.call_at(end, self._deliver, data, towards_device)

    def _deliver(self, data: bytes, towards_device: bool) -> None:  # noqa: FBT001 - as above
        target = self._far if towards_device else self._near
        if target is not None and data:
            with suppress(BlockingIOError):
                os.write(target[0], data)
