"""Run a network in torch, without the slow ways that it takes by itself."""

from __future__ import annotations

import copy
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from napari_seg.segmentation.model_failure import telling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from napari_seg.segmentation.execution.plan import Way

# Of a full batch and of the last one; each takes memory and time to record.
_MOST_GRAPHS = 2


class TorchNetwork:
    """A network that torch runs in one way on one device.

    Parameters
    ----------
    network
        In evaluation mode, on the CPU; it is left as it is.
    way
        Its precision, layout and whether it is recorded as a graph.
    device
        Such as ``"cpu"`` or ``"cuda:0"``.
    model
        What the network belongs to, for errors.
    """

    def __init__(self, network: nn.Module, way: Way, device: str, model: str = "") -> None:
        self._way, self._device, self._model = way, device, model
        self._network = network
        if device != "cpu" or way.channels_last:
            self._network = copy.deepcopy(network).to(device)
        if way.channels_last:
            for layer in self._network.modules():
                for weight in layer.parameters(recurse=False):
                    weight.data = _channels_last(weight.data)
        self._graphs: dict[tuple[int, ...], _Graph] = {}

    def __call__(self, batch: Tensor) -> Tensor:
        """Return the scores ``(batch, class, *window)`` in float32, on the network's device.

        Raises
        ------
        ValueError
            If the network raises an error.
        """
        batch = batch.to(self._device)
        if self._way.channels_last:
            batch = _channels_last(batch)
        with fast_inference(), _calculating_in(self._way.dtype, self._device):
            graph = self._graph_for(batch) if self._way.graph else None
            return graph(batch) if graph is not None else self._forward(batch)

    def _graph_for(self, batch: Tensor) -> _Graph | None:
        """Give the graph of batches of this shape; None where enough others are recorded."""
        shape = tuple(batch.shape)
        if shape not in self._graphs and len(self._graphs) < _MOST_GRAPHS:
            self._graphs[shape] = _Graph(self._forward, batch)
        return self._graphs.get(shape)

    def _forward(self, batch: Tensor) -> Tensor:
        size = "x".join(str(length) for length in batch.shape[2:])
        with telling("network", self._model, f"a window of {size} voxels"):
            scores: Tensor = self._network(batch).float()
        return scores


class _Graph:
    """The calls of a forward pass, recorded once; a card replays them without the processor."""

    def __init__(self, forward: Callable[[Tensor], Tensor], batch: Tensor) -> None:
        import torch

        self._batch = batch.clone()
        beside = torch.cuda.Stream(batch.device)  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream(batch.device))
        with torch.cuda.stream(beside):
            for _ in range(2):
                forward(self._batch)
        torch.cuda.current_stream(batch.device).wait_stream(beside)
        # By itself torch records on the first card, and forbids all threads what disturbs this one.
        with torch.cuda.device(batch.device):
            self._graph = torch.cuda.CUDAGraph()
            recording = torch.cuda.graph(
                self._graph, stream=beside, capture_error_mode="thread_local"
            )
            with recording:
                self._scores = forward(self._batch)

    def __call__(self, batch: Tensor) -> Tensor:
        self._batch.copy_(batch)
        self._graph.replay()
        return self._scores.clone()


def _channels_last(tensor: Tensor) -> Tensor:
    import torch

    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    layout = layouts.get(tensor.ndim, torch.contiguous_format)
    return tensor.contiguous(memory_format=layout)


@contextmanager
def _calculating_in(dtype: str, device: str) -> Iterator[None]:
    import torch

    with ExitStack() as stack:
        if dtype != "float32":
            kind = device.partition(":")[0]
            # What is cast while a graph is recorded must be cast again when it is replayed.
            cast = torch.autocast(kind, getattr(torch, dtype), cache_enabled=False)
            stack.enter_context(cast)
        elif device.startswith("cuda"):
            # By itself torch rounds to 19 bits there.
            exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
            stack.enter_context(exact)
        yield


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
