"""ONNX's own examples of its operators: each gives the result it should, or is refused by name."""

import collections

import numpy as np
import pytest

import tinygrad_lite as torch

onnx = pytest.importorskip("onnx")

RANDOM = ("bernoulli", "training_dropout")  # their examples hold one draw of many
FOREIGN = (  # element types that the library has none of
    "bfloat16", "bf16", "BFLOAT16", "FLOAT8", "INT4", "INT2", "FLOAT4", "string", "E8M0",
    "cast_FLOAT", "cast_DOUBLE", "castlike_FLOAT", "castlike_DOUBLE", "float8", "int4", "float4",
)  # fmt: skip


def runs(case):
    """Whether the example has a result that can be compared."""
    name = case.name.removeprefix("test_")
    return not name.startswith(RANDOM) and not any(word in name for word in FOREIGN)


def check(case):
    """Run every data set of an example."""
    names = [i.name for i in case.model.graph.input]
    model = torch.onnx.load(case.model)
    for inputs, expected in case.data_sets:
        given = {
            name: torch.tensor(np.asarray(value))
            for name, value in zip(names, inputs, strict=False)
            if name in model.input_names
        }
        found = model(**given)
        found = found if isinstance(found, tuple) else (found,)
        for value, wanted in zip(found, expected, strict=False):
            if wanted is None:
                continue
            array, right = value.detach().numpy(), np.asarray(wanted)
            assert (array.shape, array.dtype) == (right.shape, right.dtype)
            loose = right.dtype == np.float16
            np.testing.assert_allclose(
                array, right, rtol=1e-2 if loose else 1e-3, atol=1e-2 if loose else 1e-5
            )


@pytest.mark.slow  # most of the time goes into ONNX's making of the examples
@pytest.mark.filterwarnings("ignore")
def test_examples_of_onnx():
    from onnx.backend.test.case.node import collect_testcases

    outcome = collections.Counter()
    wrong = []
    for case in collect_testcases(None):
        if not runs(case):
            continue
        try:
            check(case)
            outcome["right"] += 1
        except torch.onnx.UnsupportedOperatorError:
            outcome["refused"] += 1
        except Exception as error:  # noqa: BLE001 - all are told together
            wrong.append(f"{case.name}: {type(error).__name__} {str(error)[:200]}")
    assert wrong == []
    assert outcome["right"] > 1350, outcome


def node(op, *inputs, outputs=1, opset=20, **attributes):
    """A model of one node with float32 inputs a, b, c … of any shape."""
    made = onnx.helper.make_node(
        op, list(inputs), [f"out{i}" for i in range(outputs)], name="the node", **attributes
    )
    ends = [
        [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in names]
        for names in ([n for n in inputs if n], made.output)
    ]
    graph = onnx.helper.make_graph([made], "one", *ends)
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=9
    )


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (node("Optional", "a"), "'the node' is a Optional"),
        (node("Resize", "a", "", "b", antialias=1, mode="linear"), "Resize of opset 20: anti"),
    ],
)
def test_a_refusal_names_node_and_operator(model, words):
    x = [torch.ones(1, 1, 4, 4), torch.tensor([1.0, 1.0, 0.5, 0.5])]
    with pytest.raises(torch.onnx.UnsupportedOperatorError, match=words):
        torch.onnx.load(model)(*x[: len(model.graph.input)])


def test_errors_of_a_node_say_which_it_was():
    model = torch.onnx.load(node("MatMul", "a", "b"))
    with pytest.raises(RuntimeError) as caught:
        model(torch.ones(2, 3), torch.ones(2, 3))
    assert "'the node'" in "".join(caught.value.__notes__) or "the node" in str(caught.value)


def test_old_spellings():
    """Axes and sizes as attributes, as files of older versions have them."""
    x = torch.arange(6.0).reshape(1, 2, 3)
    squeezed = torch.onnx.load(node("Squeeze", "a", opset=11, axes=[0]))(x)
    assert tuple(squeezed.shape) == (2, 3)
    cut = torch.onnx.load(node("Slice", "a", opset=9, axes=[2], starts=[1], ends=[3]))(x)
    assert cut.tolist() == x[:, :, 1:3].tolist()
    clipped = torch.onnx.load(node("Clip", "a", opset=6, min=1.0, max=4.0))(x)
    assert clipped.tolist() == x.clamp(1, 4).tolist()
    summed = torch.onnx.load(node("ReduceSum", "a", opset=11, axes=[1], keepdims=0))(x)
    assert summed.tolist() == x.sum(1).tolist()
    wide = torch.onnx.load(node("Softmax", "a", opset=11, axis=1))(x)
    assert torch.allclose(wide, torch.softmax(x.reshape(1, 6), 1).reshape(1, 2, 3))


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        torch.onnx.load(tmp_path / "none.onnx")
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"not a model at all")
    with pytest.raises(RuntimeError, match="is no ONNX model, or was cut short"):
        torch.onnx.load(bad)


def test_wrong_number_of_inputs():
    model = torch.onnx.load(node("Add", "a", "b"))
    with pytest.raises(TypeError, match=r"takes 2 inputs \(a, b\), got 1"):
        model(torch.ones(2))
