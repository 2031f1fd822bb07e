"""Choose where a network runs."""

from __future__ import annotations


def available_devices() -> list[str]:
    """Name the devices of this machine, the preferred one first; ``"cpu"`` is always among them."""
    import torch

    devices = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def choose_device(name: str = "auto") -> str:
    """Turn a person's choice of device into one that is there.

    Parameters
    ----------
    name
        ``"auto"`` (the first of `available_devices`), ``"cpu"``, ``"cuda"``, ``"cuda:n"`` or
        ``"mps"``.

    Raises
    ------
    ValueError
        If this machine has no such device.
    """
    devices = available_devices()
    wanted = {"auto": devices[0], "cuda": "cuda:0"}.get(name, name)
    if wanted not in devices:
        raise ValueError(
            f"no device {name!r} on this machine; choose one of auto, {', '.join(devices)}"
        )
    return wanted
