"""What all tests share."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from screens import Screen

REPOSITORY = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several processes a mouse of its own: it would leave the others' windows."""
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ
    if is_one_of_several and "DISPLAY" in os.environ and shutil.which("Xvfb"):
        screen = Screen("1680x1050")
        config.add_cleanup(screen.close)
        os.environ["DISPLAY"] = screen.name


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow; --slow runs it"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real scans beside the checkout; a test that asks for them is skipped without them."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside the checkout")
    return folder


@pytest.fixture
def copied_bundle(tmp_path: Path) -> Path:
    """A copy of the shipped bundle, to alter."""
    from napari_seg.segmentation.bundle_description import shipped_bundle_folder

    return Path(shutil.copytree(shipped_bundle_folder(), tmp_path / "copy of a bundle"))


@pytest.fixture(autouse=True, scope="session")
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what the program remembers out of the person's own folder."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield folder


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Let what a test draws at random with torch be the same in each run."""
    # Also in a test that is the first to import torch, which comes with a seed of its own.
    with suppress(ModuleNotFoundError):
        import torch

        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def nothing_made_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no panel load libraries and models that its test does not ask for."""
    warm_up = sys.modules.get("napari_seg.viewer.segmenting.warm_up")
    if warm_up is not None:
        monkeypatch.setattr(warm_up, "_MS_OF_REST", 3_600_000)


@pytest.fixture(autouse=True)
def as_the_first_time(own_data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no panel be set as another test left its own, nor as the person set theirs."""
    (own_data_folder / "napari-seg" / "panel.json").unlink(missing_ok=True)
    # Without napari there are no preferences, and a test of files needs none.
    if "napari.settings" in sys.modules:
        preferences = own_data_folder / "preferences"
        (preferences / "napari-seg.yaml").unlink(missing_ok=True)
        settings = sys.modules["napari.settings"]
        monkeypatch.setattr(settings, "_CFG_PATH", str(preferences / "settings.yaml"))
        settings._clear_plugin_settings_cache()


@pytest.fixture
def preferences(npe2pm: Any, plugin_settings: None) -> Any:
    """The page of napari's preferences for this plugin, as it is at first."""
    from napari.settings import get_plugin_settings
    from npe2 import PluginManifest

    manifest = REPOSITORY / "napari_seg" / "napari.yaml"
    npe2pm.register(PluginManifest.from_file(manifest))
    return get_plugin_settings("napari-seg")


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """The folder of the journals that `keeping` writes."""
    return tmp_path / "journals"


@pytest.fixture
def keeping(viewer: Any, journals: Path, qtbot: Any) -> Iterator[Any]:
    """What keeps the labels of the viewer that the test's own file makes."""
    from kept_labels_case import finish

    from napari_seg.viewer.keeping import Keeping

    keeping = Keeping(viewer, folder=journals)
    qtbot.addWidget(keeping.offer)
    yield keeping
    keeping.release()
    finish()
