"""Comments and docstrings name the program, device or person that they are about."""

from typing import Final

import pytest

from scripts.lib.laws import VAGUE, prose, vague_subjects

SOURCE: Final = '''"""A module."""

LIMIT = 6  # {comment}
"""{attribute}"""

def ask() -> str:
    """First line.

    {docstring}
    """
    return "{text}"
'''
PLAIN: Final = dict.fromkeys(("comment", "attribute", "docstring", "text"), "a caller asks again")


@pytest.mark.parametrize("place", ["comment", "attribute", "docstring"])
@pytest.mark.parametrize("words", ["asked anew", "Whoever asks", "somebody else", "Nobody's"])
def test_a_vague_subject_is_found(place: str, words: str) -> None:
    """With the number of its line, also below an attribute."""
    source = SOURCE.format(**PLAIN | {place: words})
    (number,) = [number for number, line in prose(source) if VAGUE.search(line)]
    assert words in source.splitlines()[number - 1]


def test_texts_of_the_program_are_not_comments() -> None:
    """An invented name in a test of a text, or a word of a device, may be any word."""
    source = SOURCE.format(**PLAIN | {"text": "nobody"})
    assert not [line for _, line in prose(source) if VAGUE.search(line)]


def test_the_integration_has_none() -> None:
    """Write the subject: the charger, a client, a caller, the poll, the owner, a person."""
    assert list(vague_subjects()) == []
