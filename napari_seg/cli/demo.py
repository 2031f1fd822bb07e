"""The demo: the sample scans, the shipped model, a table, files, and a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.cli.choices import Choices
from napari_seg.cli.results import report
from napari_seg.cli.segmenting import segment_scans
from napari_seg.cli.terminal import News

if TYPE_CHECKING:
    from pathlib import Path

_SCANS = ("hippocampus_left.nii.gz", "hippocampus_right.nii.gz")


def run_demo(folder: Path, *, window: bool) -> None:
    """Segment the sample scans into `folder`, and show the first where there is a screen.

    Raises
    ------
    OSError
        If the sample data is missing or the results cannot be written.
    """
    from napari_seg.doctor import has_screen, window_problem
    from napari_seg.imaging.files import sample_data_folder
    from napari_seg.segmentation.run_settings import RunSettings

    choices = Choices(RunSettings(), overwrite=True, overlay=True)
    scans = [sample_data_folder() / name for name in _SCANS]
    results, failures = segment_scans(scans, folder, choices)
    if failures:
        raise OSError(f"the demo failed: {failures[0].error}")
    report(results, failures, as_json=False)
    news = News()
    seconds = sum(result.seconds for result in results)
    news.say(f"The model took {seconds:.1f} s for {len(results)} scans.")
    for result in results:
        news.say(f"Picture: {result.overlay}")
    if not window or not has_screen():
        return
    problem = window_problem()
    if problem is not None:
        news.say(f"No window: {problem}")
        return
    news.say("Opening napari; close its window to end.")
    from napari_seg.viewer.contributions import open_case

    open_case(results[0].case.scan, results[0].labels)
