"""Segment one scan after the other, and write what came out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_seg.cli.places import beside, case_of, check_places, label_paths
from napari_seg.cli.terminal import (
    EXPECTED_ERRORS,
    News,
    is_out_of_memory,
    one_line,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_seg.cli.choices import Choices
    from napari_seg.imaging.measures import LabelMeasure
    from napari_seg.imaging.scan import LabelMap, Notice, Scan


@dataclass(frozen=True)
class Case:
    """One scan, what it is called in all that is written, and where its labels go."""

    scan: Path
    labels: Path
    pseudonym: str | None

    @property
    def name(self) -> str:
        """What people read."""
        return self.pseudonym or self.scan.name

    @property
    def key(self) -> str:
        """What programs read: the path as it was given, or the pseudonym."""
        return self.pseudonym or str(self.scan)


@dataclass(frozen=True)
class Result:
    """What became of one scan."""

    case: Case
    labels: Path
    record: Path
    overlay: Path | None
    seconds: float
    notices: tuple[Notice, ...]
    measures: tuple[LabelMeasure, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return {
            "scan": self.case.key,
            "labels": str(self.labels),
            "record": str(self.record),
            "overlay": self.overlay and str(self.overlay),
            "seconds": round(self.seconds, 3),
            "notices": [
                {"code": notice.code, "message": notice.message} for notice in self.notices
            ],
            "measures": [
                {
                    "value": measure.value,
                    "name": measure.name,
                    "volume_ml": measure.volume_ml,
                    "mean_intensity": _finite(measure.mean_intensity),
                }
                for measure in self.measures
            ],
        }


@dataclass(frozen=True)
class Failure:
    """A scan that could not be segmented, and why."""

    case: Case
    error: str


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
    from napari_seg.segmentation.bundle_description import describe_bundle

    pseudonyms = [choices.pseudonyms.of(scan) for scan in scans]
    names = [name or case_of(scan) for name, scan in zip(pseudonyms, scans, strict=True)]
    places = label_paths(names, output)
    describe_bundle(choices.settings.folder, variant=choices.settings.variant)
    news = News()
    results: list[Result] = []
    failures: list[Failure] = []
    for case in map(Case, scans, places, pseudonyms):
        try:
            check_places(_outputs(case.labels, choices), scans, overwrite=choices.overwrite)
            results.append(_segment_one(case, choices, news))
        except (*EXPECTED_ERRORS, RuntimeError) as error:
            if not isinstance(error, EXPECTED_ERRORS) and not is_out_of_memory(error):
                raise
            failures.append(Failure(case, _without_name(one_line(error), case)))
            news.say(f"napari-seg: {_named(case, failures[-1].error)}")
    return results, failures


def report(results: Sequence[Result], failures: Sequence[Failure], *, as_json: bool) -> None:
    """Write the results to stdout: a table, or one JSON document."""
    if as_json:
        print_json(
            {
                "results": [result.as_dict() for result in results],
                "failures": [
                    {"scan": failure.case.key, "error": failure.error} for failure in failures
                ],
            }
        )
        return
    if results:
        print_table(
            ["scan", "label", "volume (ml)", "mean intensity"],
            [
                [
                    case_of(Path(result.case.name)),
                    measure.name,
                    f"{measure.volume_ml:.3f}",
                    _mean(measure),
                ]
                for result in results
                for measure in result.measures
            ],
        )
    if failures and len(results) + len(failures) > 1:
        names = ", ".join(failure.case.name for failure in failures)
        News().say(f"napari-seg: {len(failures)} of {len(results) + len(failures)} failed: {names}")


def _segment_one(case: Case, choices: Choices, news: News) -> Result:
    from napari_seg.imaging.files import read_scan, record_path
    from napari_seg.imaging.measures import measure_labels

    with news.following(f"{case.name}: reading") as on_progress:
        scan = read_scan(
            case.scan, series=choices.series, repair=choices.repair, on_progress=on_progress
        )
    for notice in scan.notices:
        news.say(f"{case.name}: notice: {notice.message}")
    with news.following(f"{case.name}: segmenting") as on_progress:
        labels, record = _labels_and_record(scan, choices, on_progress)
    record["command"] = choices.command(case.labels)
    _save(scan, replace(labels, record=record), case.labels, with_overlay=choices.overlay)
    took = f"{record['seconds']:.1f} s on {record['device']}"
    news.say(f"{case.name}: {took}, written to {case.labels}")
    return Result(
        case=case,
        labels=case.labels,
        record=record_path(case.labels),
        overlay=beside(case.labels, "_overlay.png") if choices.overlay else None,
        seconds=record["seconds"],
        notices=scan.notices,
        measures=tuple(measure_labels(labels, scan)),
    )


def _labels_and_record(
    scan: Scan, choices: Choices, on_progress: Callable[[float], None]
) -> tuple[LabelMap, dict[str, Any]]:
    from napari_seg.segmentation.inference import segment

    settings = choices.settings
    found = segment(
        scan,
        choices.bundle,
        device=settings.device,
        on_progress=on_progress,
        **settings.for_segment(),
    )
    return settings.clean(found), {**(found.record or {}), "options": choices.as_options()}


def _outputs(labels: Path, choices: Choices) -> list[Path]:
    endings = [".json", ".tsv", *(["_overlay.png"] if choices.overlay else [])]
    return [labels, *(beside(labels, ending) for ending in endings)]


def _save(scan: Scan, labels: LabelMap, path: Path, *, with_overlay: bool) -> None:
    """Write labels, record and overlay; a failure leaves nothing of them."""
    from napari_seg.imaging.files import write_labels

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".napari-seg-", dir=path.parent) as folder:
        staged = Path(folder) / path.name
        write_labels(labels, staged, source=scan)
        if with_overlay:
            from napari_seg.imaging.overlay import write_overlay

            write_overlay(scan, labels, beside(staged, "_overlay.png"))
        # The labels come last: they are never there without their record.
        for file in sorted(Path(folder).iterdir(), key=staged.__eq__):
            file.replace(path.parent / file.name)


def _named(case: Case, message: str) -> str:
    return message if case.name in message else f"{case.name}: {message}"


def _without_name(message: str, case: Case) -> str:
    if case.pseudonym is None:
        return message
    for told in (str(case.scan), case.scan.name):
        message = message.replace(told, case.pseudonym)
    return message


def _mean(measure: LabelMeasure) -> str:
    return f"{measure.mean_intensity:.1f}" if isfinite(measure.mean_intensity) else ""


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
