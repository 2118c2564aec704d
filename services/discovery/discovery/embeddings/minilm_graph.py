"""Builds the ONNX graph of all-MiniLM-L6-v2 from its weights: six layers, weights in 8 bits by blocks of 64.

The word table stays outside the graph, so that it can be mapped and only the rows in use take memory. Weights are
quantised per block (cosine to the float32 model .9995 on average); activations are quantised per row at run time, so
a text's vector does not depend on what else is in its batch, which the usual per-tensor scheme does not give.
`onnx` is imported here only; the module runs in a process of its own (minilm_build) and leaves nothing behind.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from discovery.embeddings.safetensors_file import Tensors

LAYERS = 6
HEADS = 12
WIDTH = 384
BLOCK = 64
EPSILON = 1e-12
_FUSED = "com.microsoft"

FloatArray = npt.NDArray[np.float32]


@dataclass
class _Graph:
    """Collects nodes and constants while the layers are laid down."""

    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    constants: list[TensorProto] = field(default_factory=list[TensorProto])

    def constant(self, name: str, values: npt.NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, domain: str = _FUSED, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def matmul(self, values: str, name: str, weight: FloatArray) -> str:
        """values x weight transposed, the weight (outputs, inputs) in 8 bits."""
        outputs, inputs = weight.shape
        quantised, scales = quantise_blocks(weight)
        return self.node(
            "MatMulNBits",
            [values, self.constant(f"{name}.weight", quantised), self.constant(f"{name}.scales", scales)],
            f"{name}.out",
            K=inputs,
            N=outputs,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )


def quantise_blocks(weight: FloatArray) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """Symmetric 8 bits around 128, one scale per row and block of 64 inputs."""
    outputs, inputs = weight.shape
    blocks = weight.reshape(outputs, inputs // BLOCK, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2) / 127, np.finfo(np.float32).tiny)
    quantised = np.rint(blocks / scales[..., None]) + 128
    return quantised.astype(np.uint8), scales.astype(np.float32)


def quantise_rows(table: FloatArray) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """The word table in 8 bits with one scale per word."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny)
    return np.rint(table / scales).astype(np.int8), scales.astype(np.float32)


def build_graph(weights: Tensors) -> ModelProto:
    """Inputs `embedded` (texts, tokens, 384) and `mask` (texts, tokens); output `hidden` (texts, tokens, 384)."""
    graph = _Graph()
    scale = graph.constant("embeddings.gain", weights["embeddings.LayerNorm.weight"])
    shift = graph.constant("embeddings.shift", weights["embeddings.LayerNorm.bias"])
    values = graph.node("LayerNormalization", ["embedded", scale, shift], "layer0", domain="", epsilon=EPSILON, axis=-1)
    for number in range(LAYERS):
        values = _feed_forward(graph, number, _attention(graph, number, values, weights), weights)
    graph.node("Identity", [values], "hidden", domain="")
    shape = ["texts", "tokens", WIDTH]
    body = helper.make_graph(
        graph.nodes,
        "minilm",
        [
            helper.make_tensor_value_info("embedded", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("mask", TensorProto.INT32, ["texts", "tokens"]),
        ],
        [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, shape)],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=9)


def _attention(graph: _Graph, number: int, values: str, weights: Tensors) -> str:
    source, here = f"encoder.layer.{number}.attention.", f"layer{number}.attention"
    parts = ("query", "key", "value")
    weight = np.concatenate([weights[f"{source}self.{part}.weight"] for part in parts])
    bias = np.concatenate([weights[f"{source}self.{part}.bias"] for part in parts])
    joined = graph.matmul(values, here, weight)
    sizes = graph.constant(f"{here}.sizes", np.array([WIDTH] * 3, dtype=np.int64))
    split = [f"{here}.{part}" for part in parts]
    graph.nodes.append(helper.make_node("Split", [joined, sizes], split, axis=-1))
    heads = [*split, graph.constant(f"{here}.bias", bias), "mask"]
    attended = graph.node("MultiHeadAttention", heads, f"{here}.heads", num_heads=HEADS)
    projected = graph.matmul(attended, f"{here}.dense", weights[f"{source}output.dense.weight"])
    return _add_and_normalise(graph, f"{source}output.", [projected, values], weights)


def _feed_forward(graph: _Graph, number: int, values: str, weights: Tensors) -> str:
    source, here = f"encoder.layer.{number}.", f"layer{number}.feed"
    wide = graph.matmul(values, f"{here}.in", weights[f"{source}intermediate.dense.weight"])
    bias = graph.constant(f"{here}.bias", weights[f"{source}intermediate.dense.bias"])
    active = graph.node("BiasGelu", [wide, bias], f"{here}.gelu")
    narrow = graph.matmul(active, f"{here}.out", weights[f"{source}output.dense.weight"])
    return _add_and_normalise(graph, f"{source}output.", [narrow, values], weights)


def _add_and_normalise(graph: _Graph, source: str, summands: list[str], weights: Tensors) -> str:
    names = ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")
    constants = [graph.constant(f"{source}{name}", weights[f"{source}{name}"]) for name in names]
    return graph.node("SkipLayerNormalization", [*summands, *constants], f"{source}sum", epsilon=EPSILON)
