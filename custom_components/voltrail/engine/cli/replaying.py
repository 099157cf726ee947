"""``voltrail replay``: what the charging controller would have done on a recorded day."""

import argparse
import sys
from datetime import datetime
from pathlib import Path

from ..charging.controller import (
    ChargerConfig,
    ChargerRequest,
    GridShare,
    Mode,
    Requests,
)
from ..charging.history import ROLES, HistoryError, pick, read
from ..charging.replay import replay as replay_day
from .console import Console
from .errors import CommandError, Status


def replay(arguments: argparse.Namespace, console: Console) -> int:
    """Read a history, and print the day."""
    chosen = {role: name for role in ROLES if (name := getattr(arguments, role)) is not None}
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    try:
        series = pick(read(_lines(arguments.file), zone), chosen)
        charger = ChargerConfig(
            key="car",
            maximum_a=arguments.max_current,
            phases=arguments.phases,
            switchable=arguments.switchable,
        )
        request = ChargerRequest(
            mode=Mode(arguments.mode), grid_share=GridShare(arguments.grid_share)
        )
        day = replay_day(
            series, charger, Requests(chargers={"car": request}), fuse_a=arguments.fuse
        )
    except HistoryError as err:
        raise CommandError(str(err)) from err
    console.lines(day.table())
    if arguments.picture is not None:
        first = datetime.fromtimestamp(day.times_s[0]).astimezone()
        offset = first.utcoffset()
        hours = offset.total_seconds() / 3600 if offset is not None else 0.0
        try:
            arguments.picture.write_text(day.picture(f"{first:%Y-%m-%d}", hours), "utf-8")
        except OSError as err:
            message = f"{arguments.picture} cannot be written: {err.strerror}"
            raise CommandError(message) from err
        console.note(f"the picture is in {arguments.picture}")
    return Status.DONE


def _lines(file: str) -> list[str]:
    if file == "-":
        return sys.stdin.read().splitlines()
    try:
        return Path(file).read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        message = f"{file} cannot be read: {getattr(err, 'strerror', None) or err}"
        raise CommandError(message) from err
