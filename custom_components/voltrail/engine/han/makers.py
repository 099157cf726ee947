"""Who made a meter, from what it says about itself."""

from typing import Final

AIDON: Final = "Aidon"
KAIFA: Final = "Kaifa"
KAMSTRUP: Final = "Kamstrup"
LANDIS_GYR: Final = "Landis+Gyr"

_BY_LIST: Final = {
    "AIDON": AIDON,
    # The E350 of Landis+Gyr in Norway; Embriq made its communication.
    "EMBRIQ": LANDIS_GYR,
    "KFM": KAIFA,
    "Kamstrup": KAMSTRUP,
}

#: The three letters that every maker registers; they open telegrams and system titles.
_BY_LETTERS: Final = {
    "ADN": AIDON,
    "EST": "Sagemcom",
    "ISK": "Iskraemeco",
    "KAM": KAMSTRUP,
    "KFM": KAIFA,
    "LGF": LANDIS_GYR,
    "LGZ": LANDIS_GYR,
    "SAG": "Sagemcom",
}


def maker_of_list(version: str | None) -> str | None:
    """Return the maker whose list this is; ``None`` if the list is not known."""
    for prefix, maker in _BY_LIST.items():
        if version is not None and version.startswith(prefix + "_"):
            return maker
    return None


def maker_of_letters(text: str) -> str:
    """Return the maker's name, or its letters if they are not known here."""
    letters = text[:3].upper()
    return _BY_LETTERS.get(letters, letters)
