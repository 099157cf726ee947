"""Takes the place of a package that Home Assistant imports and that has no wheel here.

Its voice pipeline wants it as soon as the interface asks for the list of services, and
without it the whole interface stays at "Loading". There is no voice in a demo.
"""


class MicroVad:
    """Hears nobody speak."""

    def Process10ms(self, _chunk: bytes) -> float:  # noqa: N802 - the package's own name
        """Return the probability of speech in ten milliseconds of sound."""
        return 0.0
