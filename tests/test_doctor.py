"""What the look over an installation finds."""

import os
from importlib.metadata import version
from pathlib import Path

import pytest

from napari_seg import doctor


@pytest.mark.parametrize(
    ("script", "state", "value"),
    [
        (
            'raise ImportError("libopenvino.so.2640: cannot open shared object file")',
            "missing",
            "torch runs the networks: ImportError: libopenvino.so.2640: cannot open shared object",
        ),
        ("import os; os._exit(134)", "broken", "a process that loads it ends with 134"),
    ],
    ids=["a library is missing", "it ends the process"],
)
def test_doctor_says_that_openvino_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, state: str, value: str
) -> None:
    pytest.importorskip("openvino_telemetry", reason="OpenVINO is not installed")
    (tmp_path / "openvino").mkdir()
    (tmp_path / "openvino" / "__init__.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    [finding] = doctor._openvino()
    assert (finding.subject, finding.state) == ("OpenVINO", state)
    assert value in finding.value
    again = f'pip install --force-reinstall --no-deps "openvino=={version("openvino")}"'
    assert finding.mend == again


def test_nothing_is_said_of_openvino_that_loads() -> None:
    assert not list(doctor._openvino())
