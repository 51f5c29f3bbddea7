"""The mistakes that beginners make: what the message says, and that its remedy makes them run.

Each row has the mistake, PyTorch's exception class, what the message must say (what was given, what
was expected, where, what to write), and the same lines with the remedy. What PyTorch accepts in
silence stands in test_hints.py.
"""

import re
import warnings

import numpy as np
import pytest

import tinygrad_lite as torch
import tinygrad_lite.nn.functional as F
from tinygrad_lite import nn, optim
from tinygrad_lite.utils.data import DataLoader, default_collate

X, Y = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])


class Net(nn.Module):
    """One layer under a name, after what is done to the input."""

    def __init__(self, layer, before=lambda x: x):
        super().__init__()
        self.body, self.before = layer, before

    def forward(self, x):
        return self.body(self.before(x))


def leaf(*values):
    return torch.tensor([*map(float, values)] or [1.0, 2.0], requires_grad=True)


def nested(features):
    return lambda: Net(nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Linear(features, 3)))(
        torch.randn(8, 5)
    )


def flattened(features):
    return lambda: Net(nn.Linear(features, 10), lambda x: x.flatten(1))(torch.randn(2, 4, 26, 26))


def backward_twice(**options):
    def run():
        x = leaf()
        loss = (x * x).sum()
        loss.backward(**options)
        loss.backward()

    return run


def backward_of(compute):
    return lambda: compute(leaf()).backward()


def hidden_state(cut):
    def run():
        cell, h = nn.RNNCell(2, 3), torch.zeros(1, 3)
        for _ in range(2):
            h = cell(torch.randn(1, 2), cut(h))
            h.sum().backward()

    return run


def without_graph(make):
    def run():
        model = nn.Linear(3, 2)
        make(model).backward()

    return run


def frozen(model):
    model.requires_grad_(False)
    return model(X).sum()


def unrecorded(model):
    with torch.no_grad():
        return model(X).sum()


def change_leaf(guard):
    def run():
        w = leaf()
        with guard():
            w -= 0.1

    return run


def change_saved(change):
    def run():
        y = leaf().exp()
        y = change(y)
        y.sum().backward()

    return run


def plus_one_in_place(y):
    y += 1
    return y


def step_between(late):
    def run():
        model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        out = model(torch.ones(1, 2))
        first, second = out.sum(), out.square().sum()
        first.backward(retain_graph=True)
        if not late:
            optimizer.step()
        second.backward()
        optimizer.step()

    return run


def rebuilt_weight(in_place):
    def run():
        w = leaf()
        for _ in range(2):
            (w * w).sum().backward()
            if in_place:
                with torch.no_grad():
                    w -= 0.1 * w.grad
                w.grad = None
            else:
                w = w - 0.1 * w.grad

    return run


def layer_without_init(call):
    class Layer(nn.Module):
        def __init__(self):
            if call:
                super().__init__()
            self.fc = nn.Linear(1, 1)

    return Layer


def attribute_without_init(call):
    class Layer(nn.Module):
        def __init__(self):
            if call:
                super().__init__()
            self.k = 3

        def forward(self, x):
            return x * self.k

    return lambda: Layer()(X)


class Listed(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layers = kind([nn.Linear(3, 3)])


def optimizer_of(choose):
    def run():
        model = Listed(list)
        optim.SGD(choose(model), lr=0.1)

    return run


def sgd(**settings):
    return lambda: optim.SGD(nn.Linear(1, 1).parameters(), **settings)


def load(change):
    def run():
        model = nn.Linear(2, 2)
        model.load_state_dict(change(model.state_dict()))

    return run


def norm(prepare, rows=1):
    return lambda: Net(prepare(nn.BatchNorm1d(3)))(torch.randn(rows, 3))


def convolve(x, channels=3):
    return lambda: Net(nn.Conv2d(channels, 8, 3))(x)


def batches(samples, **options):
    return lambda: list(DataLoader(samples, batch_size=20, **options))


def padded(batch):
    return torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)


def present(batch):
    return default_collate([sample for sample in batch if sample is not None])


def arrays(x):
    return np.array([x.sum(), x.sum()])


RAGGED = [torch.ones(3)] * 17 + [torch.ones(4)] + [torch.ones(3)]
LOSS = nn.MSELoss()
KEYED = "module."

