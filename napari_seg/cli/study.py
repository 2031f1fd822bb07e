"""Take scans through reading, network and writing: beside the network of one, its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import typer

from napari_seg.cli.listing import as_dict
from napari_seg.cli.places import check_folder, check_places, check_sidecars
from napari_seg.cli.pseudonyms import HiddenNames
from napari_seg.cli.results import Case, Failure, Outcome, Result
from napari_seg.cli.segmenting import Drawn, draw, outputs, read, read_file, write
from napari_seg.cli.side_work import SideWork
from napari_seg.cli.terminal import News, listing, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from napari_seg.cli.choices import Choices
    from napari_seg.cli.segmenting import Written
    from napari_seg.imaging.progress import OnProgress
    from napari_seg.imaging.scan import Notice, Scan
    from napari_seg.segmentation.execution import Plan

# Of what its files hold unpacked: the bytes as they are stored, and the numbers made of them.
_TIMES_ITS_FILES = 3
# Of the memory left, what a scan may take that is read early.
_SHARE_READ_EARLY = 0.25


@dataclass(frozen=True)
class _Early:
    """A scan that is read before its turn, and the memory that this may take."""

    case: Case
    bytes: int


class Study:
    """Segment scans one after the other; one that fails does not stop the others.

    While the network runs on one scan, the next one is read and the labels of the last one are
    written, as far as there is memory for that. What is said and given back has the order of the
    scans.

    Parameters
    ----------
    choices
        The same for each scan.
    given
        Files that must not be written over.
    outcome
        Gets what becomes of each scan.
    """

    def __init__(self, choices: Choices, given: Sequence[Path], outcome: Outcome) -> None:
        self._choices, self._given, self._news = choices, given, News()
        self._outcome = outcome
        self._plan: Plan | None = None
        self._reading: SideWork[Scan] = SideWork()
        self._early: _Early | None = None
        self._writing: SideWork[Written] = SideWork()
        self._drawn: Drawn | None = None

    def __enter__(self) -> Study:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._reading.drop()
        # Files that are being written become whole, whatever ended the study.
        self._reading.close()
        self._writing.close()
        if self._writing.is_there:
            self._settle()

    def segment(self, case: Case, following: Case | None) -> None:
        """Segment a scan; its labels may be written while the `following` one is segmented."""
        try:
            self._check_places(case)
            scan = self._read(case)
            drawn = self._draw(case, scan, following)
            self._settle()
            if following is None:
                self._keep(drawn, write(drawn, self._choices))
            else:
                self._writing.begin(partial(_write, drawn, self._choices))
                self._drawn = drawn
                self._news.hold()
        except typer.BadParameter:
            raise
        except Exception as error:  # noqa: BLE001 - a defect must not take other scans along
            if self._early is not None and self._early.case is case:
                self._forget_early()
            self._settle()
            self._fail(case, error)

    def _check_places(self, case: Case) -> None:
        from napari_seg.imaging.hidden_folders import remove_leftovers

        check_folder(case.labels.parent)
        remove_leftovers(case.labels.parent)
        check_sidecars(case.labels, self._given, with_record=True)
        places = outputs(case.labels, self._choices)
        check_places(places, self._given, overwrite=self._choices.overwrite)

    def _read(self, case: Case) -> Scan:
        is_early = self._early is not None and self._reading.is_there
        self._early = None
        now = partial(read_file, case.scan, self._choices, self._choices.series_of(0))
        scan = read(case, self._choices, self._news, self._reading.take if is_early else now)
        self._tell(case, scan.notices)
        return scan

    def _draw(self, case: Case, scan: Scan, following: Case | None) -> Drawn:
        if self._plan is not None:
            # Before that the ways to run the network are timed, which wants a quiet machine.
            self._begin_early(following)
        try:
            drawn = self._drawn_beside(case, scan, following)
        except MemoryError:
            if self._early is None and self._drawn is None:
                raise
            self._forget_early()
            self._settle()
            drawn = self._drawn_beside(case, scan, None)
        self._plan = self._plan or drawn.plan
        self._tell(case, drawn.labels.notices)
        return drawn

    def _drawn_beside(self, case: Case, scan: Scan, following: Case | None) -> Drawn:
        def on_progress(fraction: float) -> None:
            if self._writing.is_done:
                self._settle()
            if fraction > 0:
                self._begin_early(following)
            report(fraction)

        with self._news.following(f"{case.name}: segmenting") as report:
            return draw(
                case,
                scan,
                self._choices,
                plan=self._plan,
                spare_bytes=self._bytes_beside(),
                on_progress=on_progress,
            )

    def _bytes_beside(self) -> int:
        from napari_seg.imaging.label_files.writing import COPIES_WRITTEN

        reading = self._early.bytes if self._early is not None and self._reading.is_there else 0
        writing = 0 if self._drawn is None else self._drawn.labels.array.nbytes
        return reading + COPIES_WRITTEN * writing

    def _begin_early(self, following: Case | None) -> None:
        """Begin to read a scan before its turn, if it is not begun and there is room for it."""
        if following is None or self._early is not None:
            return
        import torch

        from napari_seg.imaging.scan_files import bytes_unpacked
        from napari_seg.segmentation.slabs.memory import available_bytes

        needed = _TIMES_ITS_FILES * bytes_unpacked(following.scan)
        self._early = _Early(following, needed)
        free = available_bytes(torch.device("cpu"))
        if free is not None and needed > _SHARE_READ_EARLY * free:
            return
        try:
            self._check_places(following)
        except Exception:  # noqa: BLE001 - said in its turn
            return
        choices = self._choices
        self._reading.begin(partial(read_file, following.scan, choices, choices.series_of(0)))

    def _forget_early(self) -> None:
        self._reading.drop()
        self._early = None

    def _settle(self) -> None:
        """Wait until the labels of the last scan are written, and say what came of it."""
        drawn = self._drawn
        if drawn is None:
            return
        try:
            # Whoever stops the program while it waits finds the labels still in hand.
            written: Written | Exception = self._writing.take()
        except Exception as error:  # noqa: BLE001 - of the scan before
            written = error
        self._drawn = None
        held = self._news.release()
        if isinstance(written, Exception):
            self._fail(drawn.case, written)
        else:
            self._keep(drawn, written)
        for line in held:
            self._news.say(line)

    def _keep(self, drawn: Drawn, written: Written) -> None:
        from napari_seg.imaging.files import record_path

        case, record = drawn.case, drawn.record
        self._tell(case, written.notices)
        took = f"{record['seconds']:.1f} s on {record['device']}"
        self._news.say(f"{case.name}: {took}, written to {case.labels}")
        self._outcome.results.append(
            Result(
                case=case,
                labels=case.labels,
                record=record_path(case.labels),
                overlay=written.overlay,
                seconds=record["seconds"],
                notices=(*drawn.scan.notices, *drawn.labels.notices, *written.notices),
                measures=written.measures,
            )
        )

    def _fail(self, case: Case, error: Exception) -> None:
        self._outcome.failures.append(_failure(error, case, self._choices.channels))
        message = self._outcome.failures[-1].error
        named = message if case.name in message else f"{case.name}: {message}"
        self._news.say(f"napari-seg: {named}")
        # What series are called may name a patient, so it goes to a person's screen only.
        for line in () if case.pseudonym else listing(error):
            self._news.say(line)

    def _tell(self, case: Case, notices: Sequence[Notice]) -> None:
        for notice in notices:
            self._news.say(f"{case.name}: notice: {notice.message}")


def _write(drawn: Drawn, choices: Choices, _on_progress: OnProgress) -> Written:
    return write(drawn, choices)


def _failure(error: Exception, case: Case, channels: Sequence[Path]) -> Failure:
    listed = [as_dict(series) for series in getattr(error, "series", ())]
    if case.pseudonym is None:
        return Failure(case, one_line(error), listed)
    scans, place = (case.scan, *channels), case.labels
    hidden = HiddenNames.of(scans, case.pseudonym, shown=(place.name,), output=place.parent)
    for series in listed:
        series["problems"] = [hidden.hide(problem) for problem in series["problems"]]
    return Failure(case, hidden.hide(one_line(error)), listed)
