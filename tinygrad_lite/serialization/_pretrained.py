"""Models in a folder, as model hubs lay them out: `config.json` and `model.safetensors`."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from ..nn import Module
from ._files import load, save
from ._replace import replace_file

__all__ = ["Pretrained", "from_pretrained", "save_pretrained"]

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def save_pretrained(model: Module, folder: Any, config: dict[str, Any] | None = None) -> None:
    """Write a model's weights into a folder, and beside them what its constructor needs.

    A model that is `Pretrained` knows its `config`; for others give it, or leave it empty.
    """
    folder = Path(folder)
    config = getattr(model, "config", {}) if config is None else config
    try:
        text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    except TypeError as error:
        raise TypeError(
            f"save_pretrained: the configuration goes into {CONFIG}, so it holds texts, numbers, "
            f"lists and dicts: {error}"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    save(model.state_dict(), folder / WEIGHTS)
    replace_file(folder / CONFIG, lambda file: _write(file, text), len(text))


def _write(file: Any, text: str) -> None:
    file.write(text.encode())


def from_pretrained(make: Callable[..., Module], folder: Any, **changes: Any) -> Module:
    """A model made by `make(**config)`, with the weights in a folder, ready for inference.

    `changes` replace entries of the configuration.
    """
    folder = Path(folder)
    if not (folder / WEIGHTS).is_file():
        raise FileNotFoundError(
            f"{folder} has no {WEIGHTS}: from_pretrained reads local folders, such as "
            "save_pretrained writes them"
        )
    config = {}
    if (folder / CONFIG).is_file():
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    model = make(**_accepted(make, config), **changes)
    model.load_state_dict(load(folder / WEIGHTS))
    return model.eval()


def _accepted(make: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The entries that a constructor takes: foreign configurations hold more."""
    parameters = inspect.signature(make).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return config
    return {p.name: config[p.name] for p in parameters if p.name in config}


class Pretrained:
    """Beside `nn.Module`, gives a model `save_pretrained` and `from_pretrained`.

    The arguments of the constructor are kept in `config`.

    >>> import tempfile, tinygrad_lite as torch
    >>> class Net(torch.nn.Module, Pretrained):
    ...     def __init__(self, width=4):
    ...         super().__init__()
    ...         self.fc = torch.nn.Linear(2, width)
    >>> folder = tempfile.TemporaryDirectory()
    >>> Net(width=8).save_pretrained(folder.name)
    >>> Net.from_pretrained(folder.name).fc
    Linear(in_features=2, out_features=8, bias=True)
    >>> folder.cleanup()
    """

    config: dict[str, Any]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__:
            cls.__init__ = _noting(cls.__init__)  # type: ignore[method-assign]

    def save_pretrained(self, folder: Any) -> None:
        """Write `config.json` and `model.safetensors` into a folder."""
        save_pretrained(self, folder)  # type: ignore[arg-type]

    @classmethod
    def from_pretrained(cls, folder: Any, **changes: Any) -> Self:
        """The model in a folder; `changes` replace entries of its configuration."""
        return from_pretrained(cls, folder, **changes)  # type: ignore[arg-type,return-value]


def _noting(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor that keeps what it was called with, the outermost one of a model."""
    signature = inspect.signature(init)

    @functools.wraps(init)
    def noted(self: Any, *args: Any, **keywords: Any) -> None:
        if "config" not in self.__dict__:
            bound = signature.bind(self, *args, **keywords)
            bound.apply_defaults()
            self.__dict__["config"] = _flat(bound)
        init(self, *args, **keywords)

    return noted


def _flat(bound: inspect.BoundArguments) -> dict[str, Any]:
    given = dict(list(bound.arguments.items())[1:])
    for name, parameter in bound.signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(name, {}))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            given.pop(name, None)
    return given
