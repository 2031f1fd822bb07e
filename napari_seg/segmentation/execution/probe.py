"""Try ways to run a network: how fast each is, and whether its labels are those of float32."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

from napari_seg.segmentation.execution.plan import Trial, Way
from napari_seg.segmentation.slabs.best_class import best_class
from napari_seg.segmentation.slabs.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from torch import Tensor

    Network = Callable[[Tensor], Tensor]
    Build = Callable[[Way], Network]

# What the libraries raise where they cannot run a network in a way.
CANNOT = (ImportError, MemoryError, OSError, RuntimeError, TypeError, ValueError)

_MOST_DIFFERING = 0.001
# Enough foreground to tell a share of 0.1 % from chance.
_ENOUGH_VOXELS = 20_000
# Two scores so close, measured by the largest one, are a tie: float32 rounds them either way.
_TIE = 1e-4
_SECONDS_TO_TIME, _MOST_RUNS = 0.05, 5
# A way that takes so many times as long as the best one in a single run is not timed further.
_CLEARLY_SLOWER = 1.2
# Setting a network up on a processor takes less than this, and than the run itself.
_MS_TO_SET_UP = 100.0
_SET_UP = 2.5


@dataclass(frozen=True)
class Agreement:
    """How far the labels of some windows are those of float32.

    Attributes
    ----------
    differing
        Voxels with another label.
    beyond_ties
        Those of them whose two best scores in float32 were no tie.
    foreground
        Voxels labelled at all in float32.
    """

    differing: int = 0
    beyond_ties: int = 0
    foreground: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.differing + other.differing,
            self.beyond_ties + other.beyond_ties,
            self.foreground + other.foreground,
        )


def try_ways(
    ways: Sequence[Way],
    build: Build,
    samples: Iterable[Tensor],
    *,
    own: int = 1,
    on_way: Callable[[], None] | None = None,
    on_reference: Callable[[Tensor], None] | None = None,
) -> list[Trial]:
    """Try each way on windows of a scan.

    Parameters
    ----------
    ways
        The first is the reference, in float32; those after it in float32 too, then the others.
    build
        Makes a network of a way.
    samples
        Windows; the first times each way, and more are compared until there is foreground enough.
        How many does not depend on the clock: equal machines find equal plans.
    own
        How many of them, from the first on, lie side by side; the others show the same scan,
        shifted. A way must be good enough on the former alone and on all that are compared.
    on_way
        Called before each way but the first; what it raises stops the search.
    on_reference
        Told the scores of the first window in float32, as soon as they are there.

    Returns
    -------
    list
        One trial for each way, refused where it cannot run or its labels are not good enough.

    Raises
    ------
    ValueError
        If the reference itself cannot run, in one sentence that names the model.
    """
    windows = _Windows(samples, own)
    reference = build(ways[0])
    start = perf_counter()
    scores = windows.start(reference)
    trials = [Trial(ways[0], _since(start))]
    if on_reference is not None:
        on_reference(scores)
    for way in ways[1:]:
        if on_way is not None:
            on_way()
        network = None
        try:
            network = build(way)
            trial = _try(way, network, windows)
        except CANNOT as error:
            # A library that does not load says nothing of this network.
            passing = network is None or _may_pass(error)
            why = f"{_CANNOT_NOW if passing else _CANNOT_EVER}: {_first_line(error)}"
            trials.append(Trial(way, refused=why))
            continue
        trials.append(trial)
        if way.dtype == "float32" and fastest(trials) is trial:
            windows.network = network
    best = min((_time(trial) for trial in trials[1:] if not trial.refused), default=float("inf"))
    if _may_be_faster(trials[0], best, windows.first.device.type):
        trials[0] = Trial(ways[0], _milliseconds(reference, windows.first, best=best))
    return trials


class _Windows:
    """Windows of a scan and their scores in float32, each made when it is first needed.

    Attributes
    ----------
    network
        Gives those scores.
    own
        How many windows, from the first on, lie side by side.
    """

    def __init__(self, samples: Iterable[Tensor], own: int) -> None:
        self.own = own
        self._samples = iter(samples)
        self._found: list[tuple[Tensor, Tensor]] = []

    @property
    def first(self) -> Tensor:
        return self._found[0][0]

    def start(self, network: Network) -> Tensor:
        """Return the scores of the first window."""
        self.network = network
        self._add(next(self._samples))
        return self._found[0][1]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Give windows and their scores until there is foreground enough."""
        foreground = 0
        for number in count():
            if number == len(self._found):
                window = None if foreground >= _ENOUGH_VOXELS else next(self._samples, None)
                if window is None:
                    return
                self._add(window)
            window, expected = self._found[number]
            foreground += int((_labels(expected) > 0).sum())
            yield window, expected

    def _add(self, window: Tensor) -> None:
        self._found.append((window, self.network(window)))


