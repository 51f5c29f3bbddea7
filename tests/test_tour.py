"""A tour in fifteen steps, from a product of two numbers to a classifier of handwritten digits.

Start here to learn what the library does; then read `tinygrad_lite/ops/elementwise.py`.
"""

import numpy as np

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.datasets import digits
from tinygrad_lite.utils.data import DataLoader, TensorDataset, random_split


def test_01_a_tensor_holds_numbers():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.shape == (2, 2)
    assert (x + 1).tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_02_it_records_what_is_done_with_it():
    x = torch.tensor(3.0, requires_grad=True)
    y = x * 2
    assert y.grad_fn.name() == "MulBackward0"


def test_03_backward_gives_the_derivative():
    x = torch.tensor(3.0, requires_grad=True)
    (x * x).backward()
    assert x.grad.item() == 6.0  # d(x²)/dx = 2x


def test_04_the_chain_rule_needs_no_formula_of_ours():
    x = torch.tensor(0.5, requires_grad=True)
    (x.sin() * x.exp()).backward()
    expected = np.exp(0.5) * (np.cos(0.5) + np.sin(0.5))
    assert abs(x.grad.item() - expected) < 1e-6


def test_05_a_value_used_twice_gets_both_contributions():
    x = torch.tensor(2.0, requires_grad=True)
    (x * 3 + x * 4).backward()
    assert x.grad.item() == 7.0


def test_06_gradients_add_up_until_they_are_cleared():
    x = torch.tensor(1.0, requires_grad=True)
    (x * 2).backward()
    (x * 2).backward()
    assert x.grad.item() == 4.0
    x.grad = None


def test_07_shapes_broadcast_and_gradients_come_back_in_shape():
    rows = torch.ones(3, 2)
    bias = torch.zeros(2, requires_grad=True)
    (rows + bias).sum().backward()
    assert bias.grad.tolist() == [3.0, 3.0]


def test_08_a_derivative_can_be_differentiated_again():
    x = torch.tensor(2.0, requires_grad=True)
    (first,) = torch.autograd.grad(x**3, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12.0, 12.0)


def test_09_numbers_tell_whether_a_derivative_is_right():
    x = np.array([0.3, -0.7])
    numeric = torch.autograd.numerical_gradient(lambda v: float((v**3).sum()), x)
    np.testing.assert_allclose(numeric, 3 * x**2, rtol=1e-6)
    assert torch.autograd.gradcheck(torch.tanh, torch.tensor(x, requires_grad=True))


def test_10_an_operation_of_your_own_is_three_lines():
    @torch.op(kind="elementwise")
    def softplus(x):
        return np.logaddexp(x, 0)

    softplus.rule(lambda g, x: g / (1 + np.exp(-x)))
    x = torch.tensor([0.0], requires_grad=True)
    softplus(x).sum().backward()
    assert x.grad.item() == 0.5


def test_11_a_layer_is_a_product_and_a_sum_with_parameters():
    layer = nn.Linear(3, 2)
    x = torch.randn(4, 3)
    assert torch.allclose(layer(x), x @ layer.weight.T + layer.bias, atol=1e-6)


def test_12_a_loss_says_how_wrong_a_model_is():
    scores, target = torch.tensor([[2.0, 0.0]]), torch.tensor([0])
    loss = nn.functional.cross_entropy(scores, target)
    assert abs(loss.item() + np.log(np.exp(2) / (np.exp(2) + 1))) < 1e-6


def test_13_gradient_descent_walks_downhill():
    w = torch.tensor(5.0, requires_grad=True)
    for _ in range(50):
        (w * w).backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    assert abs(w.item()) < 1e-3


def test_14_the_graph_is_a_value_of_its_own():
    x = torch.tensor(1.0, requires_grad=True)
    graph = torch.graph((x * 2).exp())
    assert [node.op for node in graph] == ["mul", "exp"]


def test_15_all_together_a_network_reads_digits():
    torch.manual_seed(0)
    images, labels = digits()
    data = TensorDataset(images.reshape(-1, 64) / 16, labels)
    train, test = random_split(data, [0.8, 0.2])
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(10):
        for x, y in DataLoader(train, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    x, y = test[:]
    accuracy = (model(x).argmax(dim=1) == y).float().mean()
    assert accuracy > 0.93
