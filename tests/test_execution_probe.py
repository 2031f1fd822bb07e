from time import sleep

import pytest
import torch

from napari_seg.segmentation.execution.plan import Plan, Trial, Way
from napari_seg.segmentation.execution.probe import (
    compare_scores,
    fastest,
    may_run_later,
    try_ways,
    without_evidence,
)
from napari_seg.segmentation.execution.samples import sample_windows
from napari_seg.segmentation.windows import Window

FLOAT32, BFLOAT16 = Way("torch"), Way("openvino", "bfloat16")
OPENVINO = Way("openvino")


def scores_of(labels, certainty=1.0):
    """Scores (1, 3, i) whose best class is the label given."""
    one_hot = torch.nn.functional.one_hot(torch.tensor(labels), 3).float()
    return (one_hot * certainty).T[None]


def windows(labels=(0, 1, 2, 1) * 500):
    """A window whose voxels already hold the label that the reference gives them."""
    return [torch.tensor(labels)[None, None].float()]


def reference(window):
    return scores_of(window[0, 0].long().tolist())


def with_wrong(count):
    """A network that gives the first voxels another label."""

    def network(window):
        labels = window[0, 0].long()
        labels[:count] = (labels[:count] + 1) % 3
        return scores_of(labels.tolist())

    return network


def trials_of(other, way, labels=(0, 1, 2, 1) * 500):
    built = {FLOAT32: reference, way: other}
    return try_ways([FLOAT32, way], built.__getitem__, windows(labels))


def test_fast_way_with_the_labels_of_float32_is_accepted():
    trial = trials_of(with_wrong(0), BFLOAT16)[1]
    assert (trial.refused, trial.differing, trial.foreground) == ("", 0, 1500)
    assert trial.milliseconds > 0


@pytest.mark.parametrize(("wrong", "accepted"), [(1, True), (2, False)])
def test_fast_way_is_refused_above_one_foreground_voxel_in_a_thousand(wrong, accepted):
    trial = trials_of(with_wrong(wrong), BFLOAT16)[1]
    assert (trial.refused == "") is accepted
    assert accepted or "0.13% of 1500 foreground voxels differ" in trial.refused


def test_float32_in_another_engine_may_not_differ_at_all_but_for_ties():
    assert "1 voxels differ" in trials_of(with_wrong(1), OPENVINO)[1].refused


def test_a_tie_may_fall_either_way():
    expected, other = scores_of([0, 1, 2]), scores_of([0, 1, 2])
    expected[0, :, 0] = torch.tensor([0.50001, 0.5, 0.0])
    other[0, :, 0] = torch.tensor([0.5, 0.50001, 0.0])
    agreement = compare_scores(other, expected)
    assert (agreement.differing, agreement.beyond_ties, agreement.foreground) == (1, 0, 2)


def test_without_foreground_a_fast_way_is_not_proven():
    trials = trials_of(with_wrong(0), BFLOAT16, labels=(0,) * 50)
    assert trials[1].refused
    assert without_evidence(trials)
    assert fastest(trials).way == FLOAT32


def test_more_windows_are_compared_where_one_holds_little_foreground():
    several = windows() + windows((1,) * 3000)
    built = {FLOAT32: reference, BFLOAT16: with_wrong(2)}
    trial = try_ways([FLOAT32, BFLOAT16], built.__getitem__, several, own=2)[1]
    assert (trial.foreground, trial.differing, trial.refused) == (4500, 4, "")


def test_windows_shifted_on_the_same_scan_do_not_dilute_its_own_share():
    several = windows() + windows((1,) * 3000)
    built = {FLOAT32: reference, BFLOAT16: with_wrong(2)}
    trial = try_ways([FLOAT32, BFLOAT16], built.__getitem__, several, own=1)[1]
    assert "0.13% of 1500 foreground voxels differ" in trial.refused


def test_how_many_windows_are_compared_does_not_depend_on_the_clock():
    def slow(window):
        sleep(0.15)
        return reference(window)

    built = {FLOAT32: slow, BFLOAT16: slow}
    trial = try_ways([FLOAT32, BFLOAT16], built.__getitem__, windows() * 4, own=4)[1]
    assert trial.foreground == 4 * 1500


def test_no_window_is_run_again_once_a_way_is_refused_on_the_scan_itself():
    seen = []

    def wrong(window):
        seen.append(window)
        return with_wrong(2)(window)

    built = {FLOAT32: reference, BFLOAT16: wrong}
    assert try_ways([FLOAT32, BFLOAT16], built.__getitem__, windows() * 4, own=1)[1].refused
    assert all(window is seen[0] for window in seen)


