"""A group of chargers that share one supply, as its master reports it."""

from dataclasses import dataclass

from simulators.mennekes_tcp.codes import NetworkMode

type Amps = tuple[int, int, int]


@dataclass(kw_only=True)
class Network:
    """States named `network.*`."""

    #: Register 600, as the profile counts, and which of its numbers mean the master.
    mode: int = NetworkMode.DISABLED
    leading: frozenset[int] = frozenset({NetworkMode.MASTER})
    configured_l1: int = 32
    configured_l2: int = 32
    configured_l3: int = 32
    #: What the energy manager grants, registers 613 to 615.
    granted_l1: int = 32
    granted_l2: int = 32
    granted_l3: int = 32
    #: What the other stations are allowed, and what they draw.
    others_applied: int = 0
    others_drawn: int = 0
    source: int = 0
    stations: int = 1
    in_fallback: int = 0
    fallback_current: int = 6

    @property
    def leads(self) -> bool:
        """Whether this charger is the master; nobody else reports details or limits."""
        return self.mode in self.leading

    def configured(self, phase: int) -> int:
        """What the supply carries on L1, L2 or L3 (0, 1 or 2)."""
        return (self.configured_l1, self.configured_l2, self.configured_l3)[phase]

    def granted(self, phase: int) -> int:
        """What the energy manager grants on a phase."""
        return (self.granted_l1, self.granted_l2, self.granted_l3)[phase]

    def grant(self, phase: int, amps: int) -> None:
        """Grant a current on a phase."""
        setattr(self, f"granted_l{phase + 1}", amps)

    @property
    def limits(self) -> Amps:
        """What each phase of the supply may carry now.

        The lowest of the three granted currents counts on all phases.
        """
        granted = min(self.granted_l1, self.granted_l2, self.granted_l3)
        return (
            min(self.configured_l1, granted),
            min(self.configured_l2, granted),
            min(self.configured_l3, granted),
        )

    @property
    def left_for_this_one(self) -> int | None:
        """Most this charger may offer; None without a limit."""
        if not self.leads:
            return None
        return max(0, min(self.limits) - self.others_applied)

    def applied(self, own: Amps) -> Amps:
        """Return what all stations together are allowed per phase."""
        l1, l2, l3 = (self.others_applied + amps for amps in own)
        return l1, l2, l3

    def available(self, own: Amps) -> Amps:
        """Return what nobody has been allowed yet."""
        l1, l2, l3 = (
            max(0, limit - applied)
            for limit, applied in zip(self.limits, self.applied(own), strict=True)
        )
        return l1, l2, l3

    def drawn(self, own: tuple[float, float, float]) -> Amps:
        """Return what all stations together draw."""
        l1, l2, l3 = (self.others_drawn + round(amps) for amps in own)
        return l1, l2, l3
