"""Follow a long computation of SimpleITK, and end it early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from napari_seg.imaging.held_signals import HeldSignals

Result = TypeVar("Result")


def run_followed(
    process: Any,
    event: int,
    *,
    run: Callable[[], Result],
    tell: Callable[[], None],
    stop: Callable[[], object],
) -> Result:
    """Run a filter or registration of SimpleITK that is told of and may be stopped.

    Parameters
    ----------
    process
        The filter or registration.
    event
        One of SimpleITK's events, at each of which `tell` is called.
    run
        Runs it.
    tell
        What it raises, or the handler of a signal such as Ctrl+C, ends the computation by `stop`
        and is raised again, in the place of any error of `run`.
    stop
        Ends the computation soon.

    Returns
    -------
    Result
        What `run` returns.
    """
    raised: list[BaseException] = []
    with HeldSignals() as held:

        def on_event() -> None:
            if raised:
                return
            # SimpleITK prints what passes through it, and fails by an error of its own.
            try:
                held.let_in()
                tell()
            except BaseException as error:  # noqa: BLE001 - it is raised again below
                raised.append(error)
                stop()

        process.AddCommand(event, on_event)
        try:
            return run()
        finally:
            process.RemoveAllCommands()
            if raised:
                raise raised[0]