@pytest.mark.parametrize(("seconds", "runs"), [(0.25, 1), (0.03, 2)])
def test_the_reference_is_timed_again_unless_it_is_far_too_slow(seconds, runs):
    asked = []

    def slow(window):
        asked.append(window)
        sleep(seconds)
        return reference(window)

    built = {FLOAT32: slow, OPENVINO: reference}
    trials = try_ways([FLOAT32, OPENVINO], built.__getitem__, windows())
    assert fastest(trials).way == OPENVINO
    assert min(len(asked), 2) == runs


def test_scores_that_are_no_numbers_are_refused():
    def broken(window):
        return reference(window) * float("nan")

    assert trials_of(broken, BFLOAT16)[1].refused.startswith("cannot run")


def test_a_way_that_cannot_be_built_is_left_out_with_its_reason():
    def build(way):
        if way == OPENVINO:
            raise RuntimeError("no such operation\nand more")
        return reference

    trials = try_ways([FLOAT32, OPENVINO], build, windows())
    assert trials[1].refused == "cannot run now: no such operation"
    assert fastest(trials).way == FLOAT32


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (ImportError("libopenvino.so: cannot open shared object file"), True),
        (OSError(28, "No space left on device"), True),
        (MemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (OSError("could not get source code"), False),
        (NotImplementedError("no such layer"), False),
        (RuntimeError("No conversion rule found for operations: aten::eig"), False),
        (TypeError("an argument"), False),
    ],
    ids=["library", "disk", "memory", "torch's memory", "card", "source", "layer", "op", "type"],
)
def test_what_cannot_run_for_a_reason_that_passes_may_run_later(error, later):
    def broken(window):
        raise error

    trials = trials_of(broken, OPENVINO)
    assert trials[1].refused.startswith("cannot run now: " if later else "cannot run: ")
    assert may_run_later(trials) is later


def test_fastest_is_the_quickest_that_was_not_refused():
    trials = [Trial(FLOAT32, 9.0), Trial(OPENVINO, 4.0), Trial(BFLOAT16, 1.0, refused="differs")]
    assert fastest(trials).way == OPENVINO


def test_one_class_is_labelled_where_its_score_is_positive():
    expected = torch.tensor([[[-1.0, 1.0, 2.0]]])
    agreement = compare_scores(torch.tensor([[[1.0, 1.0, 2.0]]]), expected)
    assert (agreement.differing, agreement.foreground) == (1, 2)


def test_windows_start_in_the_middle_and_cover_the_scan():
    image = torch.arange(6.0)[None, None, :, None, None].expand(1, 1, 6, 3, 2)
    found = list(sample_windows(image, Window((2, 3, 2))))
    assert [part.shape for part in found] == [(1, 1, 2, 3, 2)] * len(found)
    assert found[0][0, 0, :, 0, 0].tolist() == [2, 3]
    assert {part[0, 0, 0, 0, 0].item() for part in found[:3]} == {0, 2, 4}


def test_a_window_larger_than_the_scan_is_filled_with_zeros():
    part = next(sample_windows(torch.ones(1, 2, 3, 2, 2), Window((5, 2, 4))))
    assert part.shape == (1, 2, 5, 2, 4)
    assert part.sum() == 2 * 3 * 2 * 2


def test_windows_of_a_2d_network_are_batches_of_slices():
    image = torch.arange(9.0)[None, None, None, None, :].expand(1, 1, 5, 6, 9)
    part = next(sample_windows(image, Window((5, 6, 1), flat_axis=2, batch=3)))
    assert part.shape == (3, 1, 5, 6)
    assert part[:, 0, 0, 0].tolist() == [3, 4, 5]


def test_a_plan_comes_back_from_its_plain_values():
    plan = Plan("fast", "cpu", BFLOAT16, 2, 4, "why", (Trial(BFLOAT16, 1.5),), {"torch": "2"})
    assert Plan.from_dict(plan.as_dict()) == plan


@pytest.mark.parametrize("values", [{}, {"way": 3}, {"way": {"engine": "x"}, "trials": []}])
def test_what_is_no_plan_is_refused(values):
    with pytest.raises(ValueError, match=r"not the plan|unknown engine"):
        Plan.from_dict({"precision": "exact", "device": "cpu", **values})


def test_plans_have_one_id_where_only_their_times_differ():
    one = Plan("exact", "cpu", FLOAT32, reason="a", trials=(Trial(FLOAT32, 1.0),))
    assert one.id == Plan("exact", "cpu", FLOAT32, trials=(Trial(FLOAT32, 2.0),)).id
    assert one.id != Plan("exact", "cpu", OPENVINO).id
