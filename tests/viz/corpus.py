"""Graphs written by hand in the shapes of well-known models, for the tests of the pictures.

They need no model code, so that a failing picture test points at the picture.
"""

import random
from contextlib import contextmanager

from tinygrad_lite._graph import Call, Graph, Leaf, Node, Operand, Statistics


class Builder:
    """Collects a graph call by call; values are ("node", n) or ("leaf", n) or numbers."""

    def __init__(self, title):
        self.title = title
        self.nodes, self.leaves, self.calls, self.known = [], [], [], {}
        self.inside = [-1]

    def leaf(self, name, shape, role="input", **fields):
        self.leaves.append(Leaf(name, role, tuple(shape), **fields))
        return ("leaf", len(self.leaves) - 1)

    def parameter(self, name, *shape):
        if name not in self.known:
            self.known[name] = self.leaf(name, shape, "parameter", requires_grad=True)
        return self.known[name]

    def op(self, name, *values, shape, grad=True, kind="", **settings):
        operands = tuple(self._operand(value) for value in values)
        scalar = 2.3026 if shape == () else None
        node = Node(
            name, operands, (tuple(shape),), settings=tuple(settings.items()),
            call=self.inside[-1], differentiable=grad, kind=kind, scalar=scalar,
        )  # fmt: skip
        self.nodes.append(node)
        return ("node", len(self.nodes) - 1)

    def _operand(self, value):
        if not isinstance(value, tuple):
            return Operand(scalar=value, differentiable=False)
        source, place = value
        if source == "node":
            return Operand(node=place, differentiable=self.nodes[place].differentiable)
        return Operand(leaf=place, differentiable=self.leaves[place].requires_grad)

    @contextmanager
    def call(self, path, module):
        number = 1 + sum(call.path == path for call in self.calls)
        self.calls.append(Call(path, number, module, self.inside[-1]))
        self.inside.append(len(self.calls) - 1)
        yield
        self.inside.pop()

    def linear(self, path, x, inner, outer, lead):
        with self.call(path, "Linear"):
            weight = self.parameter(f"{path}.weight", outer, inner)
            bias = self.parameter(f"{path}.bias", outer)
            return self.op("linear", x, weight, bias, shape=(*lead, outer), kind="bilinear")

    def graph(self, *ends, **fields):
        outputs = tuple(Operand(node=place) for _, place in ends)
        parts = (tuple(self.nodes), tuple(self.leaves), tuple(self.calls), outputs)
        return Graph(*parts, title=self.title, **fields)


def make_mlp():
    b = Builder("MLP")
    x, target = b.leaf("x", (32, 784)), b.leaf("target", (32,), dtype="int64")
    with b.call("", "MLP"):
        h = b.linear("fc1", x, 784, 128, (32,))
        with b.call("act", "ReLU"):
            h = b.op("relu", h, shape=(32, 128))
        h = b.linear("fc2", h, 128, 64, (32,))
        with b.call("act", "ReLU"):
            h = b.op("relu", h, shape=(32, 64))
        h = b.linear("fc3", h, 64, 10, (32,))
    return b.graph(b.op("cross_entropy", h, target, shape=()))


