"""Real scans, altered as archives and programs alter them; nibabel says where voxels lie."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk

from napari_seg import read_labels
from odd_files.odd_case import Case, Place, is_read, is_refused

BRAIN = "hippocampus/imagesTr/hippocampus_003.nii.gz"
BRAIN_LABELS = "hippocampus/labelsTr/hippocampus_003.nii.gz"
TORSO = "ct/torso_ct.nii.gz"
TORSO_LABELS = "ct/torso_ct_labels.nii.gz"
HEAD = "head/t1_head.nii.gz"
FIELDS = {"pixdim": 76, "qform_code": 252, "sform_code": 254, "srow_x": 280}


def places_of(name: str) -> Callable[[Path], tuple[Place, ...]]:
    """Return what tells by nibabel where three voxels of a real file lie, and their values."""

    def places(shared: Path) -> tuple[Place, ...]:
        image = nib.load(shared / name)
        voxels = np.asanyarray(image.dataobj)
        middle = tuple(count // 2 for count in voxels.shape)
        indices = [middle, (3, 5, 7), tuple(count - 2 for count in voxels.shape)]
        return tuple(
            Place(index, tuple((image.affine @ (*index, 1))[:3]), voxels[index])  # type: ignore[arg-type]
            for index in indices
        )

    return places


def plain(shared: Path, name: str) -> bytearray:
    return bytearray(gzip.decompress((shared / name).read_bytes()))


def real(verdict: Any, build: Callable[[Path, Path], Path]) -> Case:
    """Make a case of real bytes."""
    return replace(verdict(build), is_real=True)


def altered(name: str, file_name: str, alter: Callable[[bytearray], bytes]) -> Any:
    """Return a builder that alters the unpacked bytes of a real file."""

    def build(folder: Path, shared: Path) -> Path:
        content = bytes(alter(plain(shared, name)))
        path = folder / file_name
        path.write_bytes(gzip.compress(content, 1) if file_name.endswith(".gz") else content)
        return path

    return build


def setting(**fields: Any) -> Callable[[bytearray], bytes]:
    """Return what sets fields of a NIfTI header, whatever they mean."""

    def alter(content: bytearray) -> bytes:
        header = nib.Nifti1Header(bytes(content[:348]), check=False)
        for name, value in fields.items():
            header[name] = value
        content[:348] = header.binaryblock
        return bytes(content)

    return alter


def cut_to(part: float) -> Callable[[bytearray], bytes]:
    def alter(content: bytearray) -> bytes:
        return bytes(content[: int(len(content) * part)])

    return alter


def as_is(content: bytearray) -> bytes:
    return bytes(content)


def converted(name: str, file_name: str) -> Any:
    """Return a builder that writes a real scan by SimpleITK."""

    def build(folder: Path, shared: Path) -> Path:
        sitk.WriteImage(sitk.ReadImage(str(shared / name)), str(folder / file_name))
        return folder / file_name

    return build


def half_fetched(folder: Path, shared: Path) -> Path:
    packed = (shared / HEAD).read_bytes()
    (folder / "head.nii.gz").write_bytes(packed[: len(packed) // 2])
    return folder / "head.nii.gz"


def one_bit(folder: Path, shared: Path) -> Path:
    packed = bytearray((shared / BRAIN).read_bytes())
    packed[len(packed) // 2] ^= 16
    (folder / "brain.nii.gz").write_bytes(packed)
    return folder / "brain.nii.gz"


def moved_qform(content: bytearray) -> bytes:
    header = nib.Nifti1Header(bytes(content[:348]), check=False)
    affine = header.get_best_affine()
    header.set_sform(affine, 2)
    affine[0, 3] += 12
    header.set_qform(affine, 1)
    content[:348] = header.binaryblock
    return bytes(content)


def in_metres(content: bytearray) -> bytes:
    header = nib.Nifti1Header(bytes(content[:348]), check=False)
    affine = header.get_best_affine()
    affine[:3] /= 1000
    header.set_qform(affine, 1)
    header.set_sform(affine, 1)
    header["xyzt_units"] = 1
    content[:348] = header.binaryblock
    return bytes(content)


def doubled_axis(content: bytearray) -> bytes:
    header = nib.Nifti1Header(bytes(content[:348]), check=False)
    return setting(dim=[3, *header["dim"][1:3], header["dim"][3] * 2, 1, 1, 1, 1])(content)


def one_more_axis(content: bytearray) -> bytes:
    header = nib.Nifti1Header(bytes(content[:348]), check=False)
    return setting(dim=[4, *header["dim"][1:4], 1, 1, 1, 1])(content)


def split(folder: Path, shared: Path) -> Path:
    image = nib.load(shared / BRAIN)
    header = image.header.copy()
    nib.Nifti1Pair(np.asanyarray(image.dataobj), image.affine, header).to_filename(
        folder / "brain.img"
    )
    return folder / "brain.hdr"


def onto(scan: str, name: str, turn: bool) -> Any:
    """Return a builder of real labels, turned or not, and a reader onto their scan."""

    def build(folder: Path, shared: Path) -> Path:
        (folder / "scan.nii.gz").write_bytes((shared / scan).read_bytes())
        image = nib.load(shared / name)
        flips = np.array([[1, -1], [0, 1], [2, -1]])
        image = image.as_reoriented(flips) if turn else image
        image.to_filename(folder / "labels.nii.gz")
        return folder / "labels.nii.gz"

    return build


def read_onto(path: Path) -> Any:
    from napari_seg import read_scan

    return read_labels(path, onto=read_scan(path.with_name("scan.nii.gz")))


def other_labels(folder: Path, shared: Path) -> Path:
    (folder / "scan.nii.gz").write_bytes((shared / TORSO).read_bytes())
    (folder / "labels.nii.gz").write_bytes((shared / BRAIN_LABELS).read_bytes())
    return folder / "labels.nii.gz"


BRAIN_PLACES, TORSO_PLACES, HEAD_PLACES = (places_of(name) for name in (BRAIN, TORSO, HEAD))

CASES: tuple[Case, ...] = (
    real(is_read("real: a brain, unpacked", places=BRAIN_PLACES, in_viewer=True),
         altered(BRAIN, "brain.nii", as_is)),
    real(is_read("real: a brain, unpacked but not renamed", "mislabelled", places=BRAIN_PLACES),
         lambda folder, shared: altered(BRAIN, "brain.nii", as_is)(folder, shared).rename(
             folder / "brain.nii.gz")),
    real(is_read("real: a torso by MetaImage", places=TORSO_PLACES, in_viewer=True),
         converted(TORSO, "torso.mha")),
    real(is_read("real: a torso by NRRD", places=TORSO_PLACES, in_viewer=True),
         converted(TORSO, "torso.nrrd")),
    real(is_read("real: a torso by MetaImage of two files", places=TORSO_PLACES),
         converted(TORSO, "torso.mhd")),
    real(is_read("real: a brain with its qform 12 mm off", "forms-disagree", places=BRAIN_PLACES,
                 in_viewer=True), altered(BRAIN, "brain.nii.gz", moved_qform)),
    real(is_read("real: a brain in metres", "units", places=BRAIN_PLACES),
         altered(BRAIN, "brain.nii.gz", in_metres)),
    real(is_read("real: a torso with one more axis", "one-volume", places=TORSO_PLACES,
                 in_viewer=True), altered(TORSO, "torso.nii.gz", one_more_axis)),
    real(is_read("real: a brain in a pair", places=BRAIN_PLACES), split),
    real(is_read("real: a torso with text at its end", "more-data", places=TORSO_PLACES),
         altered(TORSO, "torso.nii.gz", lambda content: bytes(content) + b"the end")),
    real(is_refused("real: a brain without its last slices", "cut short or damaged", in_viewer=True),
         altered(BRAIN, "brain.nii", cut_to(0.9))),
    real(is_refused("real: a packed torso without its last slices", "cut short or damaged"),
         altered(TORSO, "torso.nii.gz", cut_to(0.9))),
    real(is_refused("real: half a head fetched", "cannot be unpacked", in_viewer=True),
         half_fetched),
    real(is_refused("real: a brain with one bit flipped", "cannot be unpacked"), one_bit),
    real(is_refused("real: a torso that claims twice its slices", "cut short or damaged",
                    in_viewer=True), altered(TORSO, "torso.nii.gz", doubled_axis)),
    real(is_refused("real: a brain of voxels without size", "states voxels of"),
         altered(BRAIN, "brain.nii.gz", setting(pixdim=[1, 0, 0, 0, 0, 0, 0, 0]))),
    real(is_refused("real: a brain without a usable form", "no usable place"),
         altered(BRAIN, "brain.nii.gz", setting(
             qform_code=0, sform_code=1, srow_x=[np.nan] * 4, srow_y=[0] * 4))),
    replace(real(is_read("real: labels in another orientation", places=places_of(TORSO_LABELS)), onto(TORSO, TORSO_LABELS, turn=True)),
            read=read_onto),
    replace(real(is_read("real: labels of a brain", places=places_of(BRAIN_LABELS)),
                 onto(BRAIN, BRAIN_LABELS, turn=False)), read=read_onto),
    replace(real(is_refused("real: labels of another patient", "labels.nii.gz"), other_labels),
            read=read_onto),
    real(is_read("real: a head by NRRD", places=HEAD_PLACES, in_viewer=True),
         converted(HEAD, "head.nrrd")),
)  # fmt: skip
