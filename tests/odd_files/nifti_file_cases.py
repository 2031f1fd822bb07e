"""NIfTI files: damaged, misnamed, in two parts, or of the kinds that came before and after."""

import bz2
import gzip
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from odd_files.nifti_cases import nifti
from odd_files.nifti_files import AFFINE, CENTRED, PLACES, SHAPE, VOXELS, nifti_bytes, save
from odd_files.odd_case import Case, Place, from_bytes, is_read, is_refused

PLAIN = nifti_bytes()
PACKED = gzip.compress(PLAIN, mtime=0)
NOISE = np.random.default_rng(0).integers(0, 1000, (20, 20, 20)).astype(np.int16)
PACKED_NOISE = gzip.compress(nifti_bytes(NOISE), mtime=0)


def file(verdict: Any, name: str, content: bytes) -> Case:
    """Return the case of a file of this name and content."""
    return from_bytes(verdict, name, content)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGED = (
    file(is_refused("an empty file", "is an empty file", in_viewer=True), "scan.nii.gz", b""),
    file(
        is_refused("a web page", "is a web page", in_viewer=True),
        "scan.nii.gz",
        b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    ),
    file(is_refused("a packed web page", "a web page"), "scan.nii.gz", gzip.compress(b"<html>")),
    file(
        is_refused("a Git LFS pointer", "is a Git LFS pointer", in_viewer=True),
        "scan.nii.gz",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    ),
    file(
        is_refused("a packed FreeSurfer volume", "is a FreeSurfer volume.*mri_convert"),
        "T1.mgz",
        gzip.compress(nib.MGHImage(VOXELS.astype(np.float32), AFFINE).to_bytes()),
    ),
    file(is_refused("a file of zeros", "is a file of zeros"), "scan.nii", bytes(4000)),
    file(is_refused("a zip archive", "is a zip archive"), "scan.nii.gz", b"PK\x03\x04" + PLAIN),
    file(is_refused("a text", "is an unknown kind of file"), "scan.nii", b"hello, world"),
    file(
        is_refused("half a packed file", "damaged or cut short", in_viewer=True),
        "scan.nii.gz",
        PACKED_NOISE[: len(PACKED_NOISE) // 2],
    ),
    file(
        is_refused("a flipped bit", "damaged or cut short", in_viewer=True),
        "scan.nii.gz",
        flipped(PACKED_NOISE, 9000),
    ),
    file(
        is_refused("a false checksum", "damaged or cut short"),
        "scan.nii.gz",
        flipped(PACKED_NOISE, len(PACKED_NOISE) - 6),
    ),
    file(
        is_refused("a plain file that lacks a voxel", "claims 240 bytes", in_viewer=True),
        "scan.nii",
        PLAIN[:-2],
    ),
    file(
        is_refused("a plain file cut in its header", "within its header"), "scan.nii", PLAIN[:200]
    ),
    file(
        is_refused("a packed file cut in its header", "within its header"),
        "scan.nii.gz",
        gzip.compress(PLAIN[:200]),
    ),
    is_refused("a header that claims twice the voxels", "claims 480 bytes", in_viewer=True)(
        nifti("scan.nii.gz", dim=[3, 6, 5, 8, 1, 1, 1, 1])
    ),
    is_refused("a header that claims 54 TB", "claims 54000000000000 bytes", in_viewer=True)(
        nifti("scan.nii.gz", dim=[3, 30000, 30000, 30000, 1, 1, 1, 1])
    ),
    is_refused("voxels that begin at NaN", "begin at byte nan")(
        nifti("scan.nii", vox_offset=np.nan)
    ),
    is_refused("voxels that begin in the header", "begin at byte 100")(
        nifti("scan.nii", vox_offset=100)
    ),
    is_refused("voxels that begin behind the end", "at most 0")(nifti("scan.nii", vox_offset=1e6)),
    file(
        is_read("more than the header claims", "more-data", places=PLACES, in_viewer=True),
        "scan.nii.gz",
        gzip.compress(PLAIN + b"more"),
    ),
    file(
        is_read("a packed file of two parts", places=PLACES),
        "scan.nii.gz",
        gzip.compress(PLAIN[:400]) + gzip.compress(PLAIN[400:]),
    ),
)


@is_read("an extension that names the patient", places=PLACES)
def extended(folder: Path) -> Path:
    image = nib.Nifti1Image(VOXELS, AFFINE)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"DOE^JANE" * 40))
    image.to_filename(folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


@is_read("a name without an end", "mislabelled", places=PLACES)
def nameless(folder: Path) -> Path:
    return save(folder, "scan")


@is_refused("no file at all", "there is no file or folder 'scan.nii.gz'", in_viewer=True)
def absent(folder: Path) -> Path:
    return folder / "scan.nii.gz"


def dicom_bytes() -> bytes:
    return bytes(128) + b"DICM" + bytes(400)


NAMES = (
    extended,
    nameless,
    absent,
    file(
        is_read("plain, named as packed", "mislabelled", places=PLACES, in_viewer=True),
        "scan.nii.gz",
        PLAIN,
    ),
    file(
        is_read("packed, named as plain", "mislabelled", places=PLACES, in_viewer=True),
        "scan.nii",
        PACKED,
    ),
    file(
        is_read("NIfTI, named as NRRD", "mislabelled", places=PLACES, in_viewer=True),
        "scan.nrrd",
        PLAIN,
    ),
    file(is_refused("packed twice", "is a gzip file"), "scan.nii.gz", gzip.compress(PACKED)),
    file(is_refused("packed by bzip2", "packed by bzip2"), "scan.nii.bz2", bz2.compress(PLAIN)),
    file(is_refused("DICOM, named as NIfTI", "is a DICOM file"), "scan.nii", dicom_bytes()),
)


def big_end_first(folder: Path) -> Path:
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    nib.Nifti1Image(VOXELS, AFFINE, header).to_filename(folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


def pair(opened: str, *, packed: bool = False, lost: str = "", kind: Any = nib.Nifti1Pair) -> Any:
    """Return a builder of two files, one of which is opened, and one may be lost."""

    def build(folder: Path) -> Path:
        end = ".gz" if packed else ""
        image = kind(VOXELS, AFFINE)
        image.to_filename(folder / f"scan.img{end}")
        # SPM's matrix beside the pair is of another format.
        (folder / "scan.mat").unlink(missing_ok=True)
        if lost:
            (folder / lost).unlink()
        return folder / f"{opened}{end}"

    return build


def analyze(*, byte_order: str = "<", origin: tuple[int, ...] = (), cut: int = 0) -> Any:
    """Return a builder of an Analyze pair, with the origin of SPM or without."""

    def build(folder: Path) -> Path:
        header = nib.Spm99AnalyzeHeader(endianness=byte_order)
        header.set_data_shape(SHAPE)
        header.set_data_dtype(np.int16)
        header.set_zooms((1.5, 2, 3))
        header["origin"][: len(origin)] = origin
        (folder / "scan.hdr").write_bytes(header.binaryblock)
        voxels = VOXELS.astype(f"{byte_order}i2").tobytes("F")
        (folder / "scan.img").write_bytes(voxels[: len(voxels) - cut])
        return folder / "scan.hdr"

    return build


# SPM counts the voxel at 0 mm from 1, and i runs to the left.
SPM_PLACES = (Place((1, 2, 3), (0.0, 0.0, 0.0), 31), Place((0, 0, 0), (1.5, -4.0, -9.0), 0))

KINDS = (
    is_read("the big end first", places=PLACES, in_viewer=True)(big_end_first),
    is_read("NIfTI-2", places=PLACES, in_viewer=True)(nifti("scan.nii.gz", kind=nib.Nifti2Image)),
    is_refused("NIfTI-2 that was sent as text", "transfer as text")(
        nifti("scan.nii", kind=nib.Nifti2Image, eol_check=[10, 10, 26, 10])
    ),
    is_read("a pair, by its header", places=PLACES)(pair("scan.hdr")),
    is_read("a pair, by its voxels", places=PLACES)(pair("scan.img")),
    is_read("a pair of NIfTI-2", places=PLACES)(pair("scan.hdr", kind=nib.Nifti2Pair)),
    is_read("a packed pair", places=PLACES)(pair("scan.hdr", packed=True)),
    is_refused("a pair without its voxels", "'scan.img' is not beside it")(
        pair("scan.hdr", lost="scan.img")
    ),
    is_refused("a pair without its header", "'scan.hdr' is not beside it")(
        pair("scan.img", lost="scan.hdr")
    ),
    is_read("an Analyze pair", "no-orientation", places=CENTRED)(analyze()),
    is_read("an Analyze pair, big end first", "no-orientation", places=CENTRED)(
        analyze(byte_order=">")
    ),
    is_read("an Analyze pair with SPM's origin", "no-orientation", places=SPM_PLACES)(
        analyze(origin=(2, 3, 4))
    ),
    is_refused("an Analyze pair cut short", "claims 240 bytes")(analyze(cut=5)),
)


@is_refused("the header of a pair, named as a scan", "header of a pair")
def renamed(folder: Path) -> Path:
    shutil.copy(pair("scan.hdr")(folder), folder / "scan.nii")
    return folder / "scan.nii"


CASES: tuple[Case, ...] = (*DAMAGED, *NAMES, *KINDS, renamed)
