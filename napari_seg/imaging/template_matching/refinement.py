"""Fit a template to a scan by an affine transform, with SimpleITK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from napari_seg.imaging.itk_progress import run_followed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_seg.imaging.template_matching.upright_volume import UprightVolume

_BINS = 32
_RELAXATION = 0.7


@dataclass(frozen=True)
class Effort:
    """How hard one refinement tries.

    Attributes
    ----------
    blur_mm
        Both images are smoothed by this much first.
    share
        Of the template's voxels that are compared, from 0 to 1.
    iterations
        At most so many.
    step_mm, least_step_mm
        How far it moves at first, and where it stops.
    """

    blur_mm: float
    share: float
    iterations: int
    step_mm: float
    least_step_mm: float


COARSE = Effort(blur_mm=3.0, share=0.1, iterations=40, step_mm=4.0, least_step_mm=0.2)
FINE = Effort(blur_mm=0.0, share=0.25, iterations=60, step_mm=2.0, least_step_mm=0.05)


class Refinement:
    """The same pair of images, fitted from several starts.

    Parameters
    ----------
    template, scan
        What is fitted, and to what.
    mask
        What of the template counts.
    effort
        How hard it tries.
    """

    def __init__(
        self,
        template: UprightVolume,
        mask: NDArray[np.bool_],
        scan: UprightVolume,
        effort: Effort,
    ) -> None:
        self._effort = effort
        self._centre = template.to_mm(np.argwhere(mask)).mean(axis=0)
        self._fixed, self._moving = (
            _smoothed(_image(volume.array, volume), effort.blur_mm) for volume in (template, scan)
        )
        self._fixed_mask = _image(mask.astype(np.uint8), template)
        self._moving_mask = _image(scan.inside.astype(np.uint8), scan)

    def run(
        self, start: NDArray[np.float64], *, on_progress: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Fit from a start, an affine ``(4, 4)`` from the template's millimetres to the scan's.

        What `on_progress` or the handler of a signal raises stops the fit within one iteration and
        is raised again. Where template and scan come to share nothing the start is returned.
        """
        effort = self._effort
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricFixedMask(self._fixed_mask)
        method.SetMetricMovingMask(self._moving_mask)
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(effort.share, 1)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            effort.step_mm, effort.least_step_mm, effort.iterations, _RELAXATION, 1e-6
        )
        method.SetOptimizerScalesFromPhysicalShift()
        transform = self._transform(start)
        method.SetInitialTransform(transform, inPlace=True)

        def tell() -> None:
            on_progress(min((method.GetOptimizerIteration() + 1) / effort.iterations, 1.0))

        def fits() -> bool:
            try:
                method.Execute(self._fixed, self._moving)
            except RuntimeError:
                # ITK's one error for all samples lying outside, or all of one brightness.
                return False
            return True

        iteration, stop = sitk.sitkIterationEvent, method.StopRegistration
        if not run_followed(method, iteration, run=fits, tell=tell, stop=stop):
            return start
        return self._affine(transform)

    def _transform(self, affine: NDArray[np.float64]) -> Any:
        transform = sitk.AffineTransform(3)
        transform.SetCenter(self._centre.tolist())
        transform.SetMatrix(affine[:3, :3].ravel().tolist())
        moved = affine[:3, :3] @ self._centre + affine[:3, 3] - self._centre
        transform.SetTranslation(moved.tolist())
        return transform

    def _affine(self, transform: Any) -> NDArray[np.float64]:
        affine = np.eye(4)
        affine[:3, :3] = np.reshape(transform.GetMatrix(), (3, 3))
        affine[:3, 3] = np.asarray(transform.GetTranslation()) + self._centre
        affine[:3, 3] -= affine[:3, :3] @ self._centre
        return affine


def _image(array: NDArray[Any], volume: UprightVolume) -> Any:
    # SimpleITK counts from the last axis; its millimetres are taken as ours throughout.
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.T))
    image.SetSpacing([volume.spacing_mm] * 3)
    image.SetOrigin([float(place) for place in volume.origin_mm])
    return image


def _smoothed(image: Any, blur_mm: float) -> Any:
    return sitk.SmoothingRecursiveGaussian(image, blur_mm) if blur_mm else image
