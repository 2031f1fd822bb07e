"""What cases are called in outputs, where their own names must not appear."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Letters, digits and what file systems and shells leave alone.
_SAFE = re.compile(r"[\w.-]*\w", re.ASCII)
# A name may itself hold an apostrophe; libraries write it between other marks then.
_QUOTED = re.compile(r"""(?<!\w)(?:'(.*?)'|"(.*?)")(?!\w)""")
# What our own messages quote of options and headers.
_OWN_WORDS = frozenset({"list", "mm", "auto", "exact", "fast"})


@dataclass(frozen=True)
class HiddenNames:
    """What stands in a message in place of the names of files and folders.

    Parameters
    ----------
    instead
        What is written for each name; the pseudonym, or "file 3" for the third file of a folder.
    shown
        What may be quoted.
    outputs
        The names of the folders that the labels are written to, which may tell a patient, too.
    """

    instead: Mapping[str, str]
    shown: frozenset[str]
    outputs: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        paths: Sequence[Path],
        pseudonym: str,
        *,
        shown: Sequence[str] = (),
        output: Path | None = None,
    ) -> HiddenNames:
        """Look up the names of scans and what lies in them, and of the folders above an output."""
        from napari_seg.imaging.files import case_name

        instead: dict[str, str] = {}
        for path in paths:
            inside = sorted(path.rglob("*")) if path.is_dir() else []
            for number, file in enumerate(inside, start=1):
                for name in (str(file.relative_to(path)), file.name):
                    instead.setdefault(name, f"file {number}")
            whole = path.resolve()
            for name in (str(path), str(whole), path.name, whole.name, case_name(whole.name)):
                instead[name] = pseudonym
        numbers = {name for name in instead.values() if name != pseudonym}
        outputs = frozenset() if output is None else frozenset(output.absolute().parts)
        return cls(instead, frozenset({pseudonym, *shown, *numbers, *_OWN_WORDS}), outputs)

    def hide(self, message: str) -> str:
        """Write a message without them, and without any other text that it quotes.

        A header may name a file that is not there, so what is quoted is not all known.
        """
        longest_first = sorted(filter(None, self.instead), key=len, reverse=True)
        # As whole words: the name of a file may be a letter.
        words = "|".join(map(re.escape, longest_first))
        found = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
        message = found.sub(self._instead, message)
        return _QUOTED.sub(self._quoted, message)

    def _instead(self, match: re.Match[str]) -> str:
        return self.instead[match[0]]

    def _quoted(self, match: re.Match[str]) -> str:
        quoted = match[1] or match[2]
        if quoted in self.shown:
            return match[0]
        return "the output folder" if quoted in self.outputs else "'…'"


@dataclass(frozen=True)
class Pseudonyms:
    """The pseudonym of each case, by the name of its file or folder.

    Parameters
    ----------
    by_name
        Keys are the name of a scan's file or folder, with or without the end that says its
        format. Empty: each case keeps its own name.
    """

    by_name: Mapping[str, str] = field(default_factory=dict)

    def of(self, scan: Path) -> str | None:
        """Return the pseudonym of a scan; None where no pseudonyms are used.

        Raises
        ------
        ValueError
            If pseudonyms are used and this scan has none. The message does not name the scan.
        """
        from napari_seg.imaging.files import case_name

        if not self.by_name:
            return None
        name = scan.resolve().name
        found = self.by_name.get(name) or self.by_name.get(case_name(name))
        if found is None:
            raise ValueError(
                "a scan has no pseudonym; add a line with the name of its file to the table of "
                "pseudonyms"
            )
        return found


def read_pseudonyms(path: Path) -> Pseudonyms:
    """Read a table with the columns ``case`` and ``pseudonym``, parted by commas or tabs.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such table, a case or a pseudonym stands there twice (pseudonyms also but for
        capitals, which some disks do not tell apart), or one could not be part of a file's name. The message gives the line, not the case.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path.name}' is no table of pseudonyms: it is no text") from error
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if not {"case", "pseudonym"} <= set(rows.fieldnames or ()):
        raise ValueError(
            f"'{path.name}' is no table of pseudonyms: its first line must be 'case,pseudonym'"
        )
    by_name: dict[str, str] = {}
    taken: set[str] = set()
    for row in rows:
        case, pseudonym = (row["case"] or "").strip(), (row["pseudonym"] or "").strip()
        where = f"'{path.name}', line {rows.line_num}"
        if not case or not _SAFE.fullmatch(pseudonym):
            raise ValueError(
                f"{where}: expected a case and a pseudonym of letters, digits, '.', '_' and '-'"
            )
        if case in by_name or pseudonym.casefold() in taken:
            raise ValueError(f"{where}: this case or pseudonym stands there already")
        by_name[case] = pseudonym
        taken.add(pseudonym.casefold())
    if not by_name:
        raise ValueError(f"'{path.name}' names no case")
    return Pseudonyms(by_name)
