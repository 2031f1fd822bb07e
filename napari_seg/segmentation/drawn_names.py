"""Names for all that a network draws, also where a bundle's metadata do not fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_seg.imaging.scan import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_seg.imaging.label_table import LabelTable
    from napari_seg.segmentation.bundle import Bundle


def name_all(
    bundle: Bundle, values: Iterable[int], *, outputs: int
) -> tuple[LabelTable, tuple[Notice, ...]]:
    """Complete a bundle's label table, and tell where its metadata do not fit its network.

    Parameters
    ----------
    bundle
        Whose metadata name labels.
    values
        That are drawn.
    outputs
        How many scores the network gives for each voxel.

    Returns
    -------
    LabelTable, tuple of Notice
        The table with a name such as "label 2" for each value that has none.
    """
    known, table = bundle.table.names, bundle.table.completed(values)
    notices = []
    added = {value: name for value, name in table.names.items() if value not in known}
    if added:
        notices.append(
            Notice(
                "labels-unnamed",
                f"the metadata of the model {bundle.name!r} do not name all that its network "
                f"draws: {_listed(added)} stands for what has no name there",
                {"count": len(added)},
            )
        )
    # Of a single score a threshold makes label 1.
    beyond = {value: name for value, name in known.items() if value >= max(outputs, 2)}
    if beyond:
        notices.append(
            Notice(
                "labels-never-drawn",
                f"the network of the model {bundle.name!r} has {outputs} "
                f"output{'s' * (outputs != 1)}, so it never draws {_listed(beyond)}, which its "
                "metadata name; the other names may be wrong, too",
                {"count": len(beyond), "outputs": outputs},
            )
        )
    return table, tuple(notices)


def _listed(names: dict[int, str]) -> str:
    shown = [f"'{name}'" for name in list(names.values())[:5]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
