"""Draw the gallery of the documentation: `python examples/gallery.py [folder]`.

Each function below makes one picture; read any of them for how a picture like it is made.
"""
# Models as users write them:
# ruff: noqa: ANN001, ANN201, ANN204, ANN205

import itertools
import math
import sys
from pathlib import Path

import tinygrad_lite as torch
from tinygrad_lite import nn, viz
from tinygrad_lite.autograd.gradcheck import check_nodes
from tinygrad_lite.nn import functional as F


class LeNet(nn.Module):
    """Two convolutions, three linear layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.fc1(torch.flatten(x, 1)))
        return self.fc3(torch.tanh(self.fc2(x)))


class TwoConvolutions(nn.Sequential):
    """What stands at every level of a U-Net."""

    def __init__(self, inner, outer):
        super().__init__(
            nn.Conv2d(inner, outer, 3, padding=1), nn.ReLU(),
            nn.Conv2d(outer, outer, 3, padding=1), nn.ReLU(),
        )  # fmt: skip


class UNet(nn.Module):
    """Down to small and wide, up again, and a way across at every level."""

    def __init__(self, widths=(16, 32, 64), classes=2):
        super().__init__()
        pairs = list(itertools.pairwise(widths))
        self.first = TwoConvolutions(1, widths[0])
        self.down = nn.ModuleList([TwoConvolutions(a, b) for a, b in pairs])
        self.up = nn.ModuleList([nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs[::-1]])
        self.merge = nn.ModuleList([TwoConvolutions(2 * a, a) for a, _ in pairs[::-1]])
        self.last = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        across = [self.first(x)]
        for level in self.down:
            across.append(level(F.max_pool2d(across[-1], 2)))
        x = across.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([across.pop(), up(x)], dim=1))
        return self.last(x)


class BasicBlock(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, inner, outer, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.relu = nn.ReLU()
        self.downsample = None
        if stride != 1 or inner != outer:
            shrink = nn.Conv2d(inner, outer, 1, stride, bias=False)
            self.downsample = nn.Sequential(shrink, nn.BatchNorm2d(outer))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        around = x if self.downsample is None else self.downsample(x)
        return self.relu(y + around)


class ResNet(nn.Module):
    """ResNet-18, of any width."""

    def __init__(self, width=64, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self.make_stage(width, width, 1)
        self.layer2 = self.make_stage(width, 2 * width, 2)
        self.layer3 = self.make_stage(2 * width, 4 * width, 2)
        self.layer4 = self.make_stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, classes)

    @staticmethod
    def make_stage(inner, outer, stride):
        return nn.Sequential(BasicBlock(inner, outer, stride), BasicBlock(outer, outer))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Attention(nn.Module):
    """Causal self-attention, written out."""

    def __init__(self, width, heads, length):
        super().__init__()
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)
        self.heads = heads
        self.register_buffer("seen", torch.tril(torch.ones(length, length)))

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (self.split_heads(part) for part in self.c_attn(x).split(width, dim=2))
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.seen[:length, :length] == 0, float("-inf"))
        mixed = F.softmax(scores, dim=-1) @ v
        return self.c_proj(mixed.transpose(1, 2).reshape(batch, length, width))

    def split_heads(self, x):
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)


class Feed(nn.Module):
    """The two-layer net of a transformer block."""

    def __init__(self, width):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.c_proj(self.gelu(self.c_fc(x)))


class Block(nn.Module):
    """Attention and feed-forward, each with a way around it."""

    def __init__(self, width, heads, length):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, length)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = Feed(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """A decoder with tied word vectors."""

    def __init__(self, layers, width=64, heads=4, length=32, words=65):
        super().__init__()
        self.wte = nn.Embedding(words, width)
        self.wpe = nn.Embedding(length, width)
        self.h = nn.ModuleList([Block(width, heads, length) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, words, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


class Autoencoder(nn.Module):
    """The same weight on the way in and, transposed, on the way out."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(8, 4))

    def forward(self, x):
        return torch.tanh(x @ self.weight) @ self.weight.t()


