"""Let OpenVINO keep a network's first and last convolutions precise where it runs in 16 bits."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make_ends_precise(model: Any, dtype: str) -> Any:
    """Return the model with first and last convolutions whose weights keep twice the digits.

    What is rounded at the two ends of a network weighs most: the first convolution sees the scan
    before any norm, the last one makes the scores. Each weight is given as two numbers of 16 bits,
    its rounded value and what that leaves over, and so are the voxels; OpenVINO adds up products
    in float32. The scores are no longer rounded, either. On a CT this halved the voxels whose
    labels differ, for a tenth more time.

    Parameters
    ----------
    model
        Of OpenVINO, of fixed shape, with one input ``(batch, channel, *window)``. It is used up:
        what is returned is made of its parts.
    dtype
        What it will be run in: ``"bfloat16"`` or ``"float16"``.

    Returns
    -------
    openvino.Model
        Its input has three channels for each, as from `split_channels`.
    """
    operations = importlib.import_module("openvino.opset14")
    _split_last(operations, model, dtype)
    return _split_first(operations, model, dtype)


def split_channels(voxels: NDArray[np.float32], dtype: str) -> NDArray[np.float32]:
    """Give voxels ``(batch, channel, …)`` as rounded, what that leaves over, and rounded again."""
    rounded, rest = _halves(voxels, dtype)
    return np.concatenate([rounded, rest, rounded], 1)


def _split_first(operations: Any, model: Any, dtype: str) -> Any:
    openvino, constants = importlib.import_module("openvino"), _constants(model)
    (given,) = model.get_parameters()
    users = list(given.output(0).get_target_inputs())
    batch, channels, *window = given.output(0).get_shape()
    split = operations.parameter([batch, 3 * channels, *window], np.float32)
    others = []
    for user in users:
        node = user.get_node()
        weights = _weights(node, constants)
        if weights is None or user.get_index() != 0:
            others.append(user)
            continue
        rounded, rest = _halves(weights, dtype)
        # (rounded + rest) of voxels and weights but for rest times rest, which is nothing.
        more = np.concatenate([rounded, rounded, rest], 1)
        part = _convolution(operations, node, split.output(0), more)
        node.output(0).replace(part.output(0))
    if others:
        first = operations.slice(split, [0], [channels], [1], [1])
        for user in others:
            user.replace_source_output(first.output(0))
    return openvino.Model(model.get_results(), [split], model.get_friendly_name())


def _split_last(operations: Any, model: Any, dtype: str) -> None:
    constants = _constants(model)
    for result in model.get_results():
        node = result.input_value(0).get_node()
        if node.get_type_name() == "Add" and _is_constant(node.input_value(1), constants):
            node = node.input_value(0).get_node()
        weights = _weights(node, constants)
        if weights is None:
            continue
        values, output = node.input_value(0), node.output(0)
        # In this order: OpenVINO keeps the first term in float32 and rounds the second, small one.
        of_rounded, of_rest = (
            _convolution(operations, node, values, part) for part in _halves(weights, dtype)
        )
        output.replace(operations.add(of_rounded, of_rest).output(0))


def _constants(model: Any) -> dict[str, Any]:
    return {
        node.get_friendly_name(): node
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Constant"
    }


def _weights(node: Any, constants: dict[str, Any]) -> NDArray[np.float32] | None:
    """Return the weights ``(to, from, …)`` of a convolution; None of anything else."""
    if node.get_type_name() != "Convolution" or not _is_constant(node.input_value(1), constants):
        return None
    weights: NDArray[np.float32] = constants[
        node.input_value(1).get_node().get_friendly_name()
    ].data
    return weights


def _is_constant(value: Any, constants: dict[str, Any]) -> bool:
    return value.get_node().get_friendly_name() in constants


def _convolution(operations: Any, like: Any, values: Any, weights: NDArray[np.float32]) -> Any:
    known = like.get_attributes()
    return operations.convolution(
        values,
        operations.constant(weights),
        known["strides"],
        known["pads_begin"],
        known["pads_end"],
        known["dilations"],
        known["auto_pad"],
    )


def _halves(
    values: NDArray[np.float32], dtype: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the values rounded to 16 bits, and what that leaves over."""
    import torch

    whole = torch.tensor(values)
    rounded = whole.to(getattr(torch, dtype)).to(torch.float32)
    return rounded.numpy(), (whole - rounded).numpy()
