"""Who made a meter, from what it says about itself."""

from typing import Final

AIDON: Final = "Aidon"
KAIFA: Final = "Kaifa"
KAMSTRUP: Final = "Kamstrup"
LANDIS_GYR: Final = "Landis+Gyr"
ISKRAEMECO: Final = "Iskraemeco"
SAGEMCOM: Final = "Sagemcom"

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
    "EST": SAGEMCOM,
    "ISK": ISKRAEMECO,
    "KAM": KAMSTRUP,
    "KFM": KAIFA,
    "LGF": LANDIS_GYR,
    "LGZ": LANDIS_GYR,
    "SAG": SAGEMCOM,
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


#: How addresses begin, destination before source, where lists do not name the maker.
_BY_ADDRESS: Final = {
    b"\xce": LANDIS_GYR,
    b"\xcf\x03": LANDIS_GYR,
    b"\xcf\x02\x23": ISKRAEMECO,
}


def maker_of_address(address: bytes) -> str | None:
    """Return the maker that uses these addresses in its HDLC frames; ``None`` if many do."""
    for prefix, maker in _BY_ADDRESS.items():
        if address.startswith(prefix):
            return maker
    return None