MISTAKES = {
    1: (nested(4), RuntimeError,
        r"cannot be multiplied.*\(8, 5\) has 5 features, expected 4.*Linear\(5, 3\).*in module "
        r"`body\.2`: Linear\(in_features=4", nested(5)),
    2: (flattened(100), RuntimeError,
        r"\(2, 2704\) has 2704 features, expected 100: use Linear\(2704, 10\).*in module `body`",
        flattened(2704)),
    3: (lambda: torch.ones(3) + torch.ones(4), RuntimeError,
        r"size of tensor a \(3\) must match.*b \(4\).*dimension 0.*a\.unsqueeze\(1\)",
        lambda: torch.ones(3).unsqueeze(1) + torch.ones(4)),
    4: (lambda: torch.ones(2, 3) @ torch.ones(2, 3), RuntimeError,
        r"2x3 and 2x3.*inner sizes 3 and 2.*a @ b\.mT would give \(2, 2\)",
        lambda: torch.ones(2, 3) @ torch.ones(2, 3).mT),
    7: (lambda: Net(nn.Linear(3, 2))(torch.from_numpy(np.ones((4, 3)))), RuntimeError,
        r"float64 != float32.*NumPy's default.*x\.float\(\).*in module `body`",
        lambda: Net(nn.Linear(3, 2))(torch.from_numpy(np.ones((4, 3))).float())),
    8: (convolve(torch.ones(1, 3, 8, 8, dtype=torch.uint8)), RuntimeError,
        r"uint8.*weight type.*x\.float\(\) / 255.*`body`",
        convolve(torch.ones(1, 3, 8, 8, dtype=torch.uint8).float() / 255)),
    9: (backward_twice(), RuntimeError,
        r"second time.*mul \(test_mistakes\.py:\d+\).*Compute the loss again, or pass retain_graph",
        backward_twice(retain_graph=True)),
    10: (hidden_state(lambda h: h), RuntimeError, r"earlier step wants h = h\.detach\(\)",
         hidden_state(lambda h: h.detach())),
    11: (backward_of(lambda x: x * 2), RuntimeError,
         r"scalar outputs.*shape \[2\]; use \.mean\(\) or \.sum\(\) first, or pass gradient=",
         backward_of(lambda x: (x * 2).mean())),
    12: (without_graph(lambda m: m(X).argmax(1).float().mean()), RuntimeError,
         r"does not require grad.*argmax.*explain.*why_no_grad",
         without_graph(lambda m: m(X).softmax(1).mean())),
    12.1: (without_graph(frozen), RuntimeError, r"all parameters frozen",
           without_graph(lambda m: m(X).sum())),
    12.2: (without_graph(unrecorded), RuntimeError, r"made under torch\.no_grad\(\)",
           without_graph(lambda m: m(X).sum())),
    13: (change_leaf(torch.enable_grad), RuntimeError,
         r"leaf Variable that requires grad.*under torch\.no_grad\(\)", change_leaf(torch.no_grad)),
    14: (change_saved(plus_one_in_place), RuntimeError,
         r"modified by an inplace operation: exp \(test_mistakes\.py:\d+\) keeps.*shape \[2\], "
         r"which add_ \(test_mistakes\.py:\d+\) changed.*y = y \+ 1",
         change_saved(lambda y: y + 1)),
    15: (step_between(late=False), RuntimeError,
         r"linear \(test_mistakes\.py:\d+\).*SGD\.step\(\) \(test_mistakes\.py:\d+\) changed.*"
         r"step\(\) after the last backward", step_between(late=True)),
    19: (layer_without_init(call=False), AttributeError,
         r"before Module\.__init__\(\) call: Layer\.__init__ must start with super\(\)\.__init__",
         layer_without_init(call=True)),
    19.1: (attribute_without_init(call=False), AttributeError,
           r"Layer\.__init__ must start with super\(\)\.__init__",
           attribute_without_init(call=True)),
    22: (optimizer_of(lambda m: m.parameters()), ValueError,
         r"empty parameter list.*ModuleList\)\?: see Listed\.layers \(list of 1 Module\)",
         lambda: optim.SGD(Listed(nn.ModuleList).parameters(), lr=0.1)),
    23: (lambda: optim.SGD(nn.Linear(1, 1), lr=0.1), TypeError,
         r"the Linear itself: pass model\.parameters\(\)", sgd(lr=0.1)),
    23.1: (lambda: optim.SGD(leaf(), lr=0.1), TypeError, r"got a Tensor: put it into a list",
           lambda: optim.SGD([leaf()], lr=0.1)),
    24: (sgd(lr="0.1"), TypeError, r"finite number >= 0, got '0\.1' \(str\)", sgd(lr=0.1)),
    24.1: (sgd(lr=float("nan")), ValueError, r"nan; lr must be a finite number >= 0", sgd(lr=0.1)),
    24.2: (sgd(lr=-1), ValueError, r"-1; lr must be a finite number >= 0", sgd(lr=1)),
    25: (lambda: F.cross_entropy(X, torch.tensor([1, 2, 2, 3])), IndexError,
         r"Target 3 is out of bounds for 3 classes: entry 3 .* 0 to 2; labels that start at 1 want "
         r"target - 1", lambda: F.cross_entropy(X, torch.tensor([1, 2, 2, 3]) - 1)),
    27: (lambda: F.cross_entropy(X, F.one_hot(Y, 3)), RuntimeError,
         r"shape \(4,\).*got shape \(4, 3\).*int64; they look one-hot: target\.argmax\(1\)",
         lambda: F.cross_entropy(X, F.one_hot(Y, 3).argmax(1))),
    28: (lambda: F.cross_entropy(X, Y.float()), RuntimeError,
         r"Long but found.*float32.*target\.long\(\)",
         lambda: F.cross_entropy(X, Y.float().long())),
    29: (lambda: F.cross_entropy(X, Y[:, None]), RuntimeError,
         r"shape \(4,\).*got shape \(4, 1\).*target\.squeeze\(1\)",
         lambda: F.cross_entropy(X, Y[:, None].squeeze(1))),
    30: (lambda: F.cross_entropy(Y, X), RuntimeError,
         r"not implemented for 'Long'.*int64 of shape \(4,\).*float32 of shape \(4, 3\).*swapped\?",
         lambda: F.cross_entropy(X, Y)),
    31: (lambda: F.binary_cross_entropy(torch.tensor([2.0, 0.5]), torch.ones(2)), RuntimeError,
         r"between 0 and 1: input\[0\] is 2\.0.*binary_cross_entropy_with_logits",
         lambda: F.binary_cross_entropy_with_logits(torch.tensor([2.0, 0.5]), torch.ones(2))),
    33: (lambda: leaf().numpy(), RuntimeError,
         r"requires grad\. Use tensor\.detach\(\)\.numpy\(\).*torch\.no_grad\(\)",
         lambda: leaf().detach().numpy()),
    34: (lambda: np.fft.fft(leaf()), TypeError,
         r"np\.fft cannot be recorded.*cut the graph.*detach\(\)\.numpy\(\)",
         lambda: np.fft.fft(leaf().detach().numpy())),
    34.1: (lambda: arrays(leaf()), RuntimeError, r"detach\(\)\.numpy\(\)",
           lambda: arrays(leaf().detach().numpy())),
    35: (load(lambda s: {KEYED + k: v for k, v in s.items()}), RuntimeError,
         r'Missing key.*"weight".*Unexpected.*"module\.weight".*All keys start with "module\."',
         load(lambda s: {(KEYED + k).removeprefix(KEYED): v for k, v in s.items()})),
    35.1: (load(lambda s: {"wieght": s["weight"], "bias": s["bias"]}), RuntimeError,
           r'Nearest names: "wieght" -> "weight"', load(lambda s: s)),
    35.2: (load(lambda s: {**s, "bias": torch.ones(3)}), RuntimeError,
           r"size mismatch for bias.*\[3\].*\[2\]", load(lambda s: {**s, "bias": torch.ones(2)})),
    36: (norm(lambda m: m), ValueError,
         r"more than 1 value per channel.*\[1, 3\].*model\.eval\(\).*drop_last=True.*in module "
         r"`body`: BatchNorm1d", norm(lambda m: m.eval())),
    37: (lambda: torch.ones(2, device="gpu"), RuntimeError,
         r"gpu \(only 'cpu' can be used here; portable: 'cuda' if torch\.cuda\.is_available\(\)",
         lambda: torch.ones(2, device="cuda" if torch.cuda.is_available() else "cpu")),
    37.1: (lambda: nn.Linear(1, 1).to("cuda"), RuntimeError,
           r"'cuda' is not available.*NVIDIA.*is_available\(\)",
           lambda: nn.Linear(1, 1).to("cuda" if torch.cuda.is_available() else "cpu")),
    38: (convolve(torch.randn(2, 1, 28, 28)), RuntimeError,
         r"\[2, 1, 28, 28\] to have 3 channels, but got 1 channels.*in_channels=1.*`body`: Conv2d",
         convolve(torch.randn(2, 1, 28, 28), channels=1)),
    38.1: (convolve(torch.randn(2, 28, 28, 3)), RuntimeError,
           r"got 28 channels instead; the channels stand last: x\.permute\(0, 3, 1, 2\)",
           convolve(torch.randn(2, 28, 28, 3).permute(0, 3, 1, 2))),
    38.2: (convolve(torch.randn(2, 784), channels=1), RuntimeError,
           r"3D.*or 4D.*size: \[2, 784\]: unflatten it with x\.view\(-1, 1, 28, 28\)",
           convolve(torch.randn(2, 784).view(-1, 1, 28, 28), channels=1)),
    39: (lambda: nn.Embedding(5, 2)(torch.tensor([1, 5])), IndexError,
         r"index 5 at \[1\], but num_embeddings=5 allows 0\.\.4: use Embedding\(6, 2\)",
         lambda: nn.Embedding(6, 2)(torch.tensor([1, 5]))),
    40: (batches(RAGGED), RuntimeError,
         r"\[3\] at entry 0 and \[4\] at entry 17: pad the samples in a collate_fn",
         batches(RAGGED, collate_fn=padded)),
    40.1: (batches([torch.ones(3), None]), TypeError,
           r"NoneType.*at entry 1: does __getitem__ return.*collate_fn",
           batches([torch.ones(3), None], collate_fn=present)),
}  # fmt: skip


