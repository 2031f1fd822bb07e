"""One run of a model on one scan: what it needs, and what it brings back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_seg.segmentation.record import make_record
from napari_seg.viewer.appearance import compile_label_colours
from napari_seg.viewer.segmenting.loaded_models import LoadedModels
from napari_seg.viewer.segmenting.ready_labels import ReadyLabels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_seg.imaging.scan import LabelMap, Scan
    from napari_seg.segmentation.bundle import Bundle
    from napari_seg.segmentation.bundle_description import BundleDescription
    from napari_seg.segmentation.preview import LabelWindow
    from napari_seg.segmentation.run_settings import RunSettings
    from napari_seg.viewer.display_order import DisplayOrder


@dataclass(frozen=True)
class Tools:
    """The functions that the panel shows: those of `napari_seg.segmentation`, or a test's own."""

    segment: Callable[..., LabelMap]
    load_models: Callable[..., Bundle]
    describe_bundle: Callable[..., BundleDescription]
    choose_device: Callable[[str], str]
    load_libraries: Callable[..., None]
    make_ready: Callable[..., None]


@dataclass(frozen=True, eq=False)
class Result:
    """What a run brought back.

    Attributes
    ----------
    labels
        On the scan's grid.
    settings
        What it was asked for.
    bundle
        The model.
    record
        How the labels came about, for the file beside them.
    seconds
        From the loaded model to the labels.
    ready
        The labels made ready to be shown.
    maps
        The probabilities or the entropy that were asked for, by name.
    time
        The number of the time of the scan that all are of, from 1; None for one without times.
    """

    labels: LabelMap
    settings: RunSettings
    bundle: Bundle
    record: dict[str, Any]
    seconds: float
    ready: ReadyLabels
    maps: Mapping[str, Scan] = field(default_factory=dict)
    time: int | None = None

    @property
    def summary(self) -> str:
        """What was found, how fast, and what is to be minded, in a line."""
        volumes = self.ready.shown.volumes
        count = len(volumes)
        found = f"{count} label{'s' * (count != 1)}, {sum(volumes.values()):.1f} ml"
        news = f"{found if count else 'No label found'} in {self.seconds:.1f} s"
        return news + "".join(f". ⚠ {notice.message}" for notice in self.labels.notices)


def run_model(
    tools: Tools,
    scan: Scan,
    settings: RunSettings,
    models: LoadedModels | None,
    further_channels: int = 0,
    order: DisplayOrder | None = None,
    time: int | None = None,
    *,
    on_progress: Callable[[float], None],
    on_window: Callable[[LabelWindow], None],
) -> Result:
    """Load a model unless it is loaded, segment a scan with it, and clean up.

    Parameters
    ----------
    tools
        The functions to call.
    scan
        What to segment.
    settings
        How.
    models
        Those that are loaded, for whose network the run waits its turn; None to load one for this
        run alone.
    further_channels
        How many channels of the scan came from other files.
    order
        In which the voxels of the scan are shown; None for that of its grid.
    time
        The number of the time that the scan is of a series, from 1; None where it is none of such.
    on_progress
        Told 0 while the run waits and once the model is loaded, then the fraction done; what it
        raises stops the run.
    on_window
        Told each finished window.
    """
    models = models or LoadedModels(tools.load_models)
    with models.turn(partial(on_progress, 0.0)):
        tools.load_libraries(partial(on_progress, 0.0), compile_label_colours)
        device = tools.choose_device(settings.device)
        bundle = models.get(settings)
        on_progress(0.0)
        segment = partial(
            tools.segment, scan, bundle, device=device, on_progress=on_progress, on_window=on_window
        )
        start, maps = perf_counter(), dict[str, Any]()
        labels = segment(on_map=maps.__setitem__, **settings.for_segment())
        labels = replace(settings.clean(labels), source=scan.source)
        seconds = perf_counter() - start
    record = _record(scan, labels, settings, bundle, device, seconds, further_channels, time)
    ready = ReadyLabels.of(labels, order)
    return Result(labels, settings, bundle, record, seconds, ready, maps, time)


def _record(
    scan: Scan,
    labels: LabelMap,
    settings: RunSettings,
    bundle: Bundle,
    device: str,
    seconds: float,
    further_channels: int,
    time: int | None,
) -> dict[str, Any]:
    further = range(2, further_channels + 2)
    more = [word for number in further for word in ("--channel", f"CHANNEL_{number}")]
    more += [] if time is None else ["--volume", str(time)]
    record = make_record(
        scan,
        bundle,
        device=device,
        plan=(labels.record or {}).get("plan"),
        options=settings.as_options(),
        notices=labels.notices,
        windows=(labels.record or {}).get("windows"),
        seconds=seconds,
        command=settings.command("SCAN", "LABELS.nii.gz", more=more),
    )
    # What the run alone knows, such as where it found its boxes.
    own = {key: value for key, value in (labels.record or {}).items() if key not in record}
    return {**record, **own, "labels": _names(labels)}


def _names(labels: LabelMap) -> dict[str, str]:
    return {str(value): name for value, name in labels.table.names.items()}
