"""Run a network in OpenVINO, which has faster convolutions for processors than torch."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_seg.segmentation.execution.precise_ends import make_ends_precise, split_channels
from napari_seg.segmentation.execution.precise_norms import make_norms_precise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from napari_seg.segmentation.execution.model_files import ModelFiles

# Its own names for what it calculates with.
_PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}
_FAILURES = (
    "GeneralFailure",
    "InitializationFailure",
    "NotImplementedFailure",
    "OpConversionFailure",
    "OpValidationFailure",
)
_TELEMETRY = "openvino_telemetry"


class OpenVinoNetwork:
    """A network that OpenVINO runs on the processor.

    Parameters
    ----------
    network
        Gives the network in evaluation mode, on the CPU; asked only where `files` has no model
        that was converted before.
    dtype
        ``"float32"``, ``"bfloat16"`` or ``"float16"``.
    threads
        How many it uses; 0 for as many as it likes.
    files
        Where converted models are kept; None for nowhere.

    Raises
    ------
    ImportError
        If OpenVINO is not installed or cannot be loaded.
    RuntimeError
        If the part of it that runs on processors cannot be loaded.
    """

    def __init__(
        self,
        network: Callable[[], nn.Module],
        dtype: str = "float32",
        *,
        threads: int = 0,
        files: ModelFiles | None = None,
    ) -> None:
        self._network, self._dtype, self._threads, self._files = network, dtype, threads, files
        self._core = load_openvino().Core()
        # Loads what runs on processors, so that it fails here if at all, not with a network.
        self._core.get_versions("CPU")
        self._requests: dict[tuple[int, ...], Any] = {}

    def __call__(self, batch: Tensor) -> Tensor:
        """Return the scores ``(batch, class, *window)`` in float32.

        Raises
        ------
        RuntimeError
            If the network cannot be converted for windows of this shape.
        """
        import torch

        count, *window = batch.shape
        large = [n for n, *known in self._requests if known == window and n >= count]
        if not large:
            self._requests[tuple(batch.shape)] = self._prepare(batch)
        shape = (min(large, default=count), *window)
        voxels = np.ascontiguousarray(batch.detach().numpy(), np.float32)
        if shape[0] > count:  # the last batch of a scan
            voxels = np.concatenate([voxels, np.zeros((shape[0] - count, *window), np.float32)])
        if self._dtype != "float32":
            voxels = split_channels(voxels, self._dtype)
        scores = self._requests[shape].infer({0: voxels}, share_inputs=True)[0]
        return torch.from_numpy(np.asarray(scores[:count], np.float32))

    def _prepare(self, batch: Tensor) -> Any:
        shape = tuple(batch.shape)
        model = self._files and self._files.read(self._core, shape)
        if not model:
            model = convert(self._network(), batch)
            if self._files is not None:
                self._files.write(model, shape)
        if self._dtype == "float32":
            make_norms_precise(model)
        else:
            model = make_ends_precise(model, self._dtype)
        compiled = self._core.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": _PRECISIONS[self._dtype],
                "INFERENCE_NUM_THREADS": self._threads,
                "NUM_STREAMS": 1,
                # A pinned thread waits for its core though another one is free.
                "ENABLE_CPU_PINNING": False,
            },
        )
        return compiled.create_infer_request()


def is_installed() -> bool:
    """Tell whether OpenVINO is there, without loading it."""
    return importlib.util.find_spec("openvino") is not None


def reduced_dtypes() -> list[str]:
    """Name the types of less precision that the processor calculates in fast.

    Raises
    ------
    ImportError
        If OpenVINO is not installed or cannot be loaded.
    """
    known = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    names = {"BF16": "bfloat16", "FP16": "float16"}
    return [dtype for name, dtype in names.items() if name in known]


def convert(network: nn.Module, batch: Tensor) -> Any:
    """Turn a network of torch into a model of OpenVINO for batches of one shape.

    Raises
    ------
    RuntimeError
        If it holds what OpenVINO does not know.
    """
    import torch

    openvino = load_openvino()
    decoders = importlib.import_module("openvino.frontend.pytorch.ts_decoder")
    # Not by openvino.convert_model, which reports each conversion to its makers.
    frontend = openvino.frontend.FrontEndManager().load_by_framework("pytorch")
    failures = tuple(getattr(openvino.frontend, name) for name in _FAILURES)
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python values in the trace: it is for one shape
        traced = decoders.TorchScriptPythonDecoder(
            network,
            example_input=(batch.detach().clone(),),
            shared_memory=False,
            trace_kwargs={"check_trace": False},
        )
        try:
            model = frontend.convert(frontend.load(traced))
        except failures as error:  # these are no RuntimeErrors
            raise RuntimeError(str(error).strip().splitlines()[-1]) from error
    model.reshape(list(batch.shape))
    passes = importlib.import_module("openvino.passes")
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(model)
    return model


def load_openvino() -> Any:
    """Import OpenVINO, cut off from its telemetry, which would report the import itself.

    Raises
    ------
    ImportError
        If it is not installed or cannot be loaded.
    """
    if "openvino" not in sys.modules:
        with _without_telemetry():
            importlib.import_module("openvino")
    return sys.modules["openvino"]


@contextmanager
def _without_telemetry() -> Iterator[None]:
    before = sys.modules.get(_TELEMETRY)
    # Its import fails then, and OpenVINO takes the stand-in of its own that sends nothing.
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if before is None:
            del sys.modules[_TELEMETRY]
        else:
            sys.modules[_TELEMETRY] = before
