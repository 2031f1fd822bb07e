"""Labels as a network left them, kept small to tell later what was changed by hand."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import find_objects

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class KeptLabels:
    """A compressed copy of the part of an array that is not 0."""

    shape: tuple[int, ...]
    dtype: str
    box: tuple[slice, ...]
    packed: bytes

    @classmethod
    def of(cls, labels: NDArray[Any]) -> KeptLabels:
        """Keep a copy of labels."""
        found = find_objects((labels != 0).view(np.uint8))
        box = found[0] if found else (slice(0, 0),) * labels.ndim
        packed = zlib.compress(labels[box].tobytes(), level=1)
        return cls(labels.shape, labels.dtype.str, box, packed)

    def restore(self) -> NDArray[Any]:
        """Return the labels, in an array of their own."""
        labels = np.zeros(self.shape, self.dtype)
        part = np.frombuffer(zlib.decompress(self.packed), self.dtype)
        labels[self.box] = part.reshape(labels[self.box].shape)
        return labels