def text_of(error):
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


@pytest.mark.parametrize("number", MISTAKES)
def test_the_message_says_what_is_wrong_and_what_to_write(number):
    wrong, kind, words, _ = MISTAKES[number]
    with pytest.raises(kind) as caught:
        wrong()
    assert re.search(words, text_of(caught.value), re.DOTALL), text_of(caught.value)


@pytest.mark.parametrize("number", MISTAKES)
def test_the_remedy_works(number):
    MISTAKES[number][3]()


def test_losses_of_pairs_warn_as_in_pytorch():
    with pytest.warns(UserWarning, match=r"\[5\].*different to.*\[5, 1\].*target\.unsqueeze\(1\)"):
        F.mse_loss(torch.ones(5, 1), torch.ones(5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.mse_loss(torch.ones(5, 1), torch.ones(5).unsqueeze(1))


def test_a_weight_that_is_rebuilt_is_named():
    with (
        pytest.warns(
            UserWarning, match=r"not a leaf.*made by sub \(test_mistakes\.py:\d+\).*w -= "
        ),
        pytest.raises(TypeError),
    ):
        rebuilt_weight(in_place=False)()
    rebuilt_weight(in_place=True)()


def test_numpy_functions_are_recorded():
    x = leaf()
    (np.exp(x) + np.ones(2) * x).sum().backward()
    assert x.grad.tolist() == (x.detach().exp() + 1).tolist()
    for turned in (np.reshape(x, -1), np.reshape(x, (2, 1)), np.transpose(x, (0,))):
        assert turned.requires_grad


def test_the_first_nan_is_named():
    def head(x):
        return x / x

    with (
        pytest.raises(
            RuntimeError, match=r"div at test_mistakes\.py:\d+ made the first NaN.*\[0\]"
        ),
        torch.autograd.detect_anomaly(),
    ):
        head(torch.zeros(2, requires_grad=True)).sum().backward()


def test_at_least_forty_of_forty_two_are_answered():
    silent = {6, 17, 18, 20, 21, 26, 32}  # test_hints.py
    elsewhere = {5, 16, 41, 42}  # above, and test_files.py
    answered = {int(number) for number in MISTAKES} | silent | elsewhere
    assert len(answered & set(range(1, 43))) >= 40
