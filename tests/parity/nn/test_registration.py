"""Hooks on every registration, and on backward of results that are not all tensors."""

from __future__ import annotations

from tests.parity.expressions.twins import agree


def test_hooks_see_every_registration_and_may_replace_it():
    def run(torch, _):
        module, seen = torch.nn.modules.module, []

        def note(kind):
            return lambda owner, name, value: seen.append((kind, type(owner).__name__, name))

        handles = [
            module.register_module_parameter_registration_hook(note("parameter")),
            module.register_module_buffer_registration_hook(note("buffer")),
            module.register_module_module_registration_hook(note("module")),
            module.register_module_parameter_registration_hook(
                lambda owner, name, value: torch.nn.Parameter(torch.zeros_like(value))
            ),
        ]
        try:
            made = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.BatchNorm1d(2))
        finally:
            for handle in handles:
                handle.remove()
        again = torch.nn.Linear(1, 1)
        return seen, [p.abs().sum() for p in made[1].parameters()], len(list(again.parameters()))

    agree(run)


def test_backward_hooks_of_nested_results():
    def run(torch, h):
        layer, x, seen = h.fill(torch.nn.LSTM(2, 3)), h.x(4, 1, 2, grad=True), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
        layer(x)[0].sum().backward()
        return seen, x.grad

    agree(run)


def test_a_backward_past_the_output_is_not_shown():
    def run(torch, h):
        class Named(torch.nn.Module):
            def forward(self, x):
                return {"y": x * 2}

        layer, x, seen = Named(), h.x(2, grad=True), []
        layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
        layer(x)["y"].sum().backward()
        return seen, x.grad

    agree(run)


def test_one_kind_of_backward_hooks_at_a_time():
    def run(torch, _):
        layer = torch.nn.Tanh()
        layer.register_full_backward_hook(lambda *a: None)
        layer.register_backward_hook(lambda *a: None)

    agree(run)
