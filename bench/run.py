"""Run a measurement by name: ``python bench/run.py infer``; each leaves bench/records/NAME.json."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("infer", "cold", "memory", "locate", "arithmetic", "ties")


def main() -> None:
    """Run the measurement that the command line names, with the words after it."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: python bench/run.py {'|'.join(NAMES)}")
    import_module(sys.argv[1]).main(sys.argv[2:])


if __name__ == "__main__":
    main()
