"""Residual networks.

**Source** He, Zhang, Ren and Sun (2016), "Deep residual learning for image recognition"; wide ones
Zagoruyko and Komodakis (2016), ResNeXt Xie et al. (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nn
from ..._functions.shape import flatten
from ._weights import refuse

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "ResNet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "wide_resnet50_2",
    "wide_resnet101_2",
]

Norm = Callable[[int], Any]


def _conv(inner: int, outer: int, size: int, **settings: Any) -> nn.Conv2d:
    settings.setdefault("padding", settings.get("dilation", 1) * (size // 2))
    return nn.Conv2d(inner, outer, size, bias=False, **settings)


class BasicBlock(nn.Module):
    """Two convolutions, and the way around them."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: Any = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        norm = norm_layer or nn.BatchNorm2d
        self.conv1, self.bn1 = _conv(inplanes, planes, 3, stride=stride), norm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = _conv(planes, planes, 3), norm(planes)
        self.downsample, self.stride = downsample, stride

    def forward(self, x: Any) -> Any:
        """Return relu(f(x) + x)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """Three convolutions, the middle one narrow, and the way around them."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: Any = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1, self.bn1 = _conv(inplanes, width, 1), norm(width)
        self.conv2 = _conv(width, width, 3, stride=stride, groups=groups, dilation=dilation)
        self.bn2 = norm(width)
        self.conv3, self.bn3 = _conv(width, planes * self.expansion, 1), norm(planes * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample, self.stride = downsample, stride

    def forward(self, x: Any) -> Any:
        """Return relu(f(x) + x)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Four stages of blocks between a convolution and a linear layer."""

    def __init__(
        self,
        block: Any,
        layers: list[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: list[bool] | None = None,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self._norm: Any = norm_layer or nn.BatchNorm2d
        self.inplanes, self.dilation = 64, 1
        self.groups, self.base_width = groups, width_per_group
        dilated = [False, *(replace_stride_with_dilation or [False] * 3)]
        self.conv1, self.bn1 = _conv(3, 64, 7, stride=2), self._norm(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for i, count in enumerate(layers):
            stage = self._stage(block, 64 * 2**i, count, 1 if i == 0 else 2, dilate=dilated[i])
            setattr(self, f"layer{i + 1}", stage)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self._initialise(zero_init_residual)

    def _stage(self, block: Any, planes: int, count: int, stride: int, *, dilate: bool) -> Any:
        first = self.dilation
        if dilate:
            self.dilation, stride = self.dilation * stride, 1
        around = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            outer = planes * block.expansion
            conv = _conv(self.inplanes, outer, 1, stride=stride)
            around = nn.Sequential(conv, self._norm(outer))
        common = (self.groups, self.base_width)
        blocks = [block(self.inplanes, planes, stride, around, *common, first, self._norm)]
        self.inplanes = planes * block.expansion
        blocks += [
            block(self.inplanes, planes, 1, None, *common, self.dilation, self._norm)
            for _ in range(1, count)
        ]
        return nn.Sequential(*blocks)

    def _initialise(self, zero_init_residual: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if zero_init_residual and isinstance(module, (BasicBlock, Bottleneck)):
                last = module.bn3 if isinstance(module, Bottleneck) else module.bn2
                nn.init.constant_(last.weight, 0)

    def forward(self, x: Any) -> Any:
        """Return the logits of images (N, 3, H, W)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.fc(flatten(self.avgpool(x), 1))


def _maker(name: str, block: Any, layers: list[int], **fixed: Any) -> Callable[..., ResNet]:
    def make(*, weights: Any = None, **settings: Any) -> ResNet:
        refuse(name, weights, settings)
        return ResNet(block, layers, **{**fixed, **settings})

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"Return {name} with new weights."
    return make


resnet18 = _maker("resnet18", BasicBlock, [2, 2, 2, 2])
resnet34 = _maker("resnet34", BasicBlock, [3, 4, 6, 3])
resnet50 = _maker("resnet50", Bottleneck, [3, 4, 6, 3])
resnet101 = _maker("resnet101", Bottleneck, [3, 4, 23, 3])
resnet152 = _maker("resnet152", Bottleneck, [3, 8, 36, 3])
wide_resnet50_2 = _maker("wide_resnet50_2", Bottleneck, [3, 4, 6, 3], width_per_group=128)
wide_resnet101_2 = _maker("wide_resnet101_2", Bottleneck, [3, 4, 23, 3], width_per_group=128)
resnext50_32x4d = _maker("resnext50_32x4d", Bottleneck, [3, 4, 6, 3], groups=32, width_per_group=4)
resnext101_32x8d = _maker(
    "resnext101_32x8d", Bottleneck, [3, 4, 23, 3], groups=32, width_per_group=8
)
