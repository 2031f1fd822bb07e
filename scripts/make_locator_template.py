"""Make the template of the shipped bundle's locator: the sample brain at 3 mm.

Run in the repository: ``python scripts/make_locator_template.py``.
"""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from napari_seg import read_scan
from napari_seg.imaging.files import sample_data_folder
from napari_seg.imaging.template_matching.upright_volume import upright
from napari_seg.segmentation.bundle_description import shipped_bundle_folder

SPACING_MM = 3.0
MNI_152 = 4


def main() -> None:
    """Average the sample brain to 3 mm, and write it into the bundle."""
    brain = read_scan(sample_data_folder() / "brain.nii.gz")
    small = upright(brain.array, brain.geometry, spacing_mm=SPACING_MM)
    affine = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
    affine[:3, 3] = small.origin_mm
    image = nib.Nifti1Image(np.rint(small.array).astype(np.uint8), affine)
    image.set_sform(affine, MNI_152)
    image.set_qform(affine, MNI_152)
    image.header.set_xyzt_units("mm")
    place = Path(shipped_bundle_folder()) / "locator" / "brain_3mm.nii.gz"
    place.parent.mkdir(exist_ok=True)
    nib.save(image, place)
    print(f"{place}: {image.shape}, {place.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
