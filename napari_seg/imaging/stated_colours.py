"""Colours as tables of labels state them."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"#?([0-9a-fA-F]{6})")


def stated_colour(text: str) -> tuple[int, int, int] | None:
    """Read red, green and blue, each 0 to 255, of a colour; None where it is none.

    Parameters
    ----------
    text
        Six hexadecimal digits, or a colour as CSS writes it. How far it is seen through is passed
        over.

    Examples
    --------
    >>> stated_colour("#ff8000"), stated_colour("#F80"), stated_colour("#ff800080")
    ((255, 128, 0), (255, 136, 0), (255, 128, 0))
    >>> stated_colour("red"), stated_colour("n/a")
    ((255, 0, 0), None)
    """
    text = text.strip()
    if (plain := _PLAIN.fullmatch(text)) is not None:
        red, green, blue = bytes.fromhex(plain[1])
        return red, green, blue
    from PIL import ImageColor

    try:
        red, green, blue, *_ = ImageColor.getrgb(text)
    except ValueError:
        return None
    return (red, green, blue) if max(red, green, blue) <= 255 else None
