"""How much memory there is, what an error of allocation looks like, and a way on from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.imaging.free_memory import free_bytes

if TYPE_CHECKING:
    import torch

# What torch says on a processor, where it raises a plain RuntimeError; then what OpenVINO says
# that gets no thread, and what the system says of a library that it cannot load.
_SAYINGS = (
    "out of memory",
    "can't alloc",
    "not enough memory",
    "failed to allocate",
    "resource temporarily unavailable",
    "failed to map segment",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether the machine or its graphics card ran out of memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, (RuntimeError, ImportError)) and any(
        saying in text for saying in _SAYINGS
    )


def available_bytes(device: torch.device) -> int | None:
    """Return how much memory a device has left; None where that cannot be known."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    return free_bytes()


def require(needed: int, device: torch.device, what: str) -> None:
    """Raise ``MemoryError``, with the figures, where a device has less memory left.

    Parameters
    ----------
    needed
        Bytes.
    device
        Where.
    what
        That needs them, and what would need less.
    """
    free = available_bytes(device)
    if free is not None and needed > free:
        raise MemoryError(
            f"{what} needs {needed / 1e9:.1f} GB of memory on {device}, {free / 1e9:.1f} GB are "
            "free; choose a smaller region"
        )
