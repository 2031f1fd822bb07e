"""Segment scans, and write what came out: the steps that each scan goes through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_seg.cli.places import (
    beside,
    case_of,
    check_format,
    label_paths,
    map_ending,
)
from napari_seg.cli.results import Case
from napari_seg.cli.staging import staged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_seg.cli.choices import Choices
    from napari_seg.cli.results import Outcome
    from napari_seg.cli.terminal import News
    from napari_seg.imaging.measures import LabelMeasure
    from napari_seg.imaging.progress import OnProgress
    from napari_seg.imaging.scan import LabelMap, Notice, Scan
    from napari_seg.segmentation.execution import Plan


_FIND = "let it find the place itself (--region auto)"
_GIVE_BOX = "give a box around what to segment (--region I0:I1,J0:J1,K0:K1)"


@dataclass(frozen=True, eq=False)
class Drawn:
    """A scan with the labels that the network drew, not written yet."""

    case: Case
    scan: Scan
    labels: LabelMap
    maps: Mapping[str, Scan]

    @property
    def record(self) -> Mapping[str, Any]:
        """How the labels came about."""
        return self.labels.record or {}

    @property
    def plan(self) -> Plan:
        """How the network ran."""
        from napari_seg.segmentation.execution import Plan

        return Plan.from_dict(self.record["plan"])


@dataclass(frozen=True)
class Written:
    """What became of labels that were written."""

    notices: tuple[Notice, ...]
    measures: tuple[LabelMeasure, ...]
    overlay: Path | None


def segment_scans(
    scans: Sequence[Path], output: str | Path, choices: Choices, outcome: Outcome
) -> None:
    """Segment each scan; one that fails does not stop the others.

    Parameters
    ----------
    scans
        Files or DICOM folders.
    output
        As in `label_paths`.
    choices
        The same for each scan.
    outcome
        Gets what becomes of each scan.

    Raises
    ------
    typer.BadParameter
        If `output` does not fit the number of scans, or two files would share a name.
    FileNotFoundError, ValueError
        If the bundle's folder or metadata cannot be read, or a scan lacks a pseudonym.
    """
    from napari_seg.cli.study import Study

    pseudonyms = [choices.pseudonyms.of(scan) for scan in scans]
    names = [name or case_of(scan) for name, scan in zip(pseudonyms, scans, strict=True)]
    places = label_paths(names, output)
    _check_channels(scans, choices)
    _check_maps(choices.settings.maps)
    _check_series(choices)
    cases = list(map(Case, scans, places, pseudonyms))
    with Study(choices, (*scans, *choices.channels), outcome) as study:
        for case, following in zip_longest(cases, cases[1:]):
            study.segment(case, following)


def _check_channels(scans: Sequence[Path], choices: Choices) -> None:
    count, names = choices.description.in_channels, choices.description.channel_names
    if choices.channels and len(scans) > 1:
        raise typer.BadParameter(
            f"--channel belongs to one scan, got {len(scans)}; give them in one call each",
            param_hint="--channel",
        )
    if choices.channels and len(choices.channels) + 1 != count:
        raise typer.BadParameter(
            f"the model takes {count} channel{'s' * (count != 1)} ({', '.join(names)}), "
            f"got {len(choices.channels) + 1} with the scan",
            param_hint="--channel",
        )


def _check_series(choices: Choices) -> None:
    count = 1 + len(choices.channels)
    if len(choices.series) > count:
        raise typer.BadParameter(
            f"expected at most one for the scan and each --channel, {count}, got "
            f"{len(choices.series)}",
            param_hint="--series",
        )


def _check_maps(names: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for name in names:
        ending = map_ending(name)
        # Some file systems tell no capitals.
        other = first.setdefault(ending.casefold(), name)
        if other != name:
            raise typer.BadParameter(
                f"{other!r} and {name!r} would both be written to …{ending}; give them in two "
                "calls, with two outputs",
                param_hint="--probabilities",
            )


def read(case: Case, choices: Choices, news: News, first: Callable[[OnProgress], Scan]) -> Scan:
    """Read all channels of a scan; `first` reads the first one, or waits until it is read.

    Raises
    ------
    OSError, ValueError
        If a file cannot be read, it lacks the chosen volume, or labels could not be written as
        they are wanted.
    """
    from napari_seg.imaging.channels import stack_channels, take_volume

    scans = []
    for number, path in enumerate((case.scan, *choices.channels), start=1):
        name = f"{case.name}: reading" + (f" channel {number}" if choices.channels else "")
        with news.following(name) as on_progress:
            if number == 1:
                scans.append(first(on_progress))
            else:
                scans.append(_read_channel(path, choices, number, on_progress))
    if choices.volume is not None:
        scans[0] = take_volume(scans[0], choices.volume)
    # The names of files may name a patient.
    known = choices.description.channel_names
    scan = stack_channels(scans, known if len(known) == len(scans) else None)
    check_format(case.labels, scan, name=case.name)
    return scan


def _read_channel(path: Path, choices: Choices, number: int, on_progress: OnProgress) -> Scan:
    from napari_seg.imaging.dicom.reading import SeveralSeriesError

    try:
        return read_file(path, choices, choices.series_of(number - 1), on_progress)
    except SeveralSeriesError as error:
        raise SeveralSeriesError(
            f"{error.summary}; --series is given once for the scan (- where it has no choice), "
            "then for each channel",
            error.series,
        ) from error


def read_file(
    path: Path, choices: Choices, series: str | int | None, on_progress: OnProgress
) -> Scan:
    """Read one file or DICOM folder; a large plain one stays on disk."""
    from napari_seg.imaging.files import read_scan

    repair = choices.repair
    return read_scan(path, series=series, repair=repair, on_disk=True, on_progress=on_progress)


def draw(
    case: Case,
    scan: Scan,
    choices: Choices,
    *,
    plan: Plan | None,
    spare_bytes: int,
    on_progress: OnProgress,
) -> Drawn:
    """Let the network draw labels, and clean them up.

    Parameters
    ----------
    case, scan
        What is segmented.
    choices
        How.
    plan
        How the network ran on the scans before; None for the first one.
    spare_bytes
        Memory that others are about to take.
    on_progress
        Told the fraction done.
    """
    from napari_seg.segmentation.inference import segment
    from napari_seg.segmentation.wrong_scan import FieldOfViewTooLarge, why_too_large

    settings = choices.settings
    maps: dict[str, Scan] = {}
    try:
        found = segment(
            scan,
            choices.bundle,
            device=settings.device,
            plan=plan,
            spare_bytes=spare_bytes,
            on_progress=on_progress,
            on_map=maps.__setitem__,
            **settings.for_segment(),
        )
    except FieldOfViewTooLarge as error:
        # Said once more, in the words of this door.
        why = why_too_large(scan.geometry, choices.description, find=_FIND, box=_GIVE_BOX)
        raise FieldOfViewTooLarge(why) from error
    record = {
        **(found.record or {}),
        "options": choices.as_options(),
        "command": choices.command(case.labels),
    }
    return Drawn(case, scan, replace(settings.clean(found), record=record), maps)


def outputs(labels: Path, choices: Choices) -> list[Path]:
    """Name all files that are written for a scan."""
    endings = [".json", ".tsv", *(["_overlay.png"] if choices.overlay else [])]
    endings += [map_ending(name) for name in choices.settings.maps]
    return [labels, *(beside(labels, ending) for ending in endings)]


def write(drawn: Drawn, choices: Choices) -> Written:
    """Write labels, record, overlay and maps, and measure the labels.

    Raises
    ------
    OSError, ValueError
        If something cannot be written; then nothing of it is there.
    """
    from napari_seg.imaging.measures import measure_labels

    place = drawn.case.labels
    # First, so that nothing is between the files and the news of them.
    measures = tuple(measure_labels(drawn.labels, drawn.scan))
    return Written(
        notices=_save(drawn, choices),
        measures=measures,
        overlay=beside(place, "_overlay.png") if choices.overlay else None,
    )


def _save(drawn: Drawn, choices: Choices) -> tuple[Notice, ...]:
    from napari_seg.imaging.files import write_labels
    from napari_seg.imaging.nifti import write_nifti

    scan, labels, path = drawn.scan, drawn.labels, drawn.case.labels
    with staged(path, overwrite=choices.overwrite) as place:
        notices = write_labels(
            labels,
            place,
            source=scan,
            new_uids=choices.new_uids,
            overwrite=choices.overwrite,
            moved_to=path,
        )
        if choices.overlay:
            from napari_seg.imaging.overlay import write_overlay

            write_overlay(scan, labels, beside(place, "_overlay.png"))
        for name, values in drawn.maps.items():
            map_place = beside(place, map_ending(name))
            write_nifti(values.array, values.geometry, map_place, scan.source)
    return notices
