"""Look over an installation: what is there, what is missing, and the command that mends it."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

State = Literal["good", "missing", "broken"]

_INSTALL_AGAIN = "pip install --force-reinstall --no-deps napari-seg"
_INSTALL_NAPARI = 'pip install "napari-seg[all]"'
_QT_BINDINGS = ("PyQt6", "PySide6", "PyQt5")
_QT_LIBRARIES = (
    "sudo apt-get install -y libgl1 libegl1 libglib2.0-0 libfontconfig1 libdbus-1-3 "
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 "
    "libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
)
# Processor features that make bfloat16 fast, as Linux and torch name them.
_BF16_FEATURES = ("avx512_bf16", "amx_bf16")
_GIB = 2**30
# That another process may take.
_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    subject
        What was looked at, such as ``"torch"``.
    value
        What was found, in a few words.
    state
        ``"good"``; ``"missing"`` where something optional is not there; ``"broken"`` where
        napari-seg cannot segment.
    mend
        The command that mends it; None where there is nothing to mend.
    """

    subject: str
    value: str
    state: State = "good"
    mend: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give plain values that JSON can hold."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look over this machine and installation; takes some seconds, because torch is imported."""
    openvino = list(_openvino())
    # What ends another process would end this one.
    ends = any(finding.state == "broken" for finding in openvino)
    return [
        Finding("napari-seg", version("napari-seg")),
        Finding("Python", f"{platform.python_version()} on {platform.platform(terse=True)}"),
        *_packages(),
        *openvino,
        *_devices(),
        _processor(),
        _memory(),
        *_shipped_files(),
        *(() if ends else _plans()),
        *_window(),
    ]


