"""Run a network as fast as its device safely can."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor


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


@contextmanager
def fast_inference() -> Iterator[None]:
    """Run what is inside without gradients, and its 3D convolutions on the CPU through oneDNN.

    For a single window of little depth torch takes a far slower path of its own
    (``aten::slow_conv3d_forward``), though oneDNN computes the same sums in float32.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class WithoutSlowConvolutions(TorchFunctionMode):
        def __torch_function__(
            self,
            function: Callable[..., Any],
            _types: Any,
            args: tuple[Any, ...] = (),
            kwargs: dict[str, Any] | None = None,
        ) -> Any:
            if function is torch.conv3d and _is_for_one_dnn(*args, **(kwargs or {})):
                return _convolve(*args, **(kwargs or {}))
            return function(*args, **(kwargs or {}))

    with torch.inference_mode(), WithoutSlowConvolutions():
        yield


def _is_for_one_dnn(
    image: Tensor,
    weight: Tensor,
    _bias: Tensor | None = None,
    _stride: Any = 1,
    padding: Any = 0,
    _dilation: Any = 1,
    groups: int = 1,
) -> bool:
    import torch

    return bool(
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and image.device.type == "cpu"
        and image.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and image.ndim == 5
        and groups == 1
        and not isinstance(padding, str)
    )


def _convolve(
    image: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    import torch
    from monai.utils import ensure_tuple_rep

    sides = [ensure_tuple_rep(size, 3) for size in (padding, stride, dilation)]
    convolved: Tensor = torch.ops.aten.mkldnn_convolution(image, weight, bias, *sides, groups)
    return convolved
