"""Tell of an error that nobody expected so that it can be reported."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traceback import FrameSummary

_PACKAGE = Path(__file__).parents[1]


def defect_line(error: BaseException) -> str:
    """Say in one line what was raised and where; not what it says, which may name a patient."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    places = list(dict.fromkeys(_place(chain[-1]) for chain in (frames, ours) if chain))
    where = f" in {', called in '.join(places)}" if places else ""
    return (
        f"a defect of napari-seg or of a library that it uses: {type(error).__name__}{where}; "
        "please report it with this line, which holds nothing of the scan"
    )


def _place(frame: FrameSummary) -> str:
    # No more of the path, which may name a person.
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}"
