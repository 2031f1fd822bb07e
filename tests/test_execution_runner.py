import json
from dataclasses import replace

import pytest
import torch
from torch.nn import Conv3d

from napari_seg.segmentation.execution import NetworkRunner, Way, openvino_engine, runner, ways
from napari_seg.segmentation.execution.plan import Plan, notice_changes
from napari_seg.segmentation.execution.plan_cache import read_plan, write_plan
from napari_seg.segmentation.windows import Window

WINDOW = Window((6, 7, 8))
IMAGE = torch.randn(1, 1, 9, 8, 10, generator=torch.Generator().manual_seed(0))


def network():
    torch.manual_seed(0)
    return Conv3d(1, 3, 3, padding=1).eval()


def runner_in(folder, sha256="a" * 64):
    return NetworkRunner(network, sha256, cache=folder)


def plan_of(one, precision="exact", window=WINDOW):
    return one.plan(IMAGE, window, device="cpu", precision=precision)


def tried(plan):
    return [(trial.way.engine, trial.way.dtype) for trial in plan.trials]


def count_probes(monkeypatch):
    calls = []
    probe = runner.try_ways

    def counted(*arguments, **options):
        calls.append(1)
        return probe(*arguments, **options)

    monkeypatch.setattr(runner, "try_ways", counted)
    return calls


def test_scores_are_those_of_the_network(tmp_path):
    one = runner_in(tmp_path)
    batch = torch.randn(1, 1, 6, 7, 8)
    with torch.inference_mode():
        expected = network()(batch)
    torch.testing.assert_close(one.run(plan_of(one))(batch), expected, atol=1e-4, rtol=1e-4)


def test_exact_tries_float32_only(tmp_path):
    plan = plan_of(runner_in(tmp_path))
    assert {dtype for _, dtype in tried(plan)} == {"float32"}
    assert plan.way.dtype == "float32"
    assert plan.batch == 1
    assert plan.versions["torch"] == torch.__version__


def test_a_plan_is_looked_for_once_and_found_on_disk_later(tmp_path, monkeypatch):
    calls = count_probes(monkeypatch)
    one = runner_in(tmp_path)
    first = plan_of(one)
    assert plan_of(one) is first
    assert plan_of(runner_in(tmp_path)) == first
    assert len(calls) == 1


@pytest.mark.parametrize("change", ["network", "window", "precision", "versions", "device"])
def test_a_plan_is_not_taken_for_another(tmp_path, monkeypatch, change):
    calls = count_probes(monkeypatch)
    plan_of(runner_in(tmp_path))
    one = runner_in(tmp_path, "b" * 64) if change == "network" else runner_in(tmp_path)
    if change == "versions":
        one._versions = {**one._versions, "torch": "1.0"}
    if change == "device":
        monkeypatch.setattr(runner, "device_model", lambda _device: "another processor")
    window = Window((6, 7, 9)) if change == "window" else WINDOW
    plan_of(one, "fast" if change == "precision" else "exact", window)
    assert len(calls) == 2


def test_other_weights_are_another_network_whatever_is_said_of_them(tmp_path):
    def changed():
        other = network()
        torch.nn.init.zeros_(other.weight)
        return other

    one, other = runner_in(tmp_path), NetworkRunner(changed, "a" * 64, cache=tmp_path)
    batch = torch.randn(1, 1, 6, 7, 8)
    first, second = one.run(plan_of(one))(batch), other.run(plan_of(other))(batch)
    assert first.std() > 0.1
    assert torch.allclose(second, second[:, :, :1, :1, :1])


def test_a_network_that_takes_a_scan_whole_is_run_by_torch(tmp_path):
    plan = plan_of(runner_in(tmp_path), window=Window((0, 0, 0)))
    assert tried(plan) == [("torch", "float32")]


def test_without_openvino_torch_does_it(tmp_path, monkeypatch):
    monkeypatch.setattr(openvino_engine, "is_installed", lambda: False)
    monkeypatch.setattr(ways, "_torch_has_bfloat16", lambda: True)
    assert tried(plan_of(runner_in(tmp_path))) == [("torch", "float32")]
    plan = plan_of(runner_in(tmp_path), "fast")
    assert tried(plan) == [("torch", "float32"), ("torch", "bfloat16")]


