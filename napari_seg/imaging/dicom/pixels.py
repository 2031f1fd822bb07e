"""Decode the pixels of DICOM slices."""

from __future__ import annotations

import re
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom.config import disable_value_validation
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.processing import apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from napari_seg.imaging.dicom.headers import BROKEN
from napari_seg.imaging.dicom.rescaling import StoredSlice
from napari_seg.imaging.dicom.slice_header import SliceHeader
from napari_seg.imaging.dicom.unnamed_file import open_unnamed

# JPEG Lossless and JPEG-LS: SimpleITK holds their decoders, so no other library is needed.
_DECODED_BY_ITK = (
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
)
# Of 12 bits, which Pillow does not read.
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_JPEG_END = b"\xff\xd9"
_BYTE = 8
_ENDS_EARLY = "the file ends before its last pixel"
# What a library did not expect; it speaks of its own code then.
_SLIPS = (AttributeError, TypeError, LookupError, struct.error)
_NO_SENSE = "what its header says of them makes no sense"
_ABSENT = re.compile(r"has no attribute '([A-Z][A-Za-z]+)'")
# How pydicom names a tag, before it quotes what stands there.
_TAG = re.compile(r"\(([0-9a-fA-F]{4}),([0-9a-fA-F]{4})\) '[A-Za-z ]+'")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# What a decoder needs to know of the pixels, and nothing of the person.
_PIXEL_TAGS = (
    *("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
)


class DamagedPixels(ValueError):
    """The pixels of a slice cannot be read."""

    def __init__(self, one: SliceHeader, cause: str) -> None:
        self.cause = cause
        super().__init__(
            f"the pixels of '{one.path.name}' cannot be read ({cause}); fetch it again"
        )


class PixelReader:
    """Decodes slices one by one, and keeps the two files that it read last.

    Two, so that frames of a file and of its copy can be compared in turn.
    """

    def __init__(self) -> None:
        self._held: dict[Path, pydicom.Dataset] = {}

    def read(self, one: SliceHeader) -> StoredSlice:
        """Return a slice as it is stored, or what its Modality LUT makes of that.

        Returns
        -------
        StoredSlice
            Slope and intercept are not applied.

        Raises
        ------
        DamagedPixels
            If they cannot be decoded, or are others than the header says.
        """
        try:
            # The warnings of a validation would quote what is wrong, such as an identifier.
            with disable_value_validation():
                dataset = self._opened(one.path)
                values = _decoded(dataset, one)
                is_mapped = bool(dataset.get("ModalityLUTSequence"))
                if is_mapped:
                    values = apply_modality_lut(values, dataset)
        except (*BROKEN, RuntimeError, IndexError, MemoryError) as error:
            raise DamagedPixels(one, _cause(error)) from error
        expected = one.shape if one.samples == 1 else (*one.shape, one.samples)
        if values.shape != expected:
            raise DamagedPixels(one, "they are others than the header says")
        return StoredSlice(one, values, is_mapped)

    def _opened(self, path: Path) -> pydicom.Dataset:
        if path not in self._held:
            with open_unnamed(path) as file:
                dataset = pydicom.dcmread(file, force=True)
            _complete_meta(dataset)
            if len(self._held) > 1:
                del self._held[next(iter(self._held))]
            self._held[path] = dataset
        return self._held[path]


def _decoded(dataset: pydicom.Dataset, one: SliceHeader) -> NDArray[Any]:
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise EOFError(_ENDS_EARLY)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        raise ValueError("they are numbers of a palette's colours; export it in grey or RGB")
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if syntax in _DECODED_BY_ITK or (syntax == _JPEG_EXTENDED and dataset.BitsStored > _BYTE):
        return _decoded_by_itk(dataset, one)
    # The other decoder of run lengths, where it is installed, panics on broken ones.
    plugin = "pydicom" if syntax == RLELossless else ""
    values = pixel_array(
        dataset,
        index=one.index,
        decoding_plugin=plugin,
        # Not of plain ones: it takes the upper bits to be the unused ones, always.
        correct_unused_bits=syntax.is_encapsulated,
    )
    return values if syntax.is_encapsulated else _without_unused_bits(values, dataset)


def _cause(error: BaseException) -> str:
    words = str(error).strip().splitlines()
    # Errors of the system hold whole paths.
    if not words or isinstance(error, OSError):
        return type(error).__name__
    if words[0].startswith("Unable to decode"):
        return "no decoder takes them: they are damaged, or packed in a rare way"
    tag = _TAG.search(words[0])
    keyword = keyword_for_tag(tag[1] + tag[2]) if tag is not None else ""
    if keyword:
        return f"its header states no {keyword} that fits them"
    if words[0].startswith("The number of bytes of pixel data is less than expected"):
        return _ENDS_EARLY
    if isinstance(error, _SLIPS):
        absent = _ABSENT.search(words[0])
        return f"its header states no {absent[1]}" if absent else _NO_SENSE
    # What else a library quotes may be the text of a header.
    return _QUOTED.sub("…", words[0])


def _complete_meta(dataset: pydicom.Dataset) -> None:
    """Name the transfer syntax of a file without preamble, as pydicom found it."""
    if "TransferSyntaxUID" in dataset.file_meta:
        return
    is_implicit, is_little = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit


def _without_unused_bits(values: NDArray[Any], dataset: pydicom.Dataset) -> NDArray[Any]:
    """Clear the bits that are no part of the value; old scanners drew overlays there.

    The value ends at the HighBit: some old scanners left the low bits unused.
    """
    if values.dtype.kind not in "iu":
        return values
    unused = int(dataset.BitsAllocated) - int(dataset.BitsStored)
    above = int(dataset.BitsAllocated) - 1 - int(dataset.HighBit)
    if unused <= 0 or not 0 <= above <= unused:
        return values
    # Shifted to the top and back, so that the sign goes with the value.
    shifted: NDArray[Any] = np.right_shift(np.left_shift(values, above), unused)
    return shifted


def _decoded_by_itk(dataset: pydicom.Dataset, one: SliceHeader) -> NDArray[Any]:
    frames = int(dataset.get("NumberOfFrames") or 1)
    stream = get_frame(dataset.PixelData, one.index, number_of_frames=frames)
    if not stream.rstrip(b"\0\xff").endswith(_JPEG_END):
        # SimpleITK would fill what is missing with grey.
        raise EOFError("the picture ends before its last pixel")
    alone = pydicom.Dataset()
    alone.file_meta = FileMetaDataset()
    alone.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    # A class and no rescaling, so that SimpleITK gives the values as stored.
    alone.SOPClassUID = SecondaryCaptureImageStorage
    alone.SOPInstanceUID = generate_uid()
    for name in _PIXEL_TAGS:
        if name in dataset:
            setattr(alone, name, dataset[name].value)
    alone.PixelData = encapsulate([stream])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pixels.dcm"
        alone.save_as(path, enforce_file_format=True)
        return np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0])
