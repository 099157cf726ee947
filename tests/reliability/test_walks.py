"""Random walks over orders, faults, restarts, kills and options: chargers, and a GX."""

import os
from typing import ClassVar, Final, override

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.reliability.gx_walk import GxWalk
from tests.reliability.walk import FAULTS, Walk

pytestmark = pytest.mark.usefixtures("socket_enabled")

CHARGERS: Final = (
    "mennekes_tcp 4X",
    "mennekes_tcp ECU",
    "mennekes_tcp HCC3",
    "mennekes_rtu serial",
    "mennekes_rtu gateway",
    "alfen",
    "victron_evcs",
    "victron_gx",
)
WALKS: Final = int(os.environ.get("VOLTRAIL_WALKS", "100"))
"""How many walks there are in all; the soak takes more."""
STEPS: Final = 10 if "VOLTRAIL_WALKS" in os.environ else 5
AMPS: Final = st.sampled_from([0.0, 4.0, 6.0, 7.0, 10.0, 13.0, 16.0, 20.0, 32.0])


class Owners(RuleBasedStateMachine):
    """What can happen, in any order."""

    key: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.walk = GxWalk() if self.key == "victron_gx" else Walk(self.key)

    @rule(amps=AMPS)
    def order(self, amps: float) -> None:
        """Ask for a limit."""
        self.walk.order(amps)

    @rule(name=st.sampled_from(FAULTS), seconds=st.sampled_from([3.0, 12.0, 40.0]))
    def break_link(self, name: str, seconds: float) -> None:
        """Let a fault happen."""
        self.walk.break_link(name, seconds)

    @rule(name=st.sampled_from(FAULTS), amps=AMPS)
    def order_while_broken(self, name: str, amps: float) -> None:
        """Ask for a limit in the middle of a fault."""
        self.walk.order_while_broken(name, amps)

    @rule(seconds=st.sampled_from([1.0, 15.0, 70.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.walk.wait(seconds)

    @rule(seconds=st.sampled_from([1.0, 30.0, 120.0]))
    def restart(self, seconds: float) -> None:
        """Restart Home Assistant."""
        self.walk.restart(seconds)

    @rule(seconds=st.sampled_from([1.0, 30.0, 120.0]))
    def kill(self, seconds: float) -> None:
        """Kill Home Assistant."""
        self.walk.kill(seconds)

    @rule(amps=AMPS, after=st.sampled_from([0.0, 0.001, 0.003, 0.01, 0.1, 1.0, 5.0]))
    def kill_in_an_order(self, amps: float, after: float) -> None:
        """Kill Home Assistant in the middle of an order, or soon after it."""
        self.walk.kill(10, amps, after)

    @rule(amps=st.sampled_from([8.0, 16.0, 25.0]))
    def install(self, amps: float) -> None:
        """Let the installer allow another current."""
        self.walk.install(amps)

    @rule()
    def reboot(self) -> None:
        """Switch the charger off and on again."""
        self.walk.reboot()

    @override
    def teardown(self) -> None:
        """See what is in force in the end."""
        try:
            self.walk.check()
        finally:
            self.walk.close()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("key", CHARGERS)
def test_no_order_is_lost_and_no_limit_broken(key: str) -> None:
    """Whatever happens in whatever order."""
    machine = type("Walker", (Owners,), {"key": key})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, WALKS // len(CHARGERS)),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="VOLTRAIL_WALKS" not in os.environ,
            database=None,
            print_blob=False,
            # What fails is short enough, and shrinking takes minutes.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
