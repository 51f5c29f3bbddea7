"""Models written once, for PyTorch or for this library: `torch` is either."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Autoencoder", "batchnorm_cnn", "encoder", "gpt", "lenet", "mlp", "moons"]


def moons(torch: Any) -> Any:
    """2-16-16-1."""
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )


def mlp(torch: Any) -> Any:
    """784-256-128-10."""
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
    )


def lenet(torch: Any) -> Any:
    """Two 5x5 convolutions, each with ReLU and pooling, then 512-128-10."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def batchnorm_cnn(torch: Any) -> Any:
    """3x3 convolutions of 32, 64 and 64 channels with BatchNorm, ReLU and pooling."""
    nn, layers, before = torch.nn, [], 3
    for channels in (32, 64, 64):
        layers += [
            nn.Conv2d(before, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.MaxPool2d(2),
        ]  # fmt: skip
        before = channels
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 4 * 4, 10))


def depthwise_cnn(torch: Any) -> Any:
    """Depthwise 3x3 and pointwise convolutions, with stride 2 instead of pooling."""
    nn = torch.nn
    layers, before = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU()], 32
    for channels in (64, 128):
        layers += [
            nn.Conv2d(before, before, 3, stride=2, padding=1, groups=before, bias=False),
            nn.BatchNorm2d(before), nn.ReLU(),
            nn.Conv2d(before, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
        ]  # fmt: skip
        before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


def gpt(torch: Any, *, fused: bool) -> Any:
    """4 layers, 4 heads, 128 channels, context 64, 65 characters."""
    nn, F = torch.nn, torch.nn.functional
    heads, channels, context, vocabulary = 4, 128, 64, 65

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
            self.register_buffer("mask", torch.tril(torch.ones(context, context)))

        def forward(self, x):
            b, t, c = x.shape
            q, k, v = self.qkv(x).split(channels, dim=2)
            q, k, v = (z.view(b, t, heads, c // heads).transpose(1, 2) for z in (q, k, v))
            if fused:
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            else:
                scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(c // heads))
                scores = scores.masked_fill(self.mask[:t, :t] == 0, float("-inf"))
                y = F.softmax(scores, dim=-1) @ v
            return self.out(y.transpose(1, 2).contiguous().view(b, t, c))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.before, self.attention = nn.LayerNorm(channels), Attention()
            self.between = nn.LayerNorm(channels)
            self.grow, self.shrink = nn.Linear(channels, 512), nn.Linear(512, channels)

        def forward(self, x):
            x = x + self.attention(self.before(x))
            return x + self.shrink(F.gelu(self.grow(self.between(x))))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(vocabulary, channels)
            self.places = nn.Embedding(context, channels)
            self.blocks = nn.ModuleList([Block() for _ in range(4)])
            self.last, self.head = nn.LayerNorm(channels), nn.Linear(channels, vocabulary)

        def forward(self, x):
            x = self.tokens(x) + self.places(torch.arange(x.shape[1]))
            for block in self.blocks:
                x = block(x)
            return self.head(self.last(x))

    return GPT()


def Autoencoder(torch: Any) -> Any:
    """784-256-(16 means, 16 log variances)-256-784."""
    nn = torch.nn

    class Variational(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 32))
            self.decode = nn.Sequential(nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 784))

        def forward(self, x, noise):
            mean, log_variance = self.encode(x).chunk(2, dim=1)
            return self.decode(mean + noise * (0.5 * log_variance).exp()), mean, log_variance

    return Variational()


def autoencoder_loss(model: Any, x: Any, noise: Any) -> Any:
    """Squared error plus the Kullback-Leibler divergence from a standard normal."""
    seen, mean, log_variance = model(x, noise)
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
    return ((seen - x) ** 2).sum(dim=1).mean() / 784 + divergence / 784


def encoder(torch: Any) -> Any:
    """Two layers of 128 channels with 4 heads."""
    nn = torch.nn
    layer = nn.TransformerEncoderLayer(128, 4, 256, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
