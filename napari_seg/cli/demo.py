"""The demo: the sample brain, the shipped model, a table, files, and a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.cli.choices import Choices
from napari_seg.cli.results import Outcome, report
from napari_seg.cli.segmenting import segment_scans
from napari_seg.cli.terminal import News

if TYPE_CHECKING:
    from pathlib import Path

_SCAN = "brain.nii.gz"


def run_demo(folder: Path, *, window: bool) -> None:
    """Find and segment both hippocampi of the sample brain, and show them where there is a screen.

    Parameters
    ----------
    folder
        That gets labels, record, table and picture.
    window
        Whether to open napari.

    Raises
    ------
    OSError
        If the sample data is missing or the results cannot be written.
    """
    from napari_seg.doctor import has_screen, window_problem
    from napari_seg.imaging.files import sample_data_folder
    from napari_seg.segmentation.run_settings import RunSettings

    choices = Choices(RunSettings(region="auto"), overwrite=True, overlay=True)
    outcome = Outcome()
    segment_scans([sample_data_folder() / _SCAN], f"{folder}/", choices, outcome)
    if outcome.failures:
        raise OSError(f"the demo failed: {outcome.failures[0].error}")
    report(outcome, as_json=False)
    news = News()
    (result,) = outcome.results
    news.say(f"The model took {result.seconds:.1f} s to find and segment both hippocampi.")
    news.say(f"Picture: {result.overlay}")
    if not window or not has_screen():
        return
    problem = window_problem()
    if problem is not None:
        news.say(f"No window: {problem}")
        return
    news.say("Opening napari; close its window to end.")
    from napari_seg.viewer.contributions import open_case

    open_case(result.case.scan, result.labels)