class Swish(torch.autograd.Function):
    """x σ(x), with a derivative of our own."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return g * (s + x * s * (1 - s))


def draw_neuron():
    """Values and gradients of every number, for a first lesson."""
    x1, x2, w1, w2, b = (
        torch.tensor(value, requires_grad=True) for value in (2.0, 0.0, -3.0, 1.0, 6.88)
    )
    with viz.record(stats=True, title="A neuron") as run:
        out = torch.tanh(x1 * w1 + x2 * w2 + b)
        out.backward()
    return viz.draw(run.graph(), show={"shape", "params", "grads"})


def draw_mlp():
    """A loss after backward(): gradients beside the parameters."""
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    images, labels = torch.randn(32, 784), torch.randint(0, 10, (32,))
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return viz.draw(loss, title="A multilayer perceptron, after backward()")


def draw_lenet():
    """A model and an input."""
    return viz.draw(LeNet(), torch.randn(8, 1, 28, 28))


def draw_unet():
    """The ways across run beside the levels they skip."""
    return viz.draw(UNet(), torch.randn(1, 1, 32, 32), title="U-Net")


def draw_resnet():
    """Seventy operations: the first block of each sort open, the others folded."""
    return viz.draw(ResNet(), torch.randn(1, 3, 64, 64), title="ResNet-18")


def draw_lstm():
    """Eight steps of two layers: each loop is one stack."""
    return viz.draw(nn.LSTM(10, 20, num_layers=2), torch.randn(8, 16, 10))


def draw_gpt4():
    """Four equal blocks are one stack, open."""
    return viz.draw(GPT(4), torch.randint(0, 65, (8, 32)), title="GPT, 4 blocks")


def draw_gpt48():
    """Forty-eight blocks take no more room than four."""
    return viz.draw(GPT(48), torch.randint(0, 65, (8, 32)), title="GPT, 48 blocks")


def draw_autoencoder():
    """A shared weight is one card with two readers."""
    return viz.draw(Autoencoder(), torch.randn(3, 8))


def draw_function():
    """An autograd.Function is one card under its own name."""
    x = torch.randn(4, requires_grad=True)
    return viz.draw(Swish.apply(x).sum(), title="A Function of one's own")


def draw_double_backward():
    """The gradient of x³, itself a graph."""
    x = torch.tensor(2.0, requires_grad=True)
    y = x**3 + x
    (slope,) = torch.autograd.grad(y, x, create_graph=True)
    return viz.draw([y, slope], title="y = x³ + x and its derivative, one graph")


def draw_way_back():
    """What backward() would run, drawn below what it goes back over."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    error = (model(torch.randn(8, 3)) - torch.randn(8, 1)).square().mean()
    return viz.draw(error, backward=True, title="Forward and backward")


class Steep(torch.autograd.Function):
    """Cubes, with a factor forgotten in the derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x**2


def draw_gradcheck():
    """A gradient check node by node: the broken rule is red."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1)).double()
    x = torch.randn(8, 3, dtype=torch.float64)
    report = check_nodes(lambda x: model[1](Steep.apply(model[0](x))).sum(), x,
                         raise_exception=False, report=True)  # fmt: skip
    return viz.draw(report, title="A wrong derivative, found")


PICTURES = {
    "neuron": draw_neuron,
    "mlp": draw_mlp,
    "lenet": draw_lenet,
    "resnet": draw_resnet,
    "unet": draw_unet,
    "lstm": draw_lstm,
    "gpt4": draw_gpt4,
    "gpt48": draw_gpt48,
    "autoencoder": draw_autoencoder,
    "function": draw_function,
    "double-backward": draw_double_backward,
    "way-back": draw_way_back,
    "gradcheck": draw_gradcheck,
}


def main():
    default = Path(__file__).parents[1] / "docs" / "gallery"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        torch.manual_seed(0)
        picture = draw()
        print(picture.save(folder / f"{name}.svg"), repr(picture))


if __name__ == "__main__":
    main()
