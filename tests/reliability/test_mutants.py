"""Engines that are broken on purpose: a walk finds each of them out."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

import pytest

import custom_components.voltrail as integration
from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.devices.mennekes_rtu import heartbeat
from custom_components.voltrail.engine.devices.victron_gx.write_limits import WriteLimits
from tests.reliability.gx_walk import GxWalk
from tests.reliability.walk import Walk

pytestmark = pytest.mark.usefixtures("socket_enabled")

type Mutant = Callable[[], AbstractContextManager[Any]]


def _no_limit() -> AbstractContextManager[Any]:
    """Take no notice of what the installer allows."""
    options = integration.options
    return patch.object(
        integration, "options", lambda entry: replace(options(entry), max_current=None)
    )


def _forgets() -> AbstractContextManager[Any]:
    """Know nothing after a restart of what was asked for before."""
    return patch.object(ChargePoint, "restore_state", lambda *_: None)


def _slow_heart() -> AbstractContextManager[Any]:
    """Say a life sign every 12 s."""
    return patch.object(heartbeat, "INTERVAL", 12.0)


MUTANTS: Final[dict[str, tuple[str, Mutant, str | None]]] = {
    "none at the 4X": ("mennekes_tcp 4X", nullcontext, None),
    "none at the Compact": ("mennekes_rtu serial", nullcontext, None),
    "no limit": ("mennekes_tcp 4X", _no_limit, "are allowed"),
    "forgets a pause": ("mennekes_tcp 4X", _forgets, "not one of|are allowed"),
    "slow heart": ("mennekes_rtu serial", _slow_heart, "without a life sign"),
}


def _walk(walk: Walk) -> None:
    walk.order(10)
    walk.order(20)
    walk.install(8)
    walk.order(0)
    walk.kill(120)
    walk.check()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_walk_finds_out_what_is_broken(name: str) -> None:
    """And finds nothing where nothing is."""
    key, mutant, told = MUTANTS[name]
    with mutant():
        walk = Walk(key)
        try:
            if told is None:
                _walk(walk)
            else:
                with pytest.raises(AssertionError, match=told):
                    _walk(walk)
        finally:
            walk.close()


def _no_write_limits() -> AbstractContextManager[Any]:
    """Take no notice of what the installer of a GX allows."""
    chosen = WriteLimits.chosen
    return patch.object(
        WriteLimits, "chosen", lambda extra: chosen({**extra, "ac_current": 1000.0})
    )


@pytest.mark.parametrize("mutant", [nullcontext, _no_write_limits])
def test_a_walk_at_a_gx_finds_out_what_is_broken(mutant: Mutant) -> None:
    """And finds nothing where nothing is."""
    broken = mutant is _no_write_limits
    with mutant():
        walk = GxWalk()
        try:
            walk.order(20)
            if broken:
                with pytest.raises(AssertionError, match="beyond what is allowed"):
                    walk.order(32)
            else:
                walk.order(32)
        finally:
            walk.close()