def test_where_openvino_cannot_be_loaded_torch_does_it(tmp_path, monkeypatch):
    def broken():
        raise ImportError("libopenvino.so: no such file")

    monkeypatch.setattr(openvino_engine, "is_installed", lambda: True)
    monkeypatch.setattr(openvino_engine, "load_openvino", broken)
    monkeypatch.setattr(ways, "_torch_has_bfloat16", lambda: True)
    plan = plan_of(runner_in(tmp_path), "fast")
    assert tried(plan) == [("torch", "float32"), ("openvino", "float32"), ("torch", "bfloat16")]
    assert plan.way.engine == "torch"
    assert "OpenVINO float32 is refused: cannot run now: libopenvino.so" in plan.reason


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": {}, "plan": {}}', '{"plan": 3}'])
def test_a_broken_cache_harms_nothing(tmp_path, content):
    first = plan_of(runner_in(tmp_path))
    (file,) = (tmp_path / "plans").iterdir()
    file.write_text(content)
    assert plan_of(runner_in(tmp_path)).way.dtype == first.way.dtype
    assert json.loads(file.read_text())["plan"]["way"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"way": {"engine": "openvino", "dtype": "garbage"}},
        {"way": {"engine": "openvino", "dtype": "bfloat16"}},
        {"way": {"engine": "torch", "graph": True}},
        {"versions": None},
        {"batch": "x"},
        {"batch": 0},
        {"batch": True},
        {"batch": 100_000},
        {"threads": -5},
        {"threads": 2.0},
        {"threads": 4000},
        {"threads": 10**30},
        {"device": None},
        {"way": {"engine": ["openvino"]}},
        {"way": {"engine": "torch", "channels_last": "no"}},
        {"trials": [{"way": {"engine": "torch"}, "refused": None}]},
    ],
)
def test_a_kept_plan_that_makes_no_sense_is_found_again(tmp_path, wrong):
    known = plan_of(runner_in(tmp_path))
    kept = next((tmp_path / "plans").iterdir())
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps({**told, "plan": {**told["plan"], **wrong}}))
    plan = plan_of(runner_in(tmp_path))
    assert (plan.way.dtype, plan.batch, plan.threads) == ("float32", 1, known.threads)
    with pytest.raises(ValueError, match=r"plan|numbers"):
        Plan.from_dict({**told["plan"], **wrong})


@pytest.mark.parametrize(
    "other",
    [
        {"precision": "fast", "way": {"engine": "torch", "dtype": "bfloat16"}},
        {"precision": "fast"},
        {"batch": 2},
        {"threads": 1000},
    ],
    ids=["bfloat16", "precision", "batch", "threads"],
)
def test_a_kept_plan_of_something_else_than_was_asked_is_found_again(tmp_path, other):
    known = plan_of(runner_in(tmp_path))
    kept = next((tmp_path / "plans").iterdir())
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps({**told, "plan": {**told["plan"], **other}}))
    assert not runner_in(tmp_path).make_ready(WINDOW, 1, device="cpu", precision="exact")
    assert plan_of(runner_in(tmp_path)).id == known.id
    assert json.loads(kept.read_text())["plan"]["precision"] == "exact"
    Plan.from_dict({**told["plan"], **other})  # each may be the plan of another run


def test_a_kept_plan_whose_library_no_longer_loads_is_found_again(tmp_path, monkeypatch):
    known = plan_of(runner_in(tmp_path))
    file = next((tmp_path / "plans").iterdir())
    told = json.loads(file.read_text())
    told["plan"]["way"] = {"engine": "openvino"}
    file.write_text(json.dumps(told))

    def broken():
        raise ImportError("libopenvino.so: cannot open shared object file")

    with monkeypatch.context() as patch:
        patch.setattr(openvino_engine, "load_openvino", broken)
        plan = plan_of(runner_in(tmp_path))
    assert (plan.way, plan.device) == (Way("torch"), known.device)
    assert plan_of(runner_in(tmp_path)).way == Way("openvino")


