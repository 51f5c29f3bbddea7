"""The protocol of modules: registering, finding, hooks, state dicts, conversions.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

PLAIN = r"""
(lambda m: [k for k, _ in m.named_modules(memo={m.l})])(tree(torch))
[k for k, _ in tree(torch).named_modules(None, 'p', False)]
(lambda m: (setattr(m, 'z', m.l), [k for k, _ in m.named_children()])[1])(tree(torch))
[p.shape for p in tree(torch).parameters(False)]
[p.shape for p in tree(torch).buffers(recurse=False)]
list(net(torch).state_dict(prefix='q.'))
(lambda d: (net(torch).state_dict(destination=d, prefix='x.') is d, list(d)))(OrderedDict())
(lambda d: (net(torch).state_dict(destination=d) is d, list(d)))({})
(lambda d: (net(torch).state_dict(d, 'x.', False), list(d))[1])(OrderedDict())
[(k, type(v).__name__, v.requires_grad) for k, v in
    net(torch).state_dict(keep_vars=True).items()]
[(type(v).__name__, v.requires_grad) for v in net(torch).state_dict().values()]
dict(net(torch).state_dict()._metadata)
(lambda m: (m.state_dict()['0.weight'].zero_(), m[0].weight)[1])(net(torch))
type(net(torch).state_dict()).__name__
(lambda m: (m.load_state_dict({'weight': torch.tensor(2.0)}), m.weight))(torch.nn.PReLU())
net(torch).load_state_dict({'module.' + k: v for k, v in net(torch).state_dict().items()})
(lambda m: (list(m.state_dict()), m.state_dict()['_extra_state'], m.load_state_dict({'p':
    torch.ones(1), '_extra_state': {'v': 9}}), m.v))(with_extra(torch))
with_extra(torch).load_state_dict({'p': torch.ones(1)})
with_extra(torch).load_state_dict({'p': torch.ones(1)}, strict=False)
torch.nn.Linear(1, 1).load_state_dict({**torch.nn.Linear(1, 1).state_dict(), '_extra_state': 1})
torch.nn.Linear(1, 1).get_extra_state()
torch.nn.Linear(1, 1).set_extra_state(1)
(lambda m: (m.register_state_dict_post_hook(lambda *a: {}), m.state_dict()))(net(torch))
(lambda m: (m._register_state_dict_hook(lambda *a: {'a': 1}), m.state_dict())[1])(net(torch))
(lambda m: (m.register_load_state_dict_post_hook(lambda *a: 3),
    m.load_state_dict(m.state_dict())))(net(torch))
(lambda m: (m.register_forward_pre_hook(lambda m, a: a[0] * 2), m(h.x(2,
    3)))[1])(h.fill(torch.nn.Linear(3, 2)))
(lambda m: (m.register_forward_pre_hook(lambda m, a: (a[0] * 2,)), m(h.x(2,
    3)))[1])(h.fill(torch.nn.Linear(3, 2)))
(lambda m: (m.register_forward_pre_hook(lambda m, a, k: a[0] * 2, with_kwargs=True), m(h.x(2,
    3)))[1])(h.fill(torch.nn.Linear(3, 2)))
(lambda m: (m.register_forward_pre_hook(lambda m, a, k: ((a[0] * 2,), {}), with_kwargs=True),
    m(h.x(2, 3)))[1])(h.fill(torch.nn.Linear(3, 2)))
(lambda m: (m.register_forward_hook(lambda m, a, o: o * 3), m(h.x(2,
    3)))[1])(h.fill(torch.nn.Linear(3, 2)))
(lambda m, l: (lambda hd: (m(h.x(2, 3)), hd.remove(), m(h.x(2, 3)), hd.remove(),
    len(l)))(m.register_forward_hook(lambda *a: l.append(1))))(h.fill(torch.nn.Linear(3, 2)), [])
(lambda m, l: ([m.register_forward_hook(lambda *a: l.append(1)).__enter__()], m(h.x(2, 3)),
    len(l))[2])(h.fill(torch.nn.Linear(3, 2)), [])
(lambda m, x: (m.register_full_backward_hook(lambda m, gi, go: (gi[0] * 5,)),
    m(x).sum().backward(), x.grad, m.weight.grad))(h.fill(torch.nn.Linear(3, 2)), h.x(2, 3,
    grad=True))
(lambda m, x: (m.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0])),
    m(x).sum().backward(), x.grad))(h.fill(torch.nn.Linear(3, 2)), h.x(2, 3, grad=True))
