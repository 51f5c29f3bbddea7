"""Data sets of images, and made-up ones of points."""

from __future__ import annotations

from .base import VisionDataset
from .fake import Digits, FakeData
from .mnist import KMNIST, MNIST, FashionMNIST
from .points import blobs, moons, spirals

__all__ = [
    "KMNIST",
    "MNIST",
    "Digits",
    "FakeData",
    "FashionMNIST",
    "VisionDataset",
    "blobs",
    "moons",
    "spirals",
]
