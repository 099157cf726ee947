"""Texts that a device tells: anything can stand in its registers."""


def legible(text: str) -> str:
    """Return a text without what cannot be printed; a line break or a tab becomes a blank.

    A name goes into titles and into the log, where a line break would begin a line that Voltrail
    did not write, and a change of the direction would turn round what stands behind it.
    """
    if text.isprintable():
        return text
    kept = (
        " " if char.isspace() else char for char in text if char.isspace() or char.isprintable()
    )
    return "".join(kept).strip()