(lambda m, x: (m.register_full_backward_pre_hook(lambda m, go: (go[0] * 5,)),
    m(x).sum().backward(), x.grad, m.weight.grad))(h.fill(torch.nn.Linear(3, 2)), h.x(2, 3,
    grad=True))
(lambda m, x, l: (m.register_full_backward_hook(lambda m, gi, go: l.append((gi, go))),
    m(x).sum().backward(), l))(h.fill(torch.nn.Linear(3, 2)), h.x(2, 3), [])
(lambda m, x: (m.register_full_backward_hook(lambda m, gi, go: None),
    m(x).add_(1)))(h.fill(torch.nn.Linear(3, 2)), h.x(2, 3, grad=True))
(lambda m, x: (m.register_full_backward_hook(lambda m, gi, go: None), m(x *
    1)))(torch.nn.ReLU(inplace=True), h.x(2, 3, grad=True))
(lambda m, x, l: (m.register_backward_hook(lambda m, gi, go: l.append((len(gi), go))),
    m(x).sum().backward(), l))(h.fill(torch.nn.Tanh()), h.x(2, 3, grad=True), [])
(lambda m: (m.register_backward_hook(lambda *a: None), m.register_full_backward_hook(lambda *a:
    None)))(torch.nn.Tanh())
(lambda m: (m.register_full_backward_hook(lambda *a: None), m.register_backward_hook(lambda *a:
    None)))(torch.nn.Tanh())
(lambda m, x, l: (m.register_full_backward_hook(lambda m, gi, go: l.append((gi, go))),
    m(x)[0].sum().backward(), l))(h.fill(torch.nn.LSTM(2, 3)), h.x(4, 1, 2, grad=True), [])
(lambda c: (lambda m, x, l: (m.register_full_backward_hook(lambda m, gi, go: l.append((gi, go))),
    m(x)['a'].sum().backward(), l))(c(), h.x(4, 1, 2, grad=True), []))(type('DD',
    (torch.nn.Module,), dict(forward=lambda s, x: {'a': x * 2})))
torch.nn.modules.module.register_module_backward_hook(lambda *a: None).remove()
"""

LAYER = r"""
m.register_parameter('q', torch.ones(2))
m.register_parameter('a.b', None)
m.register_parameter('', None)
m.register_parameter('forward', None)
m.register_parameter(3, None)
m.register_parameter('q', torch.nn.Parameter(torch.ones(2)) * 2)
m.register_parameter('weight', None)
m.register_buffer('a.b', None)
m.register_buffer('', None)
m.register_buffer(3, None)
m.register_buffer('weight', None)
m.register_buffer('q', [1])
(m.register_buffer('q', None), m.register_buffer('q', torch.ones(1)), list(m.state_dict()))
(m.register_buffer('q', torch.ones(1), False), list(m.state_dict()))
m.add_module('q', 3)
m.add_module('a.b', None)
m.add_module('', None)
m.add_module(3, None)
m.add_module('weight', None)
(m.add_module('q', None), m.q, list(m.named_children()), repr(m))
(m.register_module('q', torch.nn.ReLU()), repr(m))
setattr(m, 'weight', torch.ones(2, 2))
(setattr(m, 'weight', None), list(m.state_dict()))
setattr(m, 'weight', 3)
(setattr(m, 'q', torch.nn.ReLU()), setattr(m, 'q', 3))
(setattr(m, 'q', torch.nn.ReLU()), setattr(m, 'q', None), m.q)
(m.register_buffer('q', torch.ones(1)), setattr(m, 'q', 3))
(m.register_buffer('q', torch.ones(1)), setattr(m, 'q', None), list(m.state_dict()))
(m.register_buffer('q', torch.ones(1)), setattr(m, 'q', torch.zeros(2)), m.state_dict()['q'])
(setattr(m, 'bias', torch.nn.ReLU()), repr(m), list(m.state_dict()))
(setattr(m, 'q', torch.nn.ReLU()), setattr(m, 'q', torch.nn.Parameter(torch.ones(1))), repr(m),
    list(m.state_dict()))
(m.register_buffer('q', torch.ones(1)), setattr(m, 'q', torch.nn.Parameter(torch.ones(1))), [k
    for k, _ in m.named_buffers()], [k for k, _ in m.named_parameters()])
(setattr(m, 'q', torch.nn.Buffer(torch.ones(1))), [k for k, _ in m.named_buffers()],
    list(m.state_dict()))
