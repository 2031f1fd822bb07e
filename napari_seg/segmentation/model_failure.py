"""What a model's own parts raise while they run, told in one sentence that names the model."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_seg.segmentation.slabs.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECT = re.compile(r"<(?:[\w.]*\.)?(\w+) object at 0x[0-9a-fA-F]+>")
_LONGEST_REASON = 300


@contextmanager
def telling(part: str, model: str, what: str) -> Iterator[None]:
    """Tell of an error inside as one of the model; the whole of it is the new one's cause.

    Nothing but the model's own part may run inside: defects of ours are not to be told as its own.
    That memory ran out passes as it is, even where MONAI wraps it.

    Parameters
    ----------
    part
        What runs, such as ``"network"``.
    model
        Its name.
    what
        It ran on, such as ``"the scan"``.

    Raises
    ------
    ValueError
        If something is raised inside.
    """
    try:
        yield
    except Exception as error:  # a foreign model raises anything
        chain = _chain(error)
        for one in chain:
            if is_out_of_memory(one):
                raise one from (None if one is error else error)
        logging.getLogger(__name__).debug("a model failed", exc_info=error)
        raise ValueError(
            f"the {part} of the model {model!r} failed on {what}: {_reason(chain[-1])}; correct "
            "its configs/inference, or choose another model"
        ) from error


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what it came from, the first cause last."""
    chain = [error]
    while chain[-1].__cause__ is not None and len(chain) < 100:
        chain.append(chain[-1].__cause__)
    return chain


def _reason(error: BaseException) -> str:
    # What a KeyError says is its repr.
    said = error.args[0] if isinstance(error, KeyError) and error.args else error
    lines = _OBJECT.sub(r"\1", str(said)).strip().splitlines()
    first = lines[0].rstrip(" .,;:")[:_LONGEST_REASON] if lines else ""
    if isinstance(error, KeyError) and first and " " not in first:
        return f"there is no {first!r}"
    return first or type(error).__name__
