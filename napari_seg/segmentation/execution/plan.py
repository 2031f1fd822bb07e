"""How a network is run on a device, and what was measured to decide it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from napari_seg.imaging.scan import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping

Precision = Literal["exact", "fast"]
"""``"exact"``: labels equal to those of float32 but for ties; ``"fast"``: nearly so."""

PRECISIONS: tuple[Precision, ...] = ("exact", "fast")

_ENGINES = {"torch": "torch", "openvino": "OpenVINO"}
_DTYPES = ("float32", "bfloat16", "float16")
# More than any machine has, and than any model states.
_MOST_THREADS, _MOST_WINDOWS = 2**10, 2**16
_KINDS: dict[str, Any] = {
    **dict.fromkeys(("engine", "dtype", "precision", "device", "reason", "refused"), str),
    **dict.fromkeys(("channels_last", "graph"), bool),
    **dict.fromkeys(("batch", "threads", "differing", "foreground"), int),
    "milliseconds": (int, float, type(None)),
}


@dataclass(frozen=True)
class Way:
    """One way to run a network.

    Attributes
    ----------
    engine
        ``"torch"`` or ``"openvino"``.
    dtype
        What it calculates with: ``"float32"``, ``"bfloat16"`` or ``"float16"``.
    channels_last
        Whether the channels of a voxel lie side by side in memory.
    graph
        Whether the calls of one window are recorded once and replayed (CUDA).
    """

    engine: str
    dtype: str = "float32"
    channels_last: bool = False
    graph: bool = False

    def __str__(self) -> str:
        more = [", channels last"] * self.channels_last + [", one graph"] * self.graph
        return f"{_ENGINES[self.engine]} {self.dtype}{''.join(more)}"


@dataclass(frozen=True)
class Trial:
    """What became of one way on this network and device.

    Attributes
    ----------
    way
        What was tried.
    milliseconds
        For one batch of windows, of the first run where it was far too slow to be run again;
        None where it could not run.
    differing, foreground
        Voxels whose label is not that of float32, and those labelled at all in float32, among
        the windows compared.
    refused
        Why it may not be used; empty where it may.
    """

    way: Way
    milliseconds: float | None = None
    differing: int = 0
    foreground: int = 0
    refused: str = ""


@dataclass(frozen=True)
class Plan:
    """How a network is run, fixed for all scans of a study.

    Attributes
    ----------
    precision
        What was asked for.
    device
        Where, such as ``"cpu"`` or ``"cuda:0"``.
    way
        The fastest way that is safe.
    batch
        How many windows go through the network together.
    threads
        How many the processor's engine uses; 0 on a graphics card.
    reason
        Why this way, in a sentence.
    trials
        All ways that were tried.
    versions
        Of the libraries that it was found with.
    """

    precision: Precision
    device: str
    way: Way
    batch: int = 1
    threads: int = 0
    reason: str = ""
    trials: tuple[Trial, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Equal where labels were made in the same way, whatever was measured."""
        plan = self.as_dict()
        for measured in ("reason", "trials"):
            del plan[measured]
        text = json.dumps(plan, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return {
            **vars(self),
            "way": dict(vars(self.way)),
            "trials": [{**vars(trial), "way": dict(vars(trial.way))} for trial in self.trials],
            "versions": dict(self.versions),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """Make a plan of what `as_dict` gave.

        Raises
        ------
        ValueError
            If the values are not those of a plan.
        """
        try:
            way = Way(**values["way"])
            trials = tuple(
                Trial(**{**trial, "way": Way(**trial["way"])}) for trial in values["trials"]
            )
            versions = {str(name): str(one) for name, one in dict(values["versions"]).items()}
            plan = cls(**{**values, "way": way, "trials": trials, "versions": versions})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not the plan of a run: {error}") from error
        plan._require_sense()
        return plan

    def _require_sense(self) -> None:
        parts: list[Plan | Trial | Way] = [self, self.way]
        for trial in self.trials:
            parts += trial, trial.way
        if not all(map(_has_kinds, parts)):
            raise ValueError(f"not the plan of a run: {self!r}")
        way = self.way
        if way.engine not in _ENGINES or self.precision not in PRECISIONS:
            raise ValueError(f"unknown engine or precision: {way!r}, {self.precision}")
        if way.dtype not in _DTYPES or (self.precision == "exact" and way.dtype != _DTYPES[0]):
            raise ValueError(f"not the numbers of an {self.precision!r} plan: {way.dtype!r}")
        if not (1 <= self.batch <= _MOST_WINDOWS and 0 <= self.threads <= _MOST_THREADS):
            raise ValueError(
                f"not the plan of a run: batch {self.batch}, of 1 to {_MOST_WINDOWS}, and threads "
                f"{self.threads}, of 0 to {_MOST_THREADS}"
            )
        on_card = self.device[:4] == "cuda"
        if (way.graph and not on_card) or (way.engine == "openvino" and self.device != "cpu"):
            raise ValueError(f"not the plan of a run: {way} on {self.device}")


def _has_kinds(part: Plan | Trial | Way) -> bool:
    """Tell whether attributes have the types that they should; to Python True is a number, too."""
    return all(
        isinstance(value, _KINDS[name]) and (_KINDS[name] is bool or not isinstance(value, bool))
        for name, value in vars(part).items()
        if name in _KINDS
    )


def notice_changes(plan: Plan, here: Plan) -> tuple[Notice, ...]:
    """Say where a run that repeats a plan is not run as the plan was found.

    A library that does not run the network changes no label.
    """
    running = {"torch", plan.way.engine}
    changes = [
        f"{name} {here.versions.get(name, 'none')} instead of {version}"
        for name, version in plan.versions.items()
        if name in running and here.versions.get(name, "none") != version
    ]
    if plan.threads not in (0, here.threads):  # 0 is not known
        changes.append(f"{here.threads} threads instead of {plan.threads}")
    if not changes:
        return ()
    said = f"the plan of another run is repeated with {', '.join(changes)}"
    return (Notice("plan-changed", f"{said}; single labels may differ"),)
