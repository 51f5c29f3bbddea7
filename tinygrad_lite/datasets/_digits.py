"""The handwritten digits that the first steps are made with."""

from __future__ import annotations

import io
import pkgutil
from typing import TYPE_CHECKING

import numpy as np

from .._creation import tensor

if TYPE_CHECKING:
    from .._tensor import Tensor


def digits() -> tuple[Tensor, Tensor]:
    """1,797 handwritten digits as published: images, and the digit that each one shows.

    Nothing is scaled, shuffled or split; these steps are the caller's, so that they can be seen::

        images, labels = datasets.digits()
        x = images.reshape(-1, 64) / 16                      # pixels between 0 and 1
        train, test = random_split(TensorDataset(x, labels), [0.8, 0.2])

    **Shapes** images `(1797, 8, 8)` float32, labels `(1797,)` int64. **Range** pixels are the whole
    numbers 0 (white) to 16 (black), labels 0 to 9, 174 to 183 of each.

    **Source** E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits* (1998), UCI
    Machine Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0. These are the
    digits of its test part, by 13 writers, as scikit-learn distributes them.

    >>> images, labels = digits()
    >>> images.shape, labels[:5].tolist()
    (torch.Size([1797, 8, 8]), [0, 1, 2, 3, 4])
    """
    # pkgutil reads from folders and zips alike; importlib.resources would cost 10 ms to import
    data = pkgutil.get_data(__name__, "digits.npz")
    with np.load(io.BytesIO(data or b""), allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    return tensor(images.astype(np.float32)), tensor(labels.astype(np.int64))
