"""The pages of the reference: which namespaces stand on them, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAMILIES", "PAGES", "Page"]


@dataclass(frozen=True)
class Page:
    """One page; `spaces` are namespaces below the package, "" being the package itself."""

    file: str
    title: str
    spaces: tuple[str, ...]
    about: str
    homes: tuple[str, ...] = ()
    """For parts of one namespace: the modules whose names stand here; none means all."""
    hidden: bool = False
    """Whether `spaces` is left out of the headings, being spelled in the names anyway."""


# Titles for the modules in which functions live; the last part of their path finds them.
FAMILIES = {
    "activation": "Activations",
    "arithmetic": "Arithmetic",
    "attention": "Attention",
    "augmented": "Arithmetic in place",
    "classification": "Losses of classes",
    "combination": "Combinations and distances",
    "compare": "Comparing and asking",
    "compose": "Composition",
    "container": "Containers",
    "convert": "Types, devices, filling",
    "convolution": "Convolutions",
    "distance": "Distances",
    "dropout": "Dropout",
    "einsum": "Einstein sums",
    "embedding": "Embeddings",
    "exchange": "Memory shared with others",
    "folding": "Folding",
    "hooks": "Hooks",
    "join": "Joining and cutting",
    "lazy": "Layers that find their sizes",
    "legacy": "Older constructors",
    "linalg": "Linear algebra",
    "linear": "Linear maps",
    "loss": "Losses",
    "matmul": "Matrix products",
    "memory": "Memory",
    "module": "The module",
    "normalization": "Normalisation",
    "padding": "Padding",
    "parameter": "Parameters",
    "pointwise": "Functions of elements",
    "pooling": "Pooling",
    "product": "Products",
    "rearrange": "Diagonals, triangles, turning",
    "recurrent": "Recurrent layers",
    "reduction": "Reductions",
    "rnn": "Recurrent layers",
    "sampling": "Random filling",
    "scan": "Sums along the way",
    "scatter": "Picking and placing",
    "shape": "Shapes",
    "sorting": "Sorting, counting, quantiles",
    "sparse": "Embeddings",
    "special": "Special functions",
    "strided": "Views by strides",
    "transformer": "Transformers",
    "upsampling": "Resizing",
    "vision": "Pixels",
    "_creation": "Creating",
    "_draws": "Random numbers",
    "_random": "Generators",
    "_dtypes": "Number types",
    "_limits": "Limits of number types",
    "_settings": "Settings",
    "_size": "Sizes",
    "_device": "Devices",
    "_scope": "Out of scope",
    "_op": "Own operations",
    "_graph": "The graph as a value",
    "_native": "Layers as functions of the top level",
    "_native_rnn": "Recurrent layers as functions",
    "modes": "Recording or not",
    "value": "The graph as a value",
}

TOP = ("",)
PAGES = (
    Page("creation", "Creating tensors", TOP, "Tensors from data, from numbers, from chance.",
         ("_creation", "_draws", "_random", "exchange", "legacy"), hidden=True),
    Page("tensor", "Tensor", TOP, "The tensor: its attributes and methods.", ("_tensor",),
         hidden=True),
    Page("elements", "Functions of elements", TOP,
         "Arithmetic, comparison, logarithms and their kin: each element by itself.",
         ("arithmetic", "pointwise", "_lift", "compare", "special", "activation", "convert"),
         hidden=True),
    Page("reductions", "Reductions, scans, sorting", TOP,
         "From many numbers to fewer, running sums, and order.",
         ("reduction", "scan", "sorting"), hidden=True),
    Page("shapes", "Shapes, joining, picking", TOP,
         "The same numbers in another arrangement, and some of them.",
         ("shape", "rearrange", "join", "scatter", "strided", "combination"), hidden=True),
    Page("products", "Products and matrices", TOP, "Matrix products and linear algebra.",
         ("matmul", "product", "einsum", "linalg", "_linalg"), hidden=True),
    Page("toplevel", "Types, modes, settings", TOP,
         "What else stands at the top level: number types, modes, settings, constants, and layers "
         "as functions.", hidden=True),
    Page("nn", "nn", ("nn",), "Layers, losses, containers."),
    Page("nn.functional", "nn.functional", ("nn.functional",), "Layers and losses as functions."),
    Page("nn.init", "nn.init", ("nn.init",), "Starting values of weights."),
    Page("nn.utils", "nn.utils",
         ("nn.utils", "nn.utils.rnn", "nn.utils.parametrize", "nn.utils.parametrizations",
          "nn.utils.prune", "nn.utils.stateless", "nn.attention", "nn.parallel"),
         "Clipping, sequences, parametrizations, pruning."),
    Page("optim", "optim", ("optim", "optim.swa_utils"), "Optimizers, and averages of weights."),
    Page("optim.lr_scheduler", "optim.lr_scheduler", ("optim.lr_scheduler",),
         "Learning-rate schedules."),
    Page("utils.data", "utils.data", ("utils.data",), "Data sets, samplers, the loader."),
    Page("autograd", "autograd",
         ("autograd", "autograd.functional", "autograd.forward_ad", "autograd.graph",
          "autograd.anomaly_mode"),
         "Derivatives, own functions, hooks, and why there is no gradient."),
    Page("autograd.gradcheck", "autograd.gradcheck", ("autograd.gradcheck",),
         "Is my backward right?"),
    Page("func", "func", ("func",), "Functions that make functions: grad, vmap, jacrev."),
    Page("linalg", "linalg", ("linalg",), "Linear algebra on stacks of matrices."),
    Page("special", "special", ("special",), "Special functions."),
    Page("distributions", "distributions",
         ("distributions", "distributions.constraints", "distributions.transforms"),
         "Probability distributions, constraints, transforms."),
    Page("masked", "masked, signal", ("masked", "signal.windows"),
         "Reductions behind a mask, and window functions."),
    Page("viz", "viz", ("viz", "_graph"), "The graph: a value, a picture, tables."),
    Page("onnx", "onnx, inference", ("onnx", "inference"),
         "Models to and from ONNX files, and answers in bulk."),
    Page("serialization", "serialization", ("serialization",), "Saving, loading, going on."),
    Page("vision", "vision, datasets",
         ("datasets", "vision.transforms", "vision.datasets", "vision.models", "vision.utils"),
         "Images: data sets, transforms, networks, grids."),
    Page("hints", "hints", ("hints",), "Mistakes that no error reports."),
    Page("utils", "utils",
         ("utils.checkpoint", "utils.benchmark", "utils.tensorboard",
          "utils.dlpack", "testing", "profiler"),
         "Checkpoints of activations, timing, logs, tests."),
    Page("companions", "For scripts that ask",
         ("amp", "backends", "compiler", "jit", "cuda", "mps", "accelerator", "distributed",
          "multiprocessing", "random", "return_types", "types", "version"),
         "Namespaces that scripts expect: devices that are absent, switches without effect, "
         "a group of one process."),
)  # fmt: skip
