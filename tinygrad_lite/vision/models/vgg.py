"""The networks of the Visual Geometry Group, and AlexNet, which came before.

**Source** Simonyan and Zisserman (2015), "Very deep convolutional networks for large-scale image
recognition"; Krizhevsky (2014), "One weird trick for parallelizing convolutional neural networks".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nn
from ..._functions.shape import flatten
from ._weights import refuse

__all__ = [
    "VGG", "AlexNet", "alexnet", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn",
    "vgg19", "vgg19_bn",
]  # fmt: skip

# convolutions between one pooling and the next
STAGES = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Convolutions 3 x 3 in five stages, and three linear layers."""

    def __init__(
        self,
        features: nn.Module,
        num_classes: int = 1000,
        init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.constant_(module.bias, 0)

    def forward(self, x: Any) -> Any:
        """Return the logits of images (N, 3, H, W)."""
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))


def _features(depth: int, *, norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for width, count in zip(WIDTHS, STAGES[depth], strict=True):
        for _ in range(count):
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
            layers += [nn.BatchNorm2d(width)] if norm else []
            layers.append(nn.ReLU(inplace=True))
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


def _maker(depth: int, *, norm: bool) -> Callable[..., VGG]:
    name = f"vgg{depth}" + "_bn" * norm

    def make(*, weights: Any = None, **settings: Any) -> VGG:
        refuse(name, weights, settings)
        return VGG(_features(depth, norm=norm), **settings)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"Return {name} with new weights."
    return make


vgg11, vgg11_bn = _maker(11, norm=False), _maker(11, norm=True)
vgg13, vgg13_bn = _maker(13, norm=False), _maker(13, norm=True)
vgg16, vgg16_bn = _maker(16, norm=False), _maker(16, norm=True)
vgg19, vgg19_bn = _maker(19, norm=False), _maker(19, norm=True)


class AlexNet(nn.Module):
    """Five convolutions and three linear layers."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Any) -> Any:
        """Return the logits of images (N, 3, H, W)."""
        return self.classifier(flatten(self.avgpool(self.features(x)), 1))


def alexnet(*, weights: Any = None, **settings: Any) -> AlexNet:
    """Return alexnet with new weights."""
    refuse("alexnet", weights, settings)
    return AlexNet(**settings)
