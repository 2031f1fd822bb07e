"""The devices of this machine, and what each of them is."""

from __future__ import annotations

import os
import platform
from pathlib import Path

# What decides how fast a processor's numbers of less precision are, as Linux names it.
_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_fp16", "asimdhp", "bf16", "sve")


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


def device_model(device: str) -> str:
    """Say what a device is, so that what was measured on it is not taken for another's.

    Parameters
    ----------
    device
        As from `choose_device`.
    """
    if device.startswith("cuda"):
        import torch

        major, minor = torch.cuda.get_device_capability(device)
        return f"{torch.cuda.get_device_name(device)}, compute capability {major}.{minor}"
    features = processor_features()
    known = [name for name in _FEATURES if name in features]
    return ", ".join([_processor_name(), platform.machine(), f"{os.cpu_count()} cores", *known])


def processor_features() -> frozenset[str]:
    """Return the features of the processor as Linux names them; nothing on other systems."""
    return frozenset((_processor_lines().get("flags") or _processor_lines()["Features"]).split())


def _processor_name() -> str:
    return _processor_lines().get("model name", "") or platform.processor() or "processor"


def _processor_lines() -> dict[str, str]:
    """Read what Linux says of the first processor."""
    found = {"Features": ""}
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # only Linux has it
        return found
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if not name.strip():
            break
        found[name.strip()] = value.strip()
    return found