(setattr(m, 'q', torch.nn.Buffer(torch.ones(1), persistent=False)), [k for k, _ in
    m.named_buffers()], list(m.state_dict()))
(isinstance(torch.nn.Buffer(torch.ones(1)), torch.Tensor), isinstance(torch.ones(1),
    torch.nn.Buffer), isinstance(torch.nn.Buffer(torch.ones(1)), torch.nn.Buffer),
    isinstance(torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter))
(delattr(m, 'weight'), list(m.state_dict()))
delattr(m, 'nope')
m.nope
(setattr(m, 'z', 1), delattr(m, 'z'), hasattr(m, 'z'))
m.get_submodule('') is m
m.get_submodule('a.b')
m.get_submodule('weight')
m.get_parameter('weight').shape
m.get_parameter('nope')
(m.register_buffer('q', torch.ones(1)), m.get_parameter('q'))
(m.register_buffer('q', torch.ones(1)), m.get_buffer('q'))[1]
m.get_buffer('nope')
m.get_buffer('weight')
m.set_submodule('q', torch.nn.ReLU())
m.set_submodule('q', torch.nn.ReLU(), strict=True)
m.set_submodule('', torch.nn.ReLU())
m.set_submodule('weight', torch.nn.ReLU())
m.set_submodule('q', 3)
torch.nn.Module()(1)
m()
m(input=torch.ones(1, 2)).shape
m.train('x')
m.train(False) is m and m.training
m.eval() is m and m.training
(m.requires_grad_(False) is m, [p.requires_grad for p in m.parameters()])
(m(torch.ones(1, 2)).sum().backward(), m.zero_grad(False), m.weight.grad, m.zero_grad(),
    m.weight.grad)
(lambda l: (m.apply(lambda q: l.append(type(q).__name__)) is m, l))([])
(m.double() is m, m.weight.dtype)
m.half().weight.dtype
m.double().float().weight.dtype
m.type(torch.float64).weight.dtype
m.type('torch.DoubleTensor').weight.dtype
m.to(torch.float64).weight.dtype
(m.to('cpu') is m, m.to(device='cpu', dtype=torch.float64).weight.dtype)
m.to('cpu', torch.float64).weight.dtype
m.to(torch.ones(1, dtype=torch.float64)).weight.dtype
m.to(torch.int64)
m.to()
m.to('cpu', non_blocking=True) is m
torch.nn.Conv2d(1, 1, 1).to(memory_format=torch.channels_last).weight.shape
m.to(device=None, dtype=torch.float64).weight.dtype
m.to('float64')
m.to(torch.device('cpu')).weight.dtype
[(k, v.dtype) for k, v in torch.nn.BatchNorm1d(2).to(torch.float64).named_buffers()]
[(k, v.dtype) for k, v in torch.nn.BatchNorm1d(2).half().named_buffers()]
(lambda w: (m.double(), m.weight is w, w.dtype))(m.weight)
(m(torch.ones(1, 2)).sum().backward(), m.double(), m.weight.grad.dtype)
m.cpu() is m
m.to_empty(device='cpu').weight.shape
m.share_memory() is m
callable(torch.compile(m))
torch.nn.Module(3)
torch.nn.Module(a=3)
repr(type('A', (torch.nn.Module,), dict(call_super_init=True, __init__=lambda s:
    torch.nn.Module.__init__(s)))())
(lambda c: (c.weight is m.weight, torch.equal(c.weight, m.weight),
    type(c.weight).__name__))(copy.deepcopy(m))
copy.copy(m).weight is m.weight
(lambda c: (repr(c), torch.equal(c.weight, m.weight), type(c.weight).__name__,
    c.training))(pickle.loads(pickle.dumps(m)))
(m._version, torch.nn.BatchNorm1d(1)._version)
m.dump_patches
sorted((k for k in m.__dict__ if k in torch.nn.Linear(1, 1).__dict__)) == sorted((k for k in
    torch.nn.Linear(1, 1).__dict__)) or sorted(set(torch.nn.Linear(1, 1).__dict__) -
    set(m.__dict__))
[k in dir(m) for k in ('weight', 'bias', 'forward', 'in_features')]
hasattr(m, 'weight')
bool(m)
len({m, m})
m == small(torch)
None
type(m.register_forward_hook(lambda *a: None).id).__name__
type(pickle.loads(pickle.dumps(m.register_forward_hook(print)))).__name__
"""

TABLES = {
    "PLAIN": (PLAIN, None),
    "LAYER": (LAYER, ("m", "small(torch)")),
}
