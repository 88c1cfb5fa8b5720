"""What files say about themselves, cut to a size that every store takes."""

import re
from collections.abc import Sequence

from .drawing import clean

LONGEST = 500  # characters of one string, and entries of an outline
MOST_PER_PAGE = 200  # links, fields and notes

_DATE = re.compile(r"(?:D:)?(\d{4})" + 5 * r"(\d\d)?" + r"(?:([Zz+-])(\d\d)?\D?(\d\d)?)?")


def short(text: str) -> str:
    """One line of at most LONGEST characters."""
    return " ".join(clean(text[: 4 * LONGEST]).split())[:LONGEST]


def iso_date(date: str) -> str:
    """A date as PDF writes it, in ISO 8601; "" for one that is none.

    >>> iso_date("D:20260105090000+01'00'")
    '2026-01-05T09:00:00+01:00'
    >>> iso_date("D:2026")
    '2026'
    """
    match = _DATE.match(date.strip())
    if not match:
        return ""
    year, month, day, hour, minute, second, sign, zone_hour, zone_minute = match.groups()
    told = "-".join(part for part in (year, month, day) if part)
    if not day or not hour:
        return told
    told += f"T{hour}:{minute or '00'}:{second or '00'}"
    if sign in ("+", "-"):
        return f"{told}{sign}{zone_hour or '00'}:{zone_minute or '00'}"
    return told + "Z" if sign else told


def locked(passwords: Sequence[str]) -> str:
    """What to tell of a file that stays locked; the passwords themselves are never told."""
    if not passwords:
        return "needs a password: give it with --password or QUIRE_PASSWORD"
    tried = "the password given does" if len(passwords) == 1 else "the passwords given do"
    return f"needs a password, and {tried} not open it: check it with --password"