def test_a_failure_that_may_pass_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(openvino_engine, "is_installed", lambda: True)
    pytest.importorskip("openvino_telemetry", reason="OpenVINO is not installed")

    def broken():
        raise ImportError("libopenvino.so: cannot open shared object file")

    calls = count_probes(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(openvino_engine, "load_openvino", broken)
        one = runner_in(tmp_path)
        assert plan_of(one) is plan_of(one)  # within a process it holds
    assert not (tmp_path / "plans").exists()
    assert not [trial.refused for trial in plan_of(runner_in(tmp_path)).trials if trial.refused]
    assert len(list((tmp_path / "plans").iterdir())) == 1
    assert len(calls) == 2


def test_a_network_that_openvino_cannot_convert_is_tried_once(tmp_path, monkeypatch):
    pytest.importorskip("openvino_telemetry", reason="OpenVINO is not installed")

    class Odd(torch.nn.Module):
        def forward(self, batch):
            return torch.linalg.eigvals(batch).real[..., None] + batch.new_zeros(batch.shape)

    odd = Window((8, 8, 8))
    calls = count_probes(monkeypatch)
    for _ in range(2):
        plan = plan_of(NetworkRunner(lambda: Odd().eval(), "d" * 64, cache=tmp_path), window=odd)
        assert "OpenVINO float32 is refused: cannot run: " in plan.reason
    assert len(calls) == 1


def test_a_plan_of_another_run_says_what_is_other_here(tmp_path):
    one = runner_in(tmp_path)
    plan = plan_of(one)
    assert one.as_run_here(plan) == (plan, ())
    other = replace(
        plan,
        way=Way("torch"),
        threads=plan.threads + 5,
        versions={**plan.versions, "torch": "1.0"},
    )
    here, (notice,) = one.as_run_here(other)
    assert (here.threads, here.versions["torch"]) == (plan.threads, torch.__version__)
    assert notice.code == "plan-changed"
    assert f"torch {torch.__version__} instead of 1.0" in notice.message
    assert f"{plan.threads} threads instead of {plan.threads + 5}" in notice.message


@pytest.mark.parametrize(
    ("engine", "changes"),
    [("torch", []), ("openvino", ["openvino 1.0 instead of 0.9"])],
    ids=["torch", "openvino"],
)
def test_only_libraries_that_run_the_network_are_compared(engine, changes):
    here = Plan("exact", "cpu", Way(engine), threads=2, versions={"torch": "2", "openvino": "1.0"})
    plan = replace(here, versions={"torch": "2", "openvino": "0.9"})
    said = [notice.message.split(" with ")[1] for notice in notice_changes(plan, here)]
    assert said == [f"{change}; single labels may differ" for change in changes]


def test_openvino_takes_the_threads_of_a_plan_of_another_run(tmp_path):
    pytest.importorskip("openvino_telemetry", reason="OpenVINO is not installed")
    one = runner_in(tmp_path)
    plan = replace(plan_of(one), way=Way("openvino"), threads=1)
    assert one.as_run_here(plan) == (plan, ())
    assert one.run(plan)._threads == 1


def test_a_cache_that_cannot_be_written_harms_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    one = runner_in(tmp_path / "file")
    assert one.run(plan_of(one))(torch.zeros(1, 1, 6, 7, 8)).shape == (1, 3, 6, 7, 8)


def test_a_plan_without_evidence_is_not_kept(tmp_path, monkeypatch):
    # Zeros for a bias of zero: no voxel has a label, so nothing shows that bfloat16 is safe.
    monkeypatch.setattr(ways, "_openvino_dtypes", lambda: ["bfloat16"])
    monkeypatch.setattr(openvino_engine, "is_installed", lambda: True)
    pytest.importorskip("openvino_telemetry")

    def silent():
        quiet = network()
        torch.nn.init.zeros_(quiet.weight)
        torch.nn.init.zeros_(quiet.bias)
        return quiet

    plan = plan_of(NetworkRunner(silent, "c" * 64, cache=tmp_path), "fast")
    assert plan.way.dtype == "float32"
    assert not (tmp_path / "plans").exists()


def test_no_file_of_the_cache_names_the_person_or_a_place(tmp_path):
    one = runner_in(tmp_path)
    plan_of(one)
    text = "".join(file.read_text() for file in (tmp_path / "plans").iterdir())
    assert str(tmp_path) not in text
    assert set(json.loads(text)["key"]) == {
        "device", "format", "network", "precision", "threads", "versions", "window",
    }  # fmt: skip


def test_plans_are_read_by_their_whole_key(tmp_path):
    plan = plan_of(runner_in(tmp_path))
    write_plan(tmp_path, {"a": 1}, plan)
    assert read_plan(tmp_path, {"a": 1}) == plan
    assert read_plan(tmp_path, {"a": 2}) is None


def test_a_network_is_made_ready_only_where_a_plan_is_known(tmp_path, monkeypatch):
    built = []
    build = NetworkRunner._build

    def counted(self, device, way, threads):
        built.append(way)
        return build(self, device, way, threads)

    how = {"device": "cpu", "precision": "exact"}
    assert not runner_in(tmp_path).make_ready(WINDOW, 1, **how)
    plan_of(runner_in(tmp_path))
    monkeypatch.setattr(NetworkRunner, "_build", counted)
    one = runner_in(tmp_path)
    assert one.make_ready(WINDOW, 1, **how)
    assert len(built) == 1
    one.run(plan_of(one))
    assert len(built) == 1


def test_the_first_window_of_a_search_is_told_with_its_place(tmp_path):
    told = []
    image = torch.randn(1, 1, 19, 8, 5)

    def tell(place, scores):
        told.append((place, scores))

    runner_in(tmp_path).plan(image, WINDOW, device="cpu", precision="exact", on_scores=tell)
    [(place, scores)] = told
    # In the middle, and beyond the scan along its short axis.
    assert place == (6, 0, -2)
    window = torch.zeros(1, 1, 6, 7, 8)
    window[..., 2:7] = image[:, :, 6:12, 0:7]
    with torch.inference_mode():
        expected = network()(window)[0]
    torch.testing.assert_close(scores, expected, atol=1e-4, rtol=1e-4)
    # Once a plan is known there is no search.
    runner_in(tmp_path).plan(image, WINDOW, device="cpu", precision="exact", on_scores=tell)
    assert len(told) == 1
