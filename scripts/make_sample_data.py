"""Cut sample_data/ from the MNI ICBM152 2009a T1 template that the nilearn package carries.

Run with nilearn 0.14 installed: ``python scripts/make_sample_data.py``.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import nibabel as nib
import numpy as np

TEMPLATE = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
# A box around each hippocampus, of the size of the crops that the shipped model learnt from.
CENTRES_MM = {"left": (-28, -22, -12), "right": (28, -22, -12)}
BOX_VOXELS = (36, 52, 40)
MNI_152 = 4


def main() -> None:
    """Write the whole brain, a crop around each hippocampus, and their hashes."""
    folder = Path(__file__).parents[1] / "sample_data"
    template = nib.load(str(files("nilearn") / "datasets" / "data" / TEMPLATE))
    voxels = np.asarray(template.dataobj).astype(np.uint8)
    save(voxels, template.affine, folder / "brain.nii.gz")
    for side, centre in CENTRES_MM.items():
        middle = np.rint(np.linalg.inv(template.affine) @ [*centre, 1])[:3].astype(int)
        start = middle - np.array(BOX_VOXELS) // 2
        box = tuple(slice(first, first + n) for first, n in zip(start, BOX_VOXELS, strict=True))
        affine = template.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ start
        save(voxels[box], affine, folder / f"hippocampus_{side}.nii.gz")
    scans = sorted(folder.glob("*.nii.gz"))
    sums = [f"{sha256(scan.read_bytes()).hexdigest()}  {scan.name}\n" for scan in scans]
    (folder / "SHA256SUMS").write_text("".join(sums))


def save(voxels: np.ndarray, affine: np.ndarray, path: Path) -> None:
    """Write a fresh NIfTI header: nothing of the template's is carried over but its grid."""
    image = nib.Nifti1Image(voxels, affine)
    image.set_sform(affine, MNI_152)
    image.set_qform(affine, MNI_152)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


if __name__ == "__main__":
    main()