def has_screen() -> bool:
    """Tell whether a window could be shown: always so outside Linux."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def window_problem() -> str | None:
    """Say why napari cannot open a window, and the command that mends it; None where it can."""
    for finding in _window():
        if finding.state != "good":
            return f"{finding.subject}: {finding.value}" + (
                f"; mend it by: {finding.mend}" if finding.mend else ""
            )
    return None


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    for requirement in map(Requirement, requires("napari-seg") or ()):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        mend = f'pip install "{requirement}"'
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(requirement.name, "not installed", "broken", mend)
            continue
        if requirement.specifier.contains(found, prereleases=True):
            yield Finding(requirement.name, found)
        else:
            wrong = f"{found}, but {requirement.specifier} is needed"
            yield Finding(requirement.name, wrong, "broken", mend)


def _openvino() -> Iterator[Finding]:
    """See that OpenVINO loads, in a process of its own, which a damaged library may end."""
    found = _version_of("openvino")
    if found is None:  # said among the packages, where it is needed
        return
    script = (
        "from napari_seg.segmentation.execution.openvino_engine import load_openvino\n"
        "load_openvino().Core().get_versions('CPU')"
    )
    again = f'pip install --force-reinstall --no-deps "openvino=={found}"'
    try:
        tried = _run_python(script)
    except subprocess.TimeoutExpired:
        yield Finding("OpenVINO", f"it does not load within {_SECONDS} s", "broken", again)
        return
    lines = tried.stderr.decode(errors="replace").strip().splitlines()
    if tried.returncode == 1 and lines:
        value = f"it cannot be loaded, so torch runs the networks: {lines[-1]}"
        yield Finding("OpenVINO", value, "missing", again)
    elif tried.returncode:
        value = f"a process that loads it ends with {tried.returncode}"
        yield Finding("OpenVINO", value, "broken", again)


def _devices() -> Iterator[Finding]:
    from napari_seg.segmentation.execution import available_devices

    try:
        devices = available_devices()
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0]
        again = f'pip install --force-reinstall "torch=={_version_of("torch")}"'
        yield Finding("devices", f"torch cannot be loaded: {reason}", "broken", again)
        return
    yield Finding("devices", ", ".join(devices))
    has_card = shutil.which("nvidia-smi") is not None
    if has_card and not any(device.startswith("cuda") for device in devices):
        yield Finding(
            "NVIDIA card",
            "this build of torch does not use it",
            "missing",
            "pip install --force-reinstall torch --index-url "
            "https://download.pytorch.org/whl/cu126",
        )


def _processor() -> Finding:
    from napari_seg.segmentation.execution.devices import processor_features

    cores = os.cpu_count() or 1
    features = [name for name in _BF16_FEATURES if name in processor_features()]
    bf16 = f"fast bfloat16 ({', '.join(features)})" if features else "no fast bfloat16"
    return Finding("processor", f"{cores} cores, {platform.machine()}, {bf16}")


def _memory() -> Finding:
    try:
        import psutil
    except ImportError:  # said among the packages
        return Finding("memory", "not known without psutil", "missing")
    memory = psutil.virtual_memory()
    return Finding("memory", f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free")


def _shipped_files() -> Iterator[Finding]:
    from napari_seg.imaging.files import sample_data_folder
    from napari_seg.segmentation.bundle import load_bundle
    from napari_seg.segmentation.bundle_description import SHIPPED_VARIANTS, shipped_bundle_folder

    yield _intact("weights", "broken", lambda: shipped_bundle_folder() / "models")
    for variant in SHIPPED_VARIANTS:
        subject = f"bundle {variant or 'three_d'}"
        try:
            bundle = load_bundle(variant=variant)
        except (ImportError, OSError, ValueError) as error:
            yield Finding(subject, str(error), "broken", _INSTALL_AGAIN)
        else:
            yield Finding(subject, f"{bundle.name} {bundle.version}, sha256 {bundle.sha256[:12]}")
    yield _intact("sample data", "missing", sample_data_folder)


def _plans() -> Iterator[Finding]:
    """Say how the shipped networks are run here, how fast that is, and why."""
    from napari_seg.imaging.files import read_scan, sample_data_folder
    from napari_seg.segmentation.bundle import load_bundle
    from napari_seg.segmentation.bundle_description import SHIPPED_VARIANTS
    from napari_seg.segmentation.execution import PRECISIONS
    from napari_seg.segmentation.plan_report import measure_plan

    for variant, precision in itertools.product(SHIPPED_VARIANTS, PRECISIONS):
        subject = f"run {variant or 'three_d'}, {precision}"
        try:
            scan = read_scan(sample_data_folder() / "hippocampus_left.nii.gz")
            report = measure_plan(load_bundle(variant=variant), scan, precision=precision)
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            # What is broken was said above.
            yield Finding(subject, f"not measured: {str(error).splitlines()[0]}", "missing")
        else:
            yield Finding(subject, str(report))


def _intact(subject: str, otherwise: State, find_folder: Callable[[], Path]) -> Finding:
    """Compare the files of a shipped folder with the list of hashes in it."""
    try:
        folder = find_folder()
        wrong = _wrong_files(folder)
    except OSError as error:
        return Finding(subject, str(error), otherwise, _INSTALL_AGAIN)
    if wrong:
        return Finding(subject, f"damaged: {', '.join(wrong)}", otherwise, _INSTALL_AGAIN)
    return Finding(subject, f"intact, in {folder}")


def _wrong_files(folder: Path) -> list[str]:
    wrong = []
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, name = line.split(maxsplit=1)
        file = folder / name.lstrip("*")
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            wrong.append(name)
    return wrong


def _window() -> Iterator[Finding]:
    found = _version_of("napari")
    if found is None:
        yield Finding("napari", "not installed; only windows need it", "missing", _INSTALL_NAPARI)
        return
    yield Finding("napari", found)
    bindings = [name for name in _QT_BINDINGS if importlib.util.find_spec(name)]
    if not bindings:
        yield Finding("Qt binding", "none", "missing", _INSTALL_NAPARI)
        return
    yield Finding("Qt binding", ", ".join(f"{name} {_version_of(name)}" for name in bindings))
    if not has_screen():
        yield Finding("screen", "none: neither DISPLAY nor WAYLAND_DISPLAY is set", "missing")
    elif _can_open_window():
        yield Finding("screen", "a window opens")
    else:
        mend = _QT_LIBRARIES if sys.platform == "linux" else None
        yield Finding("screen", "Qt cannot open a window", "missing", mend)


def _can_open_window() -> bool:
    # Qt ends the whole process where it cannot start, so another one tries it.
    script = "from qtpy.QtWidgets import QApplication; QApplication([])"
    try:
        return _run_python(script).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _run_python(script: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=_SECONDS, check=False
    )


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
