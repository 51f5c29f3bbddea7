"""Data sets of images, and made-up ones of points."""

from __future__ import annotations

from .base import VisionDataset
from .cifar import CIFAR10, CIFAR100
from .fake import Digits, FakeData
from .folder import DatasetFolder, ImageFolder
from .mnist import KMNIST, MNIST, FashionMNIST
from .points import blobs, moons, spirals

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "KMNIST",
    "MNIST",
    "DatasetFolder",
    "Digits",
    "FakeData",
    "FashionMNIST",
    "ImageFolder",
    "VisionDataset",
    "blobs",
    "moons",
    "spirals",
]
