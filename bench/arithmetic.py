"""How much a network must calculate, and how fast this processor can: what is possible at best.

``python bench/run.py arithmetic``: the multiply-adds of the shipped 3D network on one crop and on
one window of a CT, counted layer by layer; the processor's rate in large matrix products, by torch
and by OpenVINO; and the network as it is run here, all on one thread in one process. Writes
bench/records/arithmetic.json. A multiply-add counts as two operations.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from math import prod
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

WINDOWS = {"crop": (40, 56, 40), "CT": (96, 96, 96)}
DTYPES = ("float32", "bfloat16")
# Large enough that memory does not matter, small enough for half a second.
SIDE = 1536
ROUNDS = 3


def main(words: list[str]) -> None:
    """Count, measure, and write the record."""
    parser = argparse.ArgumentParser(prog="run.py arithmetic", description=__doc__)
    parser.parse_args(words)
    import torch

    torch.set_num_threads(1)
    from rounds import machine, write_record

    from napari_seg.segmentation.bundle import load_bundle

    network = load_bundle().network
    rates = {dtype: rate_of_products(dtype) for dtype in DTYPES}
    found = {name: measure(network, window, rates) for name, window in WINDOWS.items()}
    crop = pipelines(found["crop"])
    write_record(
        "arithmetic",
        {"gflops_of_matrix_products": rates, **found, "one crop": crop, "machine": machine()},
    )


def measure(network: nn.Module, window: tuple[int, ...], rates: dict[str, Any]) -> dict[str, Any]:
    """Count what a network calculates in a window, and time it."""
    import torch

    batch = torch.randn(1, 1, *window)
    layers = count_products(network, batch)
    total = sum(layer.products for layer in layers)
    found: dict[str, Any] = {
        "window": window,
        "multiply_adds": total,
        "multiply_adds_a_voxel": round(total / prod(window)),
        "heaviest_layers": [
            {"layer": layer.name, "share": round(layer.products / total, 3)}
            for layer in sorted(layers, key=lambda layer: -layer.products)[:4]
        ],
    }
    for dtype in DTYPES:
        peak = max(rates[dtype].values())
        seconds = time_network(network, batch, dtype)
        found[dtype] = {
            "at_peak_ms": round(2 * total / peak / 1e6, 2),
            "network_ms": round(seconds * 1e3, 2),
            "share_of_peak": round(2 * total / seconds / 1e9 / peak, 3),
        }
    return found


@dataclass(frozen=True)
class Layer:
    """A convolution, and the multiply-adds that it takes."""

    name: str
    products: int


def count_products(network: nn.Module, batch: Tensor) -> list[Layer]:
    """Count the multiply-adds of each convolution in a forward pass; others take next to none."""
    import torch

    found: list[Layer] = []

    def count(name: str) -> Callable[..., None]:
        def on_forward(layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            is_upwards = layer.transposed
            # Each voxel of the coarser side of a step up, else of the result, meets each weight once.
            voxels = prod(inputs[0].shape[2:] if is_upwards else output.shape[2:])
            weights = layer.weight.numel()
            found.append(Layer(name, len(inputs[0]) * voxels * weights))

        return on_forward

    convolutions = (torch.nn.Conv3d, torch.nn.ConvTranspose3d)
    hooks = [
        layer.register_forward_hook(count(name))
        for name, layer in network.named_modules()
        if isinstance(layer, convolutions)
    ]
    with torch.inference_mode():
        network(batch)
    for hook in hooks:
        hook.remove()
    return found


def rate_of_products(dtype: str) -> dict[str, float]:
    """Return billions of operations a second in large matrix products."""
    import torch

    times = {"openvino": fastest(openvino_product(dtype))}
    if dtype == "float32":
        # In bfloat16 torch multiplies matrices fifty times as slowly here.
        one, other = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
        times["torch"] = fastest(lambda: torch.mm(one, other))
    return {engine: round(2 * SIDE**3 / seconds / 1e9, 1) for engine, seconds in times.items()}


def openvino_product(dtype: str) -> Callable[[], object]:
    """Return a call that multiplies two large matrices in OpenVINO on one thread."""
    from napari_seg.segmentation.execution.openvino_engine import load_openvino

    openvino = load_openvino()
    import openvino.opset14 as operations

    one = operations.parameter([SIDE, SIDE], np.float32)
    other = operations.constant(np.random.default_rng(0).random((SIDE, SIDE), np.float32))
    model = openvino.Model([operations.matmul(one, other, False, False)], [one])
    hints = {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[dtype],
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
    }
    request = openvino.Core().compile_model(model, "CPU", hints).create_infer_request()
    values = np.random.default_rng(1).random((SIDE, SIDE), np.float32)
    return lambda: request.infer({0: values}, share_inputs=True)


def time_network(network: nn.Module, batch: Tensor, dtype: str) -> float:
    """Return the seconds of one window in OpenVINO, which is how the network is run here."""
    from napari_seg.segmentation.execution.openvino_engine import OpenVinoNetwork

    planned = OpenVinoNetwork(lambda: network, dtype, threads=1)
    return fastest(lambda: planned(batch))


def pipelines(crop: dict[str, Any]) -> dict[str, Any]:
    """Set MONAI's pipeline on a crop beside ours, and beside what is possible."""
    import infer

    from napari_seg.segmentation.inference import segment

    bundle, scan = infer._bundle("crop", None), infer._scan("crop", infer.CT)
    monai = fastest(lambda: infer._by_monai(scan, bundle))
    report: dict[str, Any] = {"monai_ms": round(monai * 1e3, 1)}
    for precision, dtype in (("exact", "float32"), ("fast", "bfloat16")):
        ours = fastest(lambda how=precision: segment(scan, bundle, device="cpu", precision=how))
        report[precision] = {
            "ms": round(ours * 1e3, 1),
            "times_faster": round(monai / ours, 2),
            "beside_the_network_ms": round(ours * 1e3 - crop[dtype]["network_ms"], 1),
            "at_best_times_faster": round(monai * 1e3 / crop[dtype]["at_peak_ms"], 2),
            "at_best_as_the_network_runs": round(monai * 1e3 / crop[dtype]["network_ms"], 2),
        }
    return report


def fastest(call: Callable[[], object]) -> float:
    """Return the least seconds of the processor of some calls, after one that warms up."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = process_time()
        call()
        times.append(process_time() - start)
    return min(times)
