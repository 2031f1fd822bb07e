"""Labels as a network left them, kept small to tell later what was changed by hand."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import find_objects

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


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
        if not found:
            return cls.empty(labels.shape, labels.dtype)
        box = found[0]
        packed = zlib.compress(labels[box].tobytes(), level=1)
        return cls(labels.shape, labels.dtype.str, box, packed)

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: DTypeLike) -> KeptLabels:
        """Keep that all is 0."""
        box = (slice(0, 0),) * len(shape)
        return cls(shape, np.dtype(dtype).str, box, zlib.compress(b"", level=1))

    def restore(self) -> NDArray[Any]:
        """Return the labels, in an array of their own."""
        labels = np.zeros(self.shape, self.dtype)
        part = np.frombuffer(zlib.decompress(self.packed), self.dtype)
        labels[self.box] = part.reshape(labels[self.box].shape)
        return labels