def _try(way: Way, network: Network, windows: _Windows) -> Trial:
    """Time a way on the first window, and compare its labels: in float32 there alone."""
    agreement, times = Agreement(), []
    for number, (window, expected) in enumerate(windows, start=1):
        scores, milliseconds = _timed(network, window)
        times.append(milliseconds)
        agreement += compare_scores(scores, expected)
        refused = _why_refused(way, agreement)
        if way.dtype == "float32" or (number == windows.own and agreement.foreground and refused):
            break
    # The first run set the network up; a way that is refused is timed no further.
    warm = times[1:]
    milliseconds = min(warm or times) if refused else _milliseconds(network, windows.first, warm)
    return Trial(way, milliseconds, agreement.differing, agreement.foreground, refused)


def compare_scores(scores: Tensor, expected: Tensor) -> Agreement:
    """Compare the labels of scores ``(batch, class, …)`` with those of float32."""
    import torch

    scores = scores.to(expected.device)
    if scores.shape != expected.shape or not torch.isfinite(scores).all():
        raise ValueError(f"scores of shape {tuple(scores.shape)}, or not all are numbers")
    known = _labels(expected)
    differing, foreground = _labels(scores) != known, int((known > 0).sum())
    if not differing.any():
        return Agreement(foreground=foreground)
    apart = expected.movedim(1, -1)[differing]
    if expected.shape[1] == 1:
        gap = apart[:, 0].abs()
    else:
        best = apart.topk(2, dim=1).values
        gap = best[:, 0] - best[:, 1]
    tie = _TIE * float(expected.abs().max())
    return Agreement(len(gap), int((gap > tie).sum()), foreground)


def _labels(scores: Tensor) -> Tensor:
    by_class = scores.movedim(1, 0)
    return (by_class[0] > 0).byte() if len(by_class) == 1 else best_class(by_class)


def fastest(trials: Sequence[Trial]) -> Trial:
    """Return the fastest trial that was not refused."""
    return min((trial for trial in trials if not trial.refused), key=_time)


def without_evidence(trials: Sequence[Trial]) -> bool:
    """Tell whether a way was refused only because no window held foreground to compare."""
    return any(trial.refused == _NOTHING_TO_COMPARE for trial in trials)


def may_run_later(trials: Sequence[Trial]) -> bool:
    """Tell whether a way could not run for a reason that may pass, such as too little memory."""
    return any(trial.refused.startswith(_CANNOT_NOW) for trial in trials)


_CANNOT_EVER, _CANNOT_NOW = "cannot run", "cannot run now"
_NOTHING_TO_COMPARE = "no foreground to compare its labels on"


def _why_refused(way: Way, agreement: Agreement) -> str:
    if way.dtype == "float32":
        count = agreement.beyond_ties
        return f"{count} voxels differ that are no ties in float32" if count else ""
    if not agreement.foreground:
        return _NOTHING_TO_COMPARE
    share = agreement.differing / agreement.foreground
    if share <= _MOST_DIFFERING:
        return ""
    return f"{share:.2%} of {agreement.foreground} foreground voxels differ from float32"


def _milliseconds(
    network: Network, window: Tensor, known: Sequence[float] = (), *, best: float = float("inf")
) -> float:
    """Return the least time of some runs after one that warmed up, `known` ones among them."""
    times = list(known)
    while len(times) < _MOST_RUNS and sum(times) < 1e3 * _SECONDS_TO_TIME:
        times.append(_timed(network, window)[1])
        if min(times) > _CLEARLY_SLOWER * best:
            break
    return round(min(times), 3)


def _timed(network: Network, window: Tensor) -> tuple[Tensor, float]:
    """Return the scores of a window, and the milliseconds that they took."""
    start = perf_counter()
    scores = network(window)
    if window.device.type == "cuda":
        _wait_for(window)
    return scores, _since(start)


def _may_be_faster(once: Trial, best: float, device: str) -> bool:
    """Tell whether a way that ran once, and was set up in that run, may be faster than the best."""
    return device != "cpu" or _time(once) < max(_MS_TO_SET_UP, _SET_UP * best)


def _since(start: float) -> float:
    return round((perf_counter() - start) * 1e3, 3)


def _wait_for(window: Tensor) -> None:
    import torch

    torch.cuda.synchronize(window.device)


def _time(trial: Trial) -> float:
    return trial.milliseconds or 0.0


def _may_pass(error: BaseException) -> bool:
    """Tell an error of the machine, such as a full disk, from one that a network always gives."""
    # torch raises an OSError without a number, too, for code whose source it does not find.
    of_system = isinstance(error, OSError) and error.errno is not None
    return of_system or isinstance(error, ImportError) or is_out_of_memory(error)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
