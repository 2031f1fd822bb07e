"""The guide tells what a run says under which code: those who read ``--json`` look for it."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
GUIDE = "".join(page.read_text(encoding="utf-8") for page in (REPOSITORY / "docs").glob("*.md"))


def codes_in(path):
    """Return the codes of the notices that a file makes, where they stand there as text."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            name = getattr(call.func, "id", getattr(call.func, "attr", None))
            if name in ("Notice", "_note") and re.fullmatch("[a-z-]+", str(call.args[0].value)):
                yield call.args[0].value


CODES = {
    code
    for path in (REPOSITORY / "napari_seg" / "segmentation").rglob("*.py")
    for code in codes_in(path)
}


@pytest.mark.parametrize("code", sorted(CODES | {"beside-shared"}))
def test_a_notice_of_a_run_stands_in_the_guide(code):
    assert f"`{code}`" in GUIDE
