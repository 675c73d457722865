"""Read a TF.js graph model (model.json and weight shards) as a TensorFlow GraphDef."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
"""Fused operation of TF.js → its first operation, a convolution."""
CONVOLUTIONS = {"Conv2D": 3, "DepthwiseConv2dNative": 2}
"""Operation → axis of its weights for the output channels (a depthwise multiplier of 1)."""


class GraphModelError(ValueError):
    """A folder that holds no usable TF.js graph model."""


def read_graph_model(folder: Path, name: str = "model.json") -> tuple[Any, dict[str, np.ndarray]]:
    """Read the graph, with constants filled in and stock operations only, and the constants by name.

    Args:
        folder: with the topology and every weight shard.
        name: file name of the topology.

    Raises:
        GraphModelError: a file is missing, cut short, or stores weights in an unknown way.
    """
    try:
        spec = json.loads((folder / name).read_text())
        weights = _read_weights(folder, spec["weightsManifest"])
        nodes = spec["modelTopology"]["node"]
    except (OSError, KeyError, ValueError) as error:
        raise GraphModelError(
            f"{folder} is no TF.js graph model ({error}); it needs {name} and every weight shard"
        ) from error
    graph = tf.compat.v1.GraphDef()
    for node in nodes:
        graph.node.extend(_split_fused(_read_node(node, weights)))
    return graph, weights


def _read_weights(folder: Path, manifest: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Read arrays by name; the shards of a group are one run of bytes, one array after the other."""
    weights: dict[str, np.ndarray] = {}
    for group in manifest:
        stored = b"".join((folder / path).read_bytes() for path in group["paths"])
        position = 0
        for entry in group["weights"]:
            kind = _stored_type(entry)
            count = int(np.prod(entry["shape"], dtype=np.int64))
            array = np.frombuffer(stored, kind, count, position).reshape(entry["shape"])
            weights[entry["name"]] = array.astype(entry["dtype"], copy=False)
            position += count * kind.itemsize
        if position != len(stored):
            raise GraphModelError(f"shards of {folder} hold {len(stored)} bytes, expected {position}")
    return weights


def _stored_type(entry: dict[str, Any]) -> np.dtype[Any]:
    """Return the stored type; float16 only halves the file, other quantization would need a scale."""
    stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
    if stored not in (entry["dtype"], "float16"):
        raise GraphModelError(f"{entry['name']} is stored as {stored}; read are float32, float16 and int32")
    kind: np.dtype[Any] = np.dtype(stored)
    return kind


def _read_node(node: dict[str, Any], weights: dict[str, np.ndarray]) -> Any:
    attributes = {name: _as_protobuf_json(value) for name, value in node.get("attr", {}).items()}
    parsed = json_format.ParseDict(
        {**node, "attr": attributes}, tf.compat.v1.NodeDef(), ignore_unknown_fields=True
    )
    if parsed.op == "Const":
        # int64 constants are stored as int32: the node's own type decides
        value = tf.make_tensor_proto(weights[parsed.name], dtype=parsed.attr["dtype"].type)
        parsed.attr["value"].tensor.CopyFrom(value)
    return parsed


def _split_fused(node: Any) -> list[Any]:
    """Split a fused convolution into its operations; the last one has the node's name."""
    if node.op not in FUSED:
        return [node]
    convolution = tf.compat.v1.NodeDef(name=f"{node.name}/conv", op=FUSED[node.op], input=node.input[:2])
    for key in ("T", "strides", "padding", "dilations", "data_format", "explicit_paddings"):
        if key in node.attr:
            convolution.attr[key].CopyFrom(node.attr[key])
    nodes, operands = [convolution], list(node.input[2:])
    for number, operation in enumerate(name.decode() for name in node.attr["fused_ops"].list.s):
        inputs = [nodes[-1].name, *([operands.pop(0)] if operation == "BiasAdd" else [])]
        step = tf.compat.v1.NodeDef(name=f"{node.name}/{number}", op=operation, input=inputs)
        step.attr["T"].CopyFrom(node.attr["T"])
        nodes.append(step)
    nodes[-1].name = node.name
    return nodes


def _as_protobuf_json(attribute: dict[str, Any]) -> dict[str, Any]:
    """Encode byte strings as protobuf's JSON expects, base64; old converters wrote lists of integers."""
    if isinstance(attribute.get("s"), list):
        return {**attribute, "s": base64.b64encode(bytes(attribute["s"])).decode()}
    return attribute


def fold_batch_norm(graph: Any) -> None:
    """Turn convolution · scale + shift into convolution + bias, in place: fewer passes over memory.

    Only where scale and shift are constants with one value per channel and nothing else reads them.
    """
    nodes = {node.name: node for node in graph.node}
    readers: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    for node in graph.node:
        if node.op in CONVOLUTIONS:
            _fold_convolution(node, nodes, readers)


def _fold_convolution(convolution: Any, nodes: dict[str, Any], readers: dict[str, list[Any]]) -> None:
    kernel = nodes[convolution.input[1]]
    if kernel.op != "Const" or len(readers[kernel.name]) != 1:
        return
    weights = tf.make_ndarray(kernel.attr["value"].tensor)
    channels = weights.shape[CONVOLUTIONS[convolution.op]]
    last = convolution
    scaled = _only_reader(last, "Mul", nodes, readers, channels)
    if scaled:
        node, scale, _ = scaled
        shape = (channels, 1) if convolution.op == "DepthwiseConv2dNative" else (channels,)
        _set_constant(kernel, weights * scale.reshape(shape))
        node.op, node.input[:] = "Identity", [last.name]
        last = node
    shifted = _only_reader(last, "Add", nodes, readers, channels)
    if shifted:
        node, shift, constant = shifted
        _set_constant(constant, shift.reshape(-1))
        node.op, node.input[:] = "BiasAdd", [convolution.name, constant.name]


def _only_reader(
    node: Any, operation: str, nodes: dict[str, Any], readers: dict[str, list[Any]], channels: int
) -> tuple[Any, np.ndarray, Any] | None:
    """Return the only node that reads `node`, with its constant's value and node, when it fits."""
    if [reader.op for reader in readers[node.name]] != [operation]:
        return None
    (reader,) = readers[node.name]
    other = nodes[reader.input[1] if reader.input[0] == node.name else reader.input[0]]
    if other.op != "Const" or len(readers[other.name]) != 1:
        return None
    value = tf.make_ndarray(other.attr["value"].tensor)
    return (reader, value, other) if value.size == channels else None


def _set_constant(node: Any, value: np.ndarray) -> None:
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value.astype(np.float32)))


def cut_graph(graph: Any, feed: str, fetches: list[str]) -> Any:
    """Return the subgraph between the node `feed`, which becomes a placeholder, and the fetched nodes."""
    cut = tf.compat.v1.GraphDef()
    for node in graph.node:
        if node.name == feed:
            node = tf.compat.v1.NodeDef(name=feed, op="Placeholder")
            node.attr["dtype"].type = tf.float32.as_datatype_enum
        cut.node.append(node)
    return tf.compat.v1.graph_util.extract_sub_graph(cut, fetches)
