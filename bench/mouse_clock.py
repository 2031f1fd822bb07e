"""Time what napari does with each event of the mouse."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter, thread_time
from typing import Any

from napari._vispy.canvas import VispyCanvas


class MouseClock:
    """Times what napari does with each event of the mouse: by the wall and of the processor, in ms.

    Attributes
    ----------
    times
        By the type of event.
    """

    def __init__(self) -> None:
        self.times: dict[str, list[tuple[float, float]]] = defaultdict(list)
        # Private to napari: moves that it puts off are not timed where they are sent.
        process, times = VispyCanvas._process_mouse_event, self.times

        def timed(canvas: Any, callbacks: Any, event: Any) -> None:
            start, of_processor = perf_counter(), thread_time()
            process(canvas, callbacks, event)
            wall, of_processor = perf_counter() - start, thread_time() - of_processor
            times[event.type].append((round(wall * 1000, 1), round(of_processor * 1000, 1)))

        VispyCanvas._process_mouse_event = timed
