"""Optimizers and clipping.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

PLAIN = r"""
(lambda o: (o.register_step_pre_hook(lambda *a: 3), o.step()))(torch.optim.SGD(parameters(torch,
    h)))
torch.optim.Optimizer([torch.ones(1, requires_grad=True)], {}).step()
repr(torch.optim.Optimizer([torch.ones(1, requires_grad=True)], {'a': 1}))
torch.optim.LBFGS([{'params': [torch.ones(1, requires_grad=True)]}, {'params': [torch.ones(1,
    requires_grad=True)]}])
(lambda o: (type(o.state).__name__, len(o.state), o.param_groups[0].keys() -
    {'params'}))(torch.optim.Adam([torch.ones(1, requires_grad=True)]))
torch.optim.Adam([{'params': [torch.ones(1, requires_grad=True)] * 1}, {'params': [torch.ones(2,
    requires_grad=True), torch.ones(3,
    requires_grad=True)]}]).state_dict()['param_groups'][1]['params']
(lambda o: (lambda: o.step(lambda:
    torch.tensor(float(torch.is_grad_enabled()))))())(torch.optim.SGD([torch.ones(1,
    requires_grad=True)]))
torch.nn.utils.clip_grad_norm_([torch.ones(1, requires_grad=True)], 1.0)
torch.nn.utils.clip_grad_norm_([], 1.0)
(lambda p: (torch.nn.utils.clip_grad_norm_(p, 0.1), p.grad))(with_gradients(torch, h)[0])
torch.nn.utils.clip_grad_norm_(with_gradients(torch, h), '1.5')
torch.nn.utils.clip_grad_norm_(with_gradients(torch, h), torch.tensor(1.0))
torch.nn.utils.clip_grad_norm(with_gradients(torch, h), 1.0)
(lambda p: (torch.nn.utils.clip_grad_value_(p, 0.1, foreach=True), p.grad))(with_gradients(torch,
    h)[0])
torch.nn.utils.get_total_norm([torch.tensor([float('nan')])], error_if_nonfinite=True)
torch.nn.utils.get_total_norm([])
torch.nn.utils.get_total_norm(torch.ones(4))
(lambda P: (torch.nn.utils.clip_grads_with_norm_(P, 1.0, torch.tensor(5.0)), [p.grad for p in
    P]))(with_gradients(torch, h))
torch.nn.utils.parameters_to_vector(parameters(torch, h))
(lambda P: (torch.nn.utils.vector_to_parameters(torch.arange(19.0, dtype=torch.float64), P),
    P))(parameters(torch, h))
torch.nn.utils.vector_to_parameters([1], parameters(torch, h))
torch.nn.utils.vector_to_parameters(torch.arange(3.0), parameters(torch, h))
(lambda P: (torch.nn.utils.vector_to_parameters(torch.arange(30.0), P), P))(parameters(torch, h,
    'float32'))
torch.nn.utils.parameters_to_vector([])
"""

TABLES = {
    "PLAIN": (PLAIN, None),
}
