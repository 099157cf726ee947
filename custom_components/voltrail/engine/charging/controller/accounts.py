"""The regret of staying: when to start, to pause, or to change phases, without any timer.

For each state that the car could be in there is what this second would be worth there. What a
state would have earned more than the present one is added up, never below 0, and when that
reaches the price of a change the change is made. A cloud that ends in time leaves nothing behind.

The price learns from the day: three copies of the rule with one, two and four times the price
play the same samples on paper, and the one that is clearly in front sets the price.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .codec import moment, rows

START_WH: Final = 40.0
PAUSE_WH: Final = 100.0
"""With 80 a car starts once or twice a day more often for one point of J(3)."""
SWITCH_WH: Final = 120.0
"""As much as a pause and a start together: a change of phases is both, and wears a relay."""
FACTORS: Final = (1.0, 2.0, 4.0)
WEAR_WH: Final = 25.0
"""What a start or a change of phases costs the players on paper."""
_START_DEAD_S: Final = 25.0
_SWITCH_DEAD_S: Final = 45.0
_FADING_S: Final = 2400.0
_IN_FRONT_WH: Final = 30.0


@dataclass
class Player:
    """A copy of the rule that plays on paper."""

    factor: float = 1.0
    present: int = 0
    accounts_wh: list[float] = field(default_factory=list)
    score_wh: float = 0.0
    dead_until_s: float = moment()


@dataclass
class Accounts:
    """What each state (the number of phases in use; 0 is paused) is ahead of the present one."""

    levels: list[int] = field(default_factory=list)
    accounts_wh: list[float] = field(default_factory=list)
    players: list[Player] = rows(Player)  # noqa: RUF009 - it makes a field
    factor: float = 1.0


def price_wh(present: int, other: int) -> float:
    """Return the base price of a change."""
    if not present:
        return START_WH
    return SWITCH_WH if other else PAUSE_WH


def worth_w(
    surplus_w: float, levels: Sequence[int], minimum_w: float, maximum_w: float, weight: float
) -> list[float]:
    """Return what this second is worth in each state; the powers are those of one phase."""
    sun = max(0.0, surplus_w)
    worth = []
    for level in levels:
        power = min(max(surplus_w, level * minimum_w), level * maximum_w) if level else 0.0
        from_sun = min(power, sun)
        worth.append(from_sun - weight * (power - from_sun))
    return worth


def rebuild(accounts: Accounts, levels: Sequence[int], present: int) -> None:
    """Begin again: the possible states have changed."""
    accounts.levels = list(levels)
    accounts.accounts_wh = [0.0] * len(levels)
    place = accounts.levels.index(present) if present in accounts.levels else 0
    scores = {player.factor: player.score_wh for player in accounts.players}
    accounts.players = [
        Player(
            factor=factor,
            present=place,
            accounts_wh=[0.0] * len(levels),
            score_wh=scores.get(factor, 0.0),
        )
        for factor in FACTORS
    ]


def clear(accounts: Accounts) -> None:
    """Set all accounts to 0: a change was made."""
    accounts.accounts_wh = [0.0] * len(accounts.levels)


def advance(
    accounts: Accounts, worth: Sequence[float], present: int | None, dt_s: float, now: float
) -> None:
    """Add up some seconds; ``present`` None leaves the accounts alone, the players go on."""
    hours = dt_s / 3600
    if present in accounts.levels:
        own = worth[accounts.levels.index(present)]
        accounts.accounts_wh = [
            max(0.0, account + (value - own) * hours)
            for account, value in zip(accounts.accounts_wh, worth, strict=True)
        ]
    fading = math.exp(-dt_s / _FADING_S)
    for player in accounts.players:
        _play(player, accounts.levels, worth, hours=hours, fading=fading, now=now)
    _choose_factor(accounts)


def due(accounts: Accounts, present: int, worth: Sequence[float], dearer: float = 1.0) -> int:
    """Return the state whose account paid for the change, else the present one.

    A paused car starts in the state that is worth most now: while the sun rises one phase has
    always paid first, and a change to three would follow at once. If a cloud has just come, it
    does not start. ``dearer`` is how many times its price a pause costs.
    """
    best, most = present, 0.0
    for level, account in zip(accounts.levels, accounts.accounts_wh, strict=True):
        if level == present:
            continue
        price = price_wh(present, level) * accounts.factor * (1.0 if level else dearer)
        if account >= price and account > most:
            best, most = level, account
    if best != present and not present:
        best = accounts.levels[_most(worth)]
    return best


def _play(
    player: Player,
    levels: Sequence[int],
    worth: Sequence[float],
    *,
    hours: float,
    fading: float,
    now: float,
) -> None:
    player.score_wh *= fading
    if now < player.dead_until_s:
        return
    own = worth[player.present]
    player.score_wh += own * hours
    best, most, before = player.present, 0.0, levels[player.present]
    for place, value in enumerate(worth):
        account = player.accounts_wh[place] + (value - own) * hours
        account = max(account, 0.0)
        player.accounts_wh[place] = account
        if account > most and account >= price_wh(before, levels[place]) * player.factor:
            best, most = place, account
    if best == player.present:
        return
    if not before:
        best = _most(worth)
        if not best:
            return
    player.present = best
    player.accounts_wh = [0.0] * len(levels)
    if levels[best]:
        player.score_wh -= WEAR_WH
        player.dead_until_s = now + (_SWITCH_DEAD_S if before else _START_DEAD_S)


def _most(worth: Sequence[float]) -> int:
    return max(range(len(worth)), key=worth.__getitem__)


def _choose_factor(accounts: Accounts) -> None:
    if not accounts.players:
        return
    front = max(accounts.players, key=lambda player: player.score_wh)
    for player in accounts.players:
        if player.factor == accounts.factor and front.score_wh > player.score_wh + _IN_FRONT_WH:
            accounts.factor = front.factor
            return
