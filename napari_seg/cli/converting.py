"""Turn labels from any form that is read into any form that is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from napari_seg.cli.places import beside, check_places, check_sidecars
from napari_seg.cli.terminal import News, print_json, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.imaging.scan import LabelMap, Notice, Scan

# What programs read where nothing was written.
EMPTY_REPORT: Final[dict[str, Any]] = {"output": None, "labels": [], "notices": []}
_FORMS = ("masks", "surfaces")


@dataclass(frozen=True)
class Conversion:
    """What the options of ``napari-seg convert`` ask for."""

    labels: Path
    output: Path
    scan: Path | None = None
    series: str | int | None = None
    table: Path | None = None
    form: str | None = None
    resample: bool = False
    repair: bool = False
    new_uids: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Converted:
    """What was written, and the notices with the name of the file that each is of."""

    output: Path
    table: LabelTable
    volumes_ml: dict[int, float]
    notices: tuple[tuple[str, Notice], ...]


def convert_labels(conversion: Conversion) -> Converted:
    """Read labels, bring them onto a scan if one is given, and write them.

    Raises
    ------
    FileNotFoundError, ValueError, OSError
        As `read_labels`, `write_labels` and `check_places` do; and ``ValueError`` where the
        options do not fit each other.
    """
    from napari_seg.imaging.files import read_label_table, read_labels, read_scan
    from napari_seg.imaging.measures import label_volumes

    _check(conversion)
    if _is_table(conversion.labels):
        table = read_label_table(conversion.labels)
        _write_table(table, conversion.output)
        return Converted(conversion.output, table, {}, ())
    scan = None
    if conversion.scan is not None:
        scan = read_scan(conversion.scan, series=conversion.series, repair=conversion.repair)
    labels = read_labels(conversion.labels, onto=scan, resample=conversion.resample)
    volumes = label_volumes(labels.array, labels.geometry.voxel_volume_ml)
    if conversion.table is not None:
        labels = replace(labels, table=read_label_table(conversion.table).completed(volumes))
    # Another program may have written there while the labels were read.
    _check_places(conversion)
    told = [(conversion.labels, labels.notices)]
    if conversion.scan is not None and scan is not None:
        told.insert(0, (conversion.scan, scan.notices))
    told.append((conversion.output, _write(labels, scan, conversion)))
    notices = tuple((path.name, notice) for path, notices in told for notice in notices)
    return Converted(conversion.output, labels.table, volumes, notices)


def report(converted: Converted, *, as_json: bool) -> None:
    """Write notices to stderr, and what was written to stdout."""
    news = News()
    for name, notice in converted.notices:
        news.say(f"{name}: notice: {notice.message}")
    if as_json:
        print_json(_as_dict(converted))
        return
    rows = [
        [str(label.value), label.name, f"{converted.volumes_ml.get(label.value, 0):.3f}"]
        for label in converted.table
    ]
    if converted.volumes_ml:
        print_table(["value", "label", "volume (ml)"], rows)
    else:
        print_table(["value", "label"], [row[:2] for row in rows])
    news.say(f"written to {converted.output}")


def _as_dict(converted: Converted) -> dict[str, Any]:
    return {
        "output": str(converted.output),
        "labels": [
            {
                "value": label.value,
                "name": label.name,
                "code": label.code,
                "volume_ml": converted.volumes_ml.get(label.value),
            }
            for label in converted.table
        ],
        "notices": [{"file": name, **notice.as_dict()} for name, notice in converted.notices],
    }


def _check(conversion: Conversion) -> None:
    from napari_seg.imaging.file_formats import DICOM_SUFFIXES, suffix_of

    output, form = conversion.output, conversion.form
    if form is not None and form not in _FORMS:
        raise ValueError(f"--as takes {' or '.join(_FORMS)}, got '{form}'")
    if conversion.scan is None and (conversion.series is not None or conversion.repair):
        raise ValueError("--series and --repair are of the scan; give its folder as --scan")
    to_table = _is_table(output)
    if form is None and not to_table and not suffix_of(output):
        raise ValueError(
            f"'{output.name}' does not say how to write the labels: end it in .nii.gz, .seg.nrrd, "
            ".dcm, .tsv or another form, or give --as masks or --as surfaces for a folder"
        )
    if form is not None and (to_table or suffix_of(output)):
        raise ValueError(f"--as {form} writes a folder, got the file name '{output.name}'")
    if _is_table(conversion.labels) and (not to_table or form is not None):
        raise ValueError(
            f"'{conversion.labels.name}' holds names without voxels, which make another table only "
            "(.tsv, .txt or .ctbl); give it as --table beside the labels that it belongs to"
        )
    if suffix_of(output) in DICOM_SUFFIXES and conversion.scan is None:
        raise ValueError(
            f"'{output.name}' needs --scan, the DICOM series that the labels were drawn on"
        )
    _check_places(conversion)


def _check_places(conversion: Conversion) -> None:
    from napari_seg.imaging.label_files.beside import has_table

    given = [conversion.labels, *([conversion.scan] if conversion.scan else [])]
    places = [conversion.output]
    if conversion.form is None and not _is_table(places[0]) and has_table(places[0]):
        check_sidecars(places[0], given, with_record=False)
        places += _table_to_check(conversion)
    check_places(places, given, overwrite=conversion.overwrite)


def _table_to_check(conversion: Conversion) -> list[Path]:
    """Return the table that is written beside the output, unless it is the input's own and stays."""
    table, own = beside(conversion.output, ".tsv"), beside(conversion.labels, ".tsv")
    if not (table.exists() and own.exists() and table.samefile(own)):
        return [table]
    if conversion.scan is None and conversion.table is None:
        return []
    raise ValueError(
        f"'{conversion.output.name}' would share the table '{own.name}' with "
        f"'{conversion.labels.name}', whose voxels or names are others then; "
        "choose another name or folder"
    )


def _write(labels: LabelMap, scan: Scan | None, conversion: Conversion) -> tuple[Notice, ...]:
    from napari_seg.imaging.files import write_labels, write_masks, write_surfaces

    output = conversion.output
    if _is_table(output):
        _write_table(labels.table, output)
        return ()
    output.parent.mkdir(parents=True, exist_ok=True)
    if conversion.form == "masks":
        return write_masks(labels, output, source=scan)
    if conversion.form == "surfaces":
        return write_surfaces(labels, output)
    return write_labels(
        labels,
        output,
        source=scan,
        new_uids=conversion.new_uids,
        overwrite=conversion.overwrite,
    )


def _write_table(table: LabelTable, output: Path) -> None:
    from napari_seg.imaging.files import write_label_table

    output.parent.mkdir(parents=True, exist_ok=True)
    write_label_table(table, output)


def _is_table(path: Path) -> bool:
    from napari_seg.imaging.label_files.tables import TABLE_SUFFIXES

    return path.suffix.lower() in TABLE_SUFFIXES and not path.is_dir()
