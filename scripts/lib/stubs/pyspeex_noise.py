"""Takes the place of a package that Home Assistant imports and that has no wheel here.

See ``pymicro_vad`` beside this.
"""


class AudioProcessor:
    """Takes its settings, and is never asked to process anything."""

    def __init__(self, *_settings: float) -> None:
        pass
