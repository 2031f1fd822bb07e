"""Segment one scan after the other, and write what came out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from napari_seg.cli.listing import as_dict
from napari_seg.cli.places import (
    beside,
    case_of,
    check_places,
    label_paths,
    made_folder,
    map_ending,
    move_into,
)
from napari_seg.cli.pseudonyms import HiddenNames
from napari_seg.cli.results import Case, Failure, Result
from napari_seg.cli.terminal import EXPECTED_ERRORS, News, is_out_of_memory, listing, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_seg.cli.choices import Choices
    from napari_seg.imaging.scan import LabelMap, Notice, Scan
    from napari_seg.segmentation.execution import Plan


@dataclass
class Study:
    """What all scans of one call have in common once the first is segmented."""

    plan: Plan | None = None

    def keep_plan(self, record: Mapping[str, Any]) -> None:
        """Run the network in the scans that follow as it ran in the first."""
        from napari_seg.segmentation.execution import Plan

        self.plan = self.plan or Plan.from_dict(record["plan"])


def segment_scans(
    scans: Sequence[Path], output: Path, choices: Choices
) -> tuple[list[Result], list[Failure]]:
    """Segment each scan; one that fails does not stop the others.

    Parameters
    ----------
    scans
        Files or DICOM folders.
    output
        The label file of a single scan, or a folder.
    choices
        The same for each scan.

    Raises
    ------
    typer.BadParameter
        If `output` does not fit the number of scans, or two of them would share a name.
    FileNotFoundError, ValueError
        If the bundle's folder or metadata cannot be read, or a scan lacks a pseudonym.
    """
    pseudonyms = [choices.pseudonyms.of(scan) for scan in scans]
    names = [name or case_of(scan) for name, scan in zip(pseudonyms, scans, strict=True)]
    places = label_paths(names, output)
    _check_channels(scans, choices)
    news, read = News(), (*scans, *choices.channels)
    results: list[Result] = []
    failures: list[Failure] = []
    study = Study()
    for case in map(Case, scans, places, pseudonyms):
        try:
            check_places(_outputs(case.labels, choices), read, overwrite=choices.overwrite)
            results.append(_segment_one(case, choices, news, study))
        except (*EXPECTED_ERRORS, RuntimeError) as error:
            if not isinstance(error, EXPECTED_ERRORS) and not is_out_of_memory(error):
                raise
            failures.append(_failure(error, case, choices.channels))
            news.say(f"napari-seg: {_named(case, failures[-1].error)}")
            # What series are called may name a patient, so it goes to a person's screen only.
            for line in () if case.pseudonym else listing(error):
                news.say(line)
    return results, failures


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


def _segment_one(case: Case, choices: Choices, news: News, study: Study) -> Result:
    from napari_seg.imaging.files import record_path
    from napari_seg.imaging.measures import measure_labels

    scan = _read(case, choices, news)
    if case.labels.suffix.lower() == ".dcm" and not scan.source.dicom_files:
        # Said before the network runs, not after.
        raise ValueError(
            f"'{case.labels.name}' needs the DICOM series that it refers to, and {case.name} is "
            "none; write .nii.gz or .seg.nrrd"
        )
    _tell(case, scan.notices, news)
    maps: dict[str, Scan] = {}
    with news.following(f"{case.name}: segmenting") as on_progress:
        labels, record = _labels_and_record(scan, choices, study, maps, on_progress)
    record["command"] = choices.command(case.labels)
    _tell(case, labels.notices, news)
    written = _save(scan, replace(labels, record=record), case.labels, choices, maps)
    _tell(case, written, news)
    took = f"{record['seconds']:.1f} s on {record['device']}"
    news.say(f"{case.name}: {took}, written to {case.labels}")
    return Result(
        case=case,
        labels=case.labels,
        record=record_path(case.labels),
        overlay=beside(case.labels, "_overlay.png") if choices.overlay else None,
        seconds=record["seconds"],
        notices=(*scan.notices, *labels.notices, *written),
        measures=tuple(measure_labels(labels, scan)),
    )


def _read(case: Case, choices: Choices, news: News) -> Scan:
    from napari_seg.imaging.channels import stack_channels
    from napari_seg.imaging.files import read_scan

    scans = []
    for number, path in enumerate((case.scan, *choices.channels), start=1):
        name = f"{case.name}: reading" + (f" channel {number}" if choices.channels else "")
        with news.following(name) as on_progress:
            scans.append(
                read_scan(
                    path,
                    series=choices.series if number == 1 else None,
                    repair=choices.repair,
                    on_progress=on_progress,
                )
            )
    # The names of files may name a patient.
    known = choices.description.channel_names
    return stack_channels(scans, known if len(known) == len(scans) else None)


def _labels_and_record(
    scan: Scan,
    choices: Choices,
    study: Study,
    maps: dict[str, Scan],
    on_progress: Callable[[float], None],
) -> tuple[LabelMap, dict[str, Any]]:
    from napari_seg.segmentation.inference import segment

    settings = choices.settings
    found = segment(
        scan,
        choices.bundle,
        device=settings.device,
        plan=study.plan,
        on_progress=on_progress,
        on_map=maps.__setitem__,
        **settings.for_segment(),
    )
    record = {**(found.record or {}), "options": choices.as_options()}
    study.keep_plan(record)
    return settings.clean(found), record


def _outputs(labels: Path, choices: Choices) -> list[Path]:
    endings = [".json", ".tsv", *(["_overlay.png"] if choices.overlay else [])]
    endings += [map_ending(name) for name in choices.settings.maps]
    return [labels, *(beside(labels, ending) for ending in endings)]


def _tell(case: Case, notices: Sequence[Notice], news: News) -> None:
    for notice in notices:
        news.say(f"{case.name}: notice: {notice.message}")


def _save(
    scan: Scan, labels: LabelMap, path: Path, choices: Choices, maps: Mapping[str, Scan]
) -> tuple[Notice, ...]:
    """Write labels, record, overlay and maps; a failure leaves nothing of them."""
    from napari_seg.imaging.files import write_labels
    from napari_seg.imaging.nifti import write_nifti

    with (
        made_folder(path.parent),
        tempfile.TemporaryDirectory(prefix=".napari-seg-", dir=path.parent) as folder,
    ):
        staged = Path(folder) / path.name
        notices = write_labels(labels, staged, source=scan, new_uids=choices.new_uids)
        if choices.overlay:
            from napari_seg.imaging.overlay import write_overlay

            write_overlay(scan, labels, beside(staged, "_overlay.png"))
        for name, values in maps.items():
            place = beside(staged, map_ending(name))
            write_nifti(values.array, values.geometry, place, scan.source)
        # The labels come last: they are never there without their record.
        for file in sorted(Path(folder).iterdir(), key=staged.__eq__):
            move_into(file, path.parent)
    return notices


def _named(case: Case, message: str) -> str:
    return message if case.name in message else f"{case.name}: {message}"


def _failure(error: Exception, case: Case, channels: Sequence[Path]) -> Failure:
    listed = [as_dict(series) for series in getattr(error, "series", ())]
    if case.pseudonym is None:
        return Failure(case, one_line(error), listed)
    hidden = HiddenNames.of((case.scan, *channels), case.pseudonym, shown=(case.labels.name,))
    for series in listed:
        series["problems"] = [hidden.hide(problem) for problem in series["problems"]]
    return Failure(case, hidden.hide(one_line(error)), listed)
