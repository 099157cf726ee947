"""Texts as meters send them."""

from .axdr import TEXTS, Node


def clean(raw: bytes) -> str | None:
    """Return a text without its padding of zeros and spaces; ``None`` if nothing is left."""
    text = raw.decode("ascii", "replace").strip("\0 ")
    return text if text.isprintable() and text else None


def text_of(data: bytes, node: Node) -> str | None:
    """Return the text of an element; ``None`` if it has none."""
    return clean(data[node.start : node.end]) if node.tag in TEXTS else None
