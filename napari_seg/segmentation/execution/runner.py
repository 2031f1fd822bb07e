"""A network and the ways to run it: which one is best here, found once and remembered."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from napari_seg.segmentation.execution.devices import device_model
from napari_seg.segmentation.execution.model_files import ModelFiles
from napari_seg.segmentation.execution.openvino_engine import OpenVinoNetwork
from napari_seg.segmentation.execution.plan import Plan, Precision, Trial, Way, notice_changes
from napari_seg.segmentation.execution.plan_cache import cache_folder, read_plan, write_plan
from napari_seg.segmentation.execution.probe import (
    CANNOT,
    fastest,
    may_run_later,
    try_ways,
    without_evidence,
)
from napari_seg.segmentation.execution.samples import first_place, own_windows, sample_windows
from napari_seg.segmentation.execution.torch_engine import TorchNetwork
from napari_seg.segmentation.execution.ways import ways_to_try

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from napari_seg.imaging.scan import Notice
    from napari_seg.segmentation.preparing.voxels import PreparedVoxels
    from napari_seg.segmentation.windows import Window

    OnScores = Callable[[tuple[int, int, int], Tensor], None]

# Changed whenever the ways that are tried, or what is asked of them, change.
_FORMAT = 5
_LIBRARIES = ("torch", "openvino")


class NetworkRunner:
    """A network, and the ways to run it that were found so far.

    Parameters
    ----------
    network
        Gives the network in evaluation mode, on the CPU, when it is first needed.
    sha256
        Of what describes it. Its layers and weights count beside that: a network in memory need
        not be the one that was described.
    name
        Of the model, for errors.
    cache
        Where plans and converted networks are kept; None for the person's own cache folder.
    """

    def __init__(
        self,
        network: Callable[[], nn.Module],
        sha256: str,
        *,
        name: str = "",
        cache: Path | None = None,
    ) -> None:
        self._network, self._described, self._name = network, sha256, name
        self._cache = cache or cache_folder()
        self._versions = _versions()
        self._plans: dict[tuple[str, Precision, Window, int], Plan] = {}
        self._built: dict[tuple[Way, str, int], Callable[[Tensor], Tensor]] = {}

    def plan(
        self,
        image: Tensor | PreparedVoxels,
        window: Window,
        *,
        device: str,
        precision: Precision,
        on_way: Callable[[], None] | None = None,
        on_scores: OnScores | None = None,
    ) -> Plan:
        """Find the fastest way that is safe, or remember it.

        Parameters
        ----------
        image
            A prepared scan ``(1, channel, i, j, k)``, to try ways on.
        window
            Of the network.
        device
            As from `choose_device`.
        precision
            ``"exact"``: labels equal to those of float32 but for ties. ``"fast"``: at most one
            in a thousand of the foreground voxels that are compared may differ.
        on_way
            Called before each way that is tried; what it raises stops the search.
        on_scores
            Told the first window that a search runs, of a 3D network, long before it ends: its
            first voxel and its scores ``(class, *window)`` in float32.
        """
        memory = device, precision, window, _threads(device)
        known = self._plans.get(memory)
        if known is not None:
            return known
        plan = self._kept(window, device, precision)
        if plan is None or not self._can_build(plan):
            plan = self._find(image, window, device, precision, on_way, on_scores)
            if without_evidence(plan.trials):
                # Another scan may tell more.
                return plan
            if not may_run_later(plan.trials):
                write_plan(self._cache, self._key(window, device, precision), plan)
        self._plans[memory] = plan
        return plan

    def as_run_here(self, plan: Plan) -> tuple[Plan, tuple[Notice, ...]]:
        """Give a plan of another run with what holds of this one, and say what differs.

        The number of threads is the plan's in OpenVINO and the process's own in torch; the
        versions of the libraries are those that are here.
        """
        threads = plan.threads if plan.way.engine == "openvino" else 0
        here = replace(plan, threads=threads or _threads(plan.device), versions=self._versions)
        return here, notice_changes(plan, here)

    def run(self, plan: Plan) -> Callable[[Tensor], Tensor]:
        """Return the network as a plan runs it: from windows to scores, in float32."""
        key = plan.way, plan.device, plan.threads
        built = self._built.get(key)
        if built is None:
            built = self._build(plan.device, plan.way, plan.threads)
            self._built = {key: built}
        return built

    def _kept(self, window: Window, device: str, precision: Precision) -> Plan | None:
        """Read the plan that an earlier process found; None where it is not one of what is asked."""
        plan = read_plan(self._cache, self._key(window, device, precision))
        asked = precision, device, _batch(window, device), _threads(device)
        if plan is None or (plan.precision, plan.device, plan.batch, plan.threads) != asked:
            return None
        return plan

    def _can_build(self, plan: Plan) -> bool:
        """Tell whether the libraries that a plan was found with still load."""
        try:
            self.run(plan)
        except CANNOT:
            return False
        return True

    def make_ready(
        self, window: Window, channels: int, *, device: str, precision: Precision
    ) -> bool:
        """Set the network up for single windows as an earlier plan says.

        Parameters
        ----------
        window, device, precision
            As in `plan`.
        channels
            Of a scan.

        Returns
        -------
        bool
            Whether a plan is known; if not, nothing was done.
        """
        import torch

        plan = self._plans.get((device, precision, window, _threads(device)))
        plan = plan or self._kept(window, device, precision)
        if plan is None or not all(window.shape):
            return False
        shape = [length for axis, length in enumerate(window.shape) if axis != window.flat_axis]
        # The first batch of a shape sets up what runs all that follow.
        with torch.inference_mode():
            self.run(plan)(torch.zeros(plan.batch, channels, *shape))
        return True

    @cached_property
    def _sha256(self) -> str:
        import torch

        network = self._network()
        digest = hashlib.sha256(f"{self._described}\n{network!r}".encode())
        for name, values in network.state_dict().items():
            digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
            digest.update(values.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def _find(
        self,
        image: Tensor | PreparedVoxels,
        window: Window,
        device: str,
        precision: Precision,
        on_way: Callable[[], None] | None,
        on_scores: OnScores | None,
    ) -> Plan:
        def on_reference(scores: Tensor) -> None:
            if on_scores is not None and window.flat_axis is None:
                on_scores(first_place(image.shape[2:], window), scores[0])

        samples = (part.to(device) for part in sample_windows(image, window))
        ways = ways_to_try(device, precision, is_fixed=all(window.shape))
        build = partial(self._build, device)
        trials = try_ways(
            ways,
            build,
            samples,
            own=own_windows(image, window),
            on_way=on_way,
            on_reference=on_reference,
        )
        best = fastest(trials)
        return Plan(
            precision=precision,
            device=device,
            way=best.way,
            batch=_batch(window, device),
            threads=_threads(device),
            reason=_reason(best, trials),
            trials=tuple(trials),
            versions=self._versions,
        )

    def _build(self, device: str, way: Way, threads: int = 0) -> Callable[[Tensor], Tensor]:
        if way.engine == "torch":
            return TorchNetwork(self._network(), way, device, self._name)
        files = ModelFiles(self._cache / "networks", {"network": self._sha256, **self._versions})
        threads = threads or _threads(device)
        return OpenVinoNetwork(self._network, way.dtype, threads=threads, files=files)

    def _key(self, window: Window, device: str, precision: Precision) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "network": self._sha256,
            "window": [*window.shape, window.flat_axis, window.batch],
            "device": device_model(device),
            "threads": _threads(device),
            "precision": precision,
            "versions": self._versions,
        }


def _batch(window: Window, device: str) -> int:
    # One after the other a processor is as fast, and stops and reports at each.
    return window.batch if window.flat_axis is not None or device != "cpu" else 1


def _threads(device: str) -> int:
    import torch

    return torch.get_num_threads() if device == "cpu" else 0


def _reason(best: Trial, trials: Sequence[Trial]) -> str:
    reasons = [f"{best.way} is the fastest of {len(trials)} ways"]
    if len(trials) == 1:
        reasons = [f"{best.way} is the one way"]
    reasons += [f"{trial.way} is refused: {trial.refused}" for trial in trials if trial.refused]
    return "; ".join(reasons)


def _versions() -> dict[str, str]:
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "none"
    return found