def make_resnet():
    b = Builder("ResNet-18")

    def conv(path, x, inner, outer, kernel, stride, size):
        with b.call(path, "Conv2d"):
            weight = b.parameter(f"{path}.weight", outer, inner, kernel, kernel)
            shape = (1, outer, size, size)
            steps = {"stride": (stride, stride), "padding": (kernel // 2, kernel // 2)}
            return b.op("conv2d", x, weight, shape=shape, **steps)

    def norm(path, x, width, size):
        with b.call(path, "BatchNorm2d"):
            own = [b.parameter(f"{path}.{name}", width) for name in ("weight", "bias")]
            mean = b.leaf(f"{path}.running_mean", (width,), "buffer")
            return b.op("batch_norm", x, *own, mean, shape=(1, width, size, size))

    def relu(path, x, width, size):
        with b.call(path, "ReLU"):
            return b.op("relu", x, shape=(1, width, size, size))

    def block(path, x, inner, outer, stride, size):
        with b.call(path, "BasicBlock"):
            y = conv(f"{path}.conv1", x, inner, outer, 3, stride, size)
            y = relu(f"{path}.relu", norm(f"{path}.bn1", y, outer, size), outer, size)
            y = norm(f"{path}.bn2", conv(f"{path}.conv2", y, outer, outer, 3, 1, size), outer, size)
            if stride == 2:
                with b.call(f"{path}.downsample", "Sequential"):
                    x = conv(f"{path}.downsample.0", x, inner, outer, 1, 2, size)
                    x = norm(f"{path}.downsample.1", x, outer, size)
            y = b.op("add", y, x, shape=(1, outer, size, size))
            return relu(f"{path}.relu", y, outer, size)

    x = b.leaf("x", (1, 3, 224, 224))
    with b.call("", "ResNet"):
        h = relu("relu", norm("bn1", conv("conv1", x, 3, 64, 7, 2, 112), 64, 112), 64, 112)
        with b.call("maxpool", "MaxPool2d"):
            h = b.op("max_pool2d", h, shape=(1, 64, 56, 56), kernel_size=3, stride=2)
        inner, size = 64, 56
        for stage, outer in enumerate((64, 128, 256, 512), 1):
            with b.call(f"layer{stage}", "Sequential"):
                for place in range(2):
                    stride = 2 if place == 0 and stage > 1 else 1
                    size //= stride
                    h = block(f"layer{stage}.{place}", h, inner, outer, stride, size)
                    inner = outer
        with b.call("avgpool", "AdaptiveAvgPool2d"):
            h = b.op("adaptive_avg_pool2d", h, shape=(1, 512, 1, 1))
        h = b.linear("fc", b.op("reshape", h, shape=(1, 512)), 512, 1000, (1,))
    return b.graph(h)


def make_unet():
    b = Builder("U-Net")

    def double(path, x, width, size):
        with b.call(path, "DoubleConv"):
            for place in range(2):
                with b.call(f"{path}.{place}", "Conv2d"):
                    weight = b.parameter(f"{path}.{place}.weight", width, width, 3, 3)
                    x = b.op("conv2d", x, weight, shape=(1, width, size, size))
                x = b.op("relu", x, shape=(1, width, size, size))
        return x

    x = b.leaf("x", (1, 1, 64, 64))
    with b.call("", "UNet"):
        skips, size = [], 64
        for level in range(4):
            x = double(f"down{level}", x, 16 << level, size)
            skips.append(x)
            size //= 2
            x = b.op("max_pool2d", x, shape=(1, 16 << level, size, size))
        x = double("middle", x, 256, size)
        for level in reversed(range(4)):
            size *= 2
            x = b.op("interpolate", x, shape=(1, 32 << level, size, size))
            x = b.op("cat", x, skips[level], shape=(1, 48 << level, size, size))
            x = double(f"up{level}", x, 16 << level, size)
    return b.graph(x)


def make_gpt(layers, width=64, length=32, batch=8):
    b = Builder(f"GPT-{layers}")
    shape, heads = (batch, length, width), 4
    small, square = (batch, heads, length, width // heads), (batch, heads, length, length)

    def norm(path, x):
        with b.call(path, "LayerNorm"):
            own = [b.parameter(f"{path}.{name}", width) for name in ("weight", "bias")]
            return b.op("layer_norm", x, *own, shape=shape)

    def attend(path, x):
        with b.call(path, "CausalSelfAttention"):
            x = b.linear(f"{path}.c_attn", x, width, 3 * width, (batch, length))
            parts = [b.op("index", x, shape=shape, kind="view", key=place) for place in range(3)]
            q, k, v = (
                b.op("transpose", b.op("reshape", part, shape=small), shape=small) for part in parts
            )
            scores = b.op("matmul", q, b.op("transpose", k, shape=small), shape=square)
            scores = b.op("mul", scores, 0.25, shape=square)
            ones = b.op("ones", shape=(length, length), grad=False)
            mask = b.op("eq", b.op("tril", ones, shape=(length, length), grad=False), 0,
                        shape=(length, length), grad=False)  # fmt: skip
            scores = b.op("masked_fill", scores, mask, shape=square)
            y = b.op("matmul", b.op("softmax", scores, shape=square, axis=-1), v, shape=small)
            y = b.op("reshape", b.op("transpose", y, shape=small), shape=shape)
            return b.linear(f"{path}.c_proj", y, width, width, (batch, length))

    def feed(path, x):
        with b.call(path, "MLP"):
            x = b.linear(f"{path}.c_fc", x, width, 4 * width, (batch, length))
            with b.call(f"{path}.gelu", "GELU"):
                x = b.op("gelu", x, shape=(batch, length, 4 * width))
            return b.linear(f"{path}.c_proj", x, 4 * width, width, (batch, length))

    ids = b.leaf("ids", (batch, length), dtype="int64")
    targets = b.leaf("targets", (batch, length), dtype="int64")
    with b.call("", "GPT"):
        places = b.op("arange", shape=(length,), grad=False)
        with b.call("wte", "Embedding"):
            words = b.op("embedding", b.parameter("wte.weight", 65, width), ids, shape=shape)
        with b.call("wpe", "Embedding"):
            table = b.parameter("wpe.weight", length, width)
            where = b.op("embedding", table, places, shape=(length, width))
        h = b.op("add", words, where, shape=shape)
        for layer in range(layers):
            path = f"h.{layer}"
            with b.call(path, "Block"):
                h = b.op("add", h, attend(f"{path}.attn", norm(f"{path}.ln1", h)), shape=shape)
                h = b.op("add", h, feed(f"{path}.mlp", norm(f"{path}.ln2", h)), shape=shape)
        h = norm("ln_f", h)
        with b.call("lm_head", "Linear"):
            weight = b.parameter("wte.weight", 65, width)
            h = b.op("linear_without_bias", h, weight, shape=(batch, length, 65))
    flat = b.op("reshape", h, shape=(batch * length, 65))
    wanted = b.op("reshape", targets, shape=(batch * length,), grad=False)
    return b.graph(b.op("cross_entropy", flat, wanted, shape=()))


def make_lstm(steps=8):
    b = Builder("LSTM")
    x, h, c = b.leaf("x", (steps, 16, 10)), b.leaf("h0", (16, 20)), b.leaf("c0", (16, 20))
    states = []
    with b.call("", "LSTM"):
        for step in range(steps):
            part = b.op("index", x, shape=(16, 10), kind="view", grad=False, key=step)
            with b.call("cell", "LSTMCell"):
                inner = b.op("linear", part, b.parameter("cell.weight_ih", 80, 10), shape=(16, 80))
                outer = b.op("linear", h, b.parameter("cell.weight_hh", 80, 20), shape=(16, 80))
                z = b.op("add", inner, outer, shape=(16, 80))
                gates = [b.op("index", z, shape=(16, 20), key=place) for place in range(4)]
                i, f, o = (b.op("sigmoid", gates[place], shape=(16, 20)) for place in (0, 1, 3))
                g = b.op("tanh", gates[2], shape=(16, 20))
                kept, new = b.op("mul", f, c, shape=(16, 20)), b.op("mul", i, g, shape=(16, 20))
                c = b.op("add", kept, new, shape=(16, 20))
                h = b.op("mul", o, b.op("tanh", c, shape=(16, 20)), shape=(16, 20))
            states.append(h)
        y = b.op("stack", *states, shape=(steps, 16, 20))
    return b.graph(b.op("mean", y, shape=()))


def make_shared():
    b = Builder("autoencoder")
    x = b.leaf("x", (3, 8))
    with b.call("", "Autoencoder"):
        code = b.op("matmul", x, b.parameter("weight", 8, 4), shape=(3, 4))
        code = b.op("tanh", code, shape=(3, 4))
        turned = b.op("transpose", b.parameter("weight", 8, 4), shape=(4, 8))
        y = b.op("matmul", code, turned, shape=(3, 8))
    return b.graph(y)


def make_scalar():
    b = Builder("neuron")
    a, w, c = (
        b.leaf(name, (), requires_grad=True, scalar=value)
        for name, value in (("a", 2.0), ("w", -3.0), ("b", 10.0))
    )
    total = b.op("add", b.op("mul", a, w, shape=()), c, shape=())
    return b.graph(b.op("tanh", total, shape=()))


def make_random(count, seed=0, density=1.3):
    chance = random.Random(seed)
    b = Builder(f"random {count}")
    values = [b.leaf("x", (3,), requires_grad=True)]
    for _ in range(count):
        single = chance.random() > density - 1
        name = chance.choice(["tanh", "exp", "sin"] if single else ["add", "mul", "sub"])
        near = [values[max(0, len(values) - 1 - chance.randrange(12))] for _ in range(2 - single)]
        values.append(b.op(name, *near, shape=(3,)))
    return b.graph(values[-1])


def make_chain(count):
    b = Builder(f"chain {count}")
    x = b.leaf("x", (3,), requires_grad=True)
    for place in range(count):
        x = b.op("tanh" if place % 2 else "sin", x, shape=(3,))
    return b.graph(x)


def make_hangul():
    b = Builder("이름 & <이름>")
    x = b.leaf("입력값", (2, 3))
    with b.call("", "모델"):
        with b.call("첫번째_선형_층", "Linear"):
            h = b.op("linear", x, b.parameter("첫번째_선형_층.무게", 4, 3), shape=(2, 4))
        with b.call("</svg><script>", "Linear"):
            h = b.op("linear", h, b.parameter("</svg><script>.w", 4, 4), shape=(2, 4))
    return b.graph(h)


def make_statistics(rms, nans=0):
    return Statistics(4, rms, 0.0, rms, rms, rms, 0, nans, 0)


CORPUS = {
    "mlp": make_mlp,
    "resnet": make_resnet,
    "unet": make_unet,
    "gpt4": lambda: make_gpt(4),
    "gpt12": lambda: make_gpt(12),
    "gpt48": lambda: make_gpt(48),
    "gpt330": lambda: make_gpt(330),
    "lstm": make_lstm,
    "shared": make_shared,
    "scalar": make_scalar,
    "random100": lambda: make_random(100),
    "random10000": lambda: make_random(10_000),
    "chain": lambda: make_chain(1000),
    "hangul": make_hangul,
}
SMALL = [name for name in CORPUS if name not in {"gpt48", "gpt330", "random10000"}]
