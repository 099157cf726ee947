"""Texts that devices tell: what cannot be printed reaches no title and no log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.model.parts import Identity
from custom_components.voltrail.engine.model.texts import legible


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Garage", "Garage"),
        ("Carport  Süd ", "Carport  Süd "),
        ("Garage\r\nERROR all is lost", "Garage  ERROR all is lost"),
        ("\x1b[31mGarage\x07", "[31mGarage"),
        ("Gar\x00age", "Garage"),
        ("\u202eegarag\u200b", "egarag"),
        ("left\u00a0right\u2028", "left right"),
        ("\x01\x02", ""),
    ],
)
def test_a_text_can_be_printed(told: str, shown: str) -> None:
    """Line breaks, colours of a terminal and turned directions are gone, the rest is as it was."""
    assert legible(told) == shown


@given(st.text())
def test_any_text(told: str) -> None:
    """Whatever it is."""
    assert legible(told).isprintable()


def test_an_identity_can_be_printed() -> None:
    """It is what titles and the log are made of."""
    identity = Identity(
        manufacturer="Maker\n",
        model="Model\t2",
        serial="A\x001",
        name="Garage\nnext",
        firmware=None,
    )
    assert identity == Identity(
        manufacturer="Maker", model="Model 2", serial="A1", name="Garage next"
    )
