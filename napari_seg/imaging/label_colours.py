"""Colours of labels: as tables state them, and those of values that have none of their own."""

from __future__ import annotations

import colorsys
import re

Colour = tuple[int, int, int]

# Apart from each other and from grey, for the eyes of the colour-blind too (after Okabe and Ito,
# then Tol); later values walk the colour circle.
_PALETTE: tuple[Colour, ...] = (
    (230, 97, 60),
    (64, 160, 230),
    (92, 190, 100),
    (240, 200, 60),
    (190, 110, 210),
    (60, 200, 190),
    (245, 140, 170),
    (160, 120, 80),
    (120, 130, 230),
    (170, 200, 50),
)
_GOLDEN_RATIO = 0.618034
_PLAIN = re.compile(r"#?([0-9a-fA-F]{6})")


def stated_colour(text: str) -> Colour | None:
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


def colour_of(value: int) -> Colour:
    """Return the fixed colour of a value that has none of its own."""
    if value <= len(_PALETTE):
        return _PALETTE[value - 1]
    hue = value * _GOLDEN_RATIO % 1
    parts = colorsys.hls_to_rgb(hue, 0.5 + 0.15 * (value % 2), 0.65)
    red, green, blue = (round(255 * part) for part in parts)
    return red, green, blue
