"""What became of each scan, as a table and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_seg.cli.places import case_of
from napari_seg.cli.terminal import News, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_seg.imaging.measures import LabelMeasure
    from napari_seg.imaging.scan import Notice


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
            "notices": [notice.as_dict() for notice in self.notices],
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
    """A scan that could not be segmented, why, and the series where one had to be chosen."""

    case: Case
    error: str
    series: Sequence[dict[str, Any]] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        found = {"scan": self.case.key, "error": self.error}
        return {**found, "series": list(self.series)} if self.series else found


@dataclass(frozen=True)
class Outcome:
    """What became of the scans so far; it grows while they are segmented."""

    results: list[Result] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return {
            "results": [result.as_dict() for result in self.results],
            "failures": [failure.as_dict() for failure in self.failures],
        }


def report(outcome: Outcome, *, as_json: bool) -> None:
    """Write the results to stdout: a table, or one JSON document."""
    results, failures = outcome.results, outcome.failures
    if as_json:
        print_json(outcome.as_dict())
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


def _mean(measure: LabelMeasure) -> str:
    return f"{measure.mean_intensity:.1f}" if isfinite(measure.mean_intensity) else ""


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
