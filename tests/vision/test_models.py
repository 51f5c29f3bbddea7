"""Networks have the published sizes and keys, and train."""

from __future__ import annotations

import pytest

import tinygrad_lite as torch
from tinygrad_lite.vision import models


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("resnet18", 11_689_512),
        ("resnet34", 21_797_672),
        ("resnet50", 25_557_032),
        ("resnext50_32x4d", 25_028_904),
    ],
)
def test_as_many_parameters_as_published(name, count):
    model = getattr(models, name)()
    assert sum(p.numel() for p in model.parameters()) == count


def test_keys_are_those_of_published_weights():
    keys = list(models.resnet18(num_classes=10).state_dict())
    assert len(keys) == 122
    assert keys[:3] == ["conv1.weight", "bn1.weight", "bn1.bias"]
    assert "layer2.0.downsample.1.running_mean" in keys
    assert keys[-2:] == ["fc.weight", "fc.bias"]
    bottleneck = models.resnet.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], num_classes=2)
    assert "layer4.0.conv3.weight" in bottleneck.state_dict()


def test_features_of_vgg_are_numbered_as_published():
    features = models.vgg._features(16, norm=True)
    assert len(features) == 44
    assert [i for i, layer in enumerate(features) if isinstance(layer, torch.nn.MaxPool2d)] == [
        6, 13, 23, 33, 43,
    ]  # fmt: skip
    assert tuple(features(torch.zeros(1, 3, 32, 32)).shape) == (1, 512, 1, 1)


@pytest.mark.parametrize("block", ["BasicBlock", "Bottleneck"])
def test_a_small_residual_network_learns(block):
    torch.manual_seed(0)
    model = models.ResNet(getattr(models.resnet, block), [1, 1, 1, 1], num_classes=3)
    x, y = torch.randn(6, 3, 32, 32), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(5):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def test_options_of_residual_networks():
    model = models.ResNet(
        models.resnet.Bottleneck,
        [1, 1, 1, 1],
        num_classes=2,
        zero_init_residual=True,
        replace_stride_with_dilation=[False, True, True],
        norm_layer=lambda channels: torch.nn.GroupNorm(8, channels),
    )
    assert float(model.layer1[0].bn3.weight.abs().sum()) == 0
    features = model.layer4(model.layer3(model.layer2(torch.zeros(1, 256, 16, 16))))
    assert tuple(features.shape) == (1, 2048, 8, 8)
    with pytest.raises(NotImplementedError, match="Dilation"):
        models.resnet.BasicBlock(8, 8, dilation=2)
    with pytest.raises(ValueError, match="groups=1"):
        models.resnet.BasicBlock(8, 8, groups=2)


@pytest.mark.parametrize("asked", [{"weights": "DEFAULT"}, {"pretrained": True}])
def test_published_weights_are_not_fetched(asked):
    with pytest.raises(NotImplementedError, match="load_state_dict"):
        models.resnet18(**asked)
    assert models.resnet18(weights=None, pretrained=False, progress=True, num_classes=2) is not None
