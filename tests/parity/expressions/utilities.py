"""Parametrizations, pruning, fusion, starting values and parameters.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

PARAMETRIZED = r"""
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), m.weight, m,
    list(m.state_dict()), m(h.x(2, 3)))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', double(torch)), repr(m))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', double(torch)),
    type(m).__name__, isinstance(m, torch.nn.Linear), m.parametrizations,
    list(dict(m.named_parameters())))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), m.weight,
    repr(m))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), setattr(m,
    'weight', torch.ones(3, 3)), m.parametrizations.weight.original)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', double(torch)), setattr(m,
    'weight', torch.ones(3, 3)))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', sum_of_two(torch)), m.weight,
    list(m.state_dict()))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    torch.nn.utils.parametrize.remove_parametrizations(m, 'weight'), m.weight, repr(m),
    type(m).__name__, list(m.state_dict()))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    torch.nn.utils.parametrize.remove_parametrizations(m, 'weight', leave_parametrized=False),
    m.weight)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', sum_of_two(torch)),
    torch.nn.utils.parametrize.remove_parametrizations(m, 'weight', leave_parametrized=False))
torch.nn.utils.parametrize.remove_parametrizations(m, 'weight')
torch.nn.utils.parametrize.register_parametrization(m, 'nope', symmetric(torch))
torch.nn.utils.parametrize.register_parametrization(m, 'weight', first_row(torch))
torch.nn.utils.parametrize.register_parametrization(m, 'weight', first_row(torch), unsafe=True)
(m.register_buffer('q', torch.ones(3, 3)), torch.nn.utils.parametrize.register_parametrization(m,
    'q', double(torch)), m.q, list(m.state_dict()), [k for k, _ in m.named_buffers()])
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), m(h.x(2,
    3)).sum().backward(), m.parametrizations.weight.original.grad)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    torch.nn.utils.parametrize.cached().__enter__() is None, m.weight is m.weight)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), m.weight is
    m.weight)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    torch.nn.utils.parametrize.type_before_parametrizations(m).__name__)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), (lambda o:
    (torch.nn.utils.parametrize.transfer_parametrizations_and_params(m, o), o.weight,
    repr(o)))(h.fill(torch.nn.Linear(3, 3))))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), (lambda c:
    (c.weight, repr(c), type(c).__name__))(copy.deepcopy(m)))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    m.load_state_dict(m.state_dict()))
(m.weight.requires_grad_(False), torch.nn.utils.parametrize.register_parametrization(m, 'weight',
    symmetric(torch)), m.parametrizations.weight.original.requires_grad)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    len(m.parametrizations.weight), m.parametrizations['weight'][0],
    m.parametrizations.weight.is_tensor)
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)), delattr(m,
    'weight'))
(torch.nn.utils.parametrize.register_parametrization(m, 'weight', symmetric(torch)),
    pickle.dumps(m))
"""

PLAIN = r"""
(lambda m: (torch.nn.utils.weight_norm(m), torch.nn.utils.remove_weight_norm(m),
    list(m.state_dict()), m.weight))(linear(torch, h))
torch.nn.utils.remove_weight_norm(linear(torch, h))
(lambda m: (torch.nn.utils.spectral_norm(m), torch.nn.utils.remove_spectral_norm(m),
    list(m.state_dict())))(linear(torch, h))
torch.nn.utils.remove_spectral_norm(linear(torch, h))
(lambda m: (torch.nn.utils.weight_norm(m), torch.nn.utils.weight_norm(m)))(linear(torch, h))
torch.nn.utils.parametrizations.spectral_norm(linear(torch, h), n_power_iterations=0)
torch.nn.utils.parametrizations.weight_norm(linear(torch, h), 'nope')
torch.nn.utils.parametrizations.spectral_norm(linear(torch, h), 'nope')
torch.nn.utils.parametrizations.spectral_norm(linear(torch, h), 'bias').bias
torch.nn.utils.parametrizations.spectral_norm(linear(torch, h), dim=1).weight.shape
torch.nn.utils.parametrizations.spectral_norm(linear(torch, h), eps=0.001)
torch.nn.utils.parametrizations.orthogonal(linear(torch, h), 'nope')
torch.nn.utils.parametrizations.orthogonal(linear(torch, h), 'bias')
(lambda m: (torch.nn.utils.parametrizations.orthogonal(m, use_trivialization=False), setattr(m,
    'weight', torch.ones(3, 3) * 3)))(torch.nn.Linear(3, 3))
torch.nn.utils.fuse_conv_bn_eval(torch.nn.Conv2d(2, 3, 2), batch_norm(torch, h, 3, 2))
(lambda l, b: (torch.nn.utils.fuse_linear_bn_eval(l, b), torch.nn.utils.fuse_linear_bn_eval(l,
    b)(h.x(2, 3))))(linear(torch, h).eval(), batch_norm(torch, h, 4, 1))
torch.nn.utils.fuse_linear_bn_eval(linear(torch, h), batch_norm(torch, h, 4, 1))
torch.nn.utils.fuse_linear_bn_eval(linear(torch, h).eval(), batch_norm(torch, h, 3, 1))
torch.nn.utils.fuse_conv_bn_weights(h.x(3, 2, 2, 2), None, h.x(3), h.x(3, lo=0.5, hi=2.0), 1e-05,
    None, None)
torch.nn.utils.fuse_linear_bn_weights(h.x(3, 2), h.x(3), h.x(3), h.x(3, lo=0.5, hi=2.0), 1e-05,
    h.x(3), h.x(3))
torch.nn.utils.fuse_linear_bn_eval(linear(torch, h).eval(), batch_norm(torch, h, 1, 1))
repr(torch.nn.utils.skip_init(torch.nn.Linear, 3, 4))
torch.nn.utils.skip_init(lambda: 3)
torch.nn.utils.skip_init(torch.nn.ReLU)
[p.shape for p in torch.nn.utils.skip_init(torch.nn.Conv2d, 2, 3, 3).parameters()]
torch.nn.utils.convert_conv2d_weight_memory_format(h.fill(torch.nn.Conv2d(2, 3, 2)),
    torch.channels_last).weight
torch.nn.utils.convert_conv3d_weight_memory_format(h.fill(torch.nn.Conv3d(2, 3, 2)),
    torch.channels_last_3d).weight
(lambda m: (torch.func.functional_call(m, {'weight': torch.ones(4, 3)}, (h.x(2, 3),)),
    m.weight))(linear(torch, h))
torch.func.functional_call(linear(torch, h), {'weight': torch.ones(4, 3)}, kwargs={'input':
    h.x(2, 3)})
torch.func.functional_call(linear(torch, h), {'weight': torch.ones(4, 3)}, (h.x(2, 3),),
    strict=True)
torch.func.functional_call(linear(torch, h), {'weight': torch.ones(4, 3)}, h.x(2, 3))
torch.func.functional_call(linear(torch, h), ({'weight': torch.ones(4, 3)}, {'bias':
    torch.zeros(4)}), h.x(2, 3))
torch.nn.utils.stateless.functional_call(linear(torch, h), {'weight': torch.ones(4, 3)}, h.x(2,
    3))
torch.func.functional_call(linear(torch, h), 3, h.x(2, 3))
None
torch.nn.init.dirac_(torch.empty(6, 2, 3), groups=2)
torch.nn.init.dirac_(torch.empty(5, 2, 3), groups=2)
torch.nn.init.eye_(torch.empty(3, 5))
torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(3, 4, 5, 6))
torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(3))
(torch.nn.init._calculate_correct_fan(torch.empty(3, 4), 'fan_in'),
    torch.nn.init._calculate_correct_fan(torch.empty(3, 4), 'fan_out'))
torch.nn.init.normal_(torch.empty(2), generator=torch.Generator().manual_seed(1)).shape
(lambda p: (torch.nn.init.ones_(p), p.requires_grad,
    p.grad_fn))(torch.nn.Parameter(torch.zeros(2)))
torch.nn.init.trunc_normal_(torch.empty(10), mean=9.0).shape
(torch.nn.init.sparse_(torch.empty(10, 4), 0.25) == 0).sum(0)
torch.nn.init.xavier_uniform_(torch.empty(3, 3, dtype=torch.int64))
torch.nn.init.uniform_(torch.empty(3), 1.0, 0.0)
torch.nn.init.normal_(torch.empty(3), 0.0, -1.0)
torch.nn.init.kaiming_uniform_(torch.empty(0, 3)).shape
(lambda m: (m(h.x(2, 3)), m, m.bias))(torch.nn.LazyLinear(4, bias=False))[1:]
(lambda p: (p.materialize((2, 3)), p.shape, type(p).__name__))(torch.nn.UninitializedParameter())
(torch.nn.parameter.is_lazy(torch.nn.UninitializedParameter()),
    torch.nn.parameter.is_lazy(torch.nn.Parameter(torch.ones(1))))
torch.nn.UninitializedParameter() + 1
repr(torch.nn.UninitializedBuffer())
repr(torch.nn.Parameter(torch.ones(2)))
repr(torch.nn.Parameter(torch.ones(2), requires_grad=False))
torch.nn.Parameter().shape
torch.nn.Parameter(torch.tensor([1]))
torch.nn.Parameter(torch.tensor([1]), requires_grad=False).dtype
type(copy.deepcopy(torch.nn.Parameter(torch.ones(1)))).__name__
(lambda p: (type(p).__name__,
    p.requires_grad))(pickle.loads(pickle.dumps(torch.nn.Parameter(torch.ones(1),
    requires_grad=False))))
type(torch.nn.Parameter(torch.ones(1)) + 1).__name__
type(torch.nn.Parameter(torch.ones(1)).data).__name__
type(torch.nn.Parameter(torch.ones(1)).detach()).__name__
type(torch.nn.Parameter(torch.ones(1)).clone()).__name__
(lambda x: torch.nn.Parameter(x).data_ptr() == x.data_ptr())(torch.ones(2))
(lambda x: torch.nn.Parameter(x * 2).is_leaf)(torch.ones(1, requires_grad=True))
(isinstance(torch.nn.Parameter(torch.ones(1)), torch.Tensor), isinstance(torch.ones(1),
    torch.nn.Parameter))
(lambda p: (setattr(p, 'data', torch.ones(3)), p.shape))(torch.nn.Parameter(torch.ones(1)))
(lambda b: (type(b).__name__, b.persistent, b.requires_grad))(torch.nn.Buffer(torch.ones(1),
    persistent=False))
repr(torch.nn.Buffer(torch.ones(1)))
h.fill(torch.nn.TransformerEncoderLayer(4, 2, 6, 0.0, activation=torch.tanh))(h.x(3, 2, 4))
repr(torch.nn.TransformerEncoderLayer(4, 2, 6, 0.0, activation=torch.nn.SiLU()))
torch.nn.Transformer.generate_square_subsequent_mask(3)
torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64)
torch.nn.Transformer(4, 2, 1, 1, 4)(h.x(3, 2, 4), h.x(3, 5, 4))
torch.nn.Transformer(4, 2, 1, 1, 4)(h.x(3, 2, 5), h.x(3, 2, 5))
repr(torch.nn.Transformer(4, 2, custom_encoder=torch.nn.Identity(),
    custom_decoder=torch.nn.Identity()))
type(torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(4, 2), 1)).__name__
(lambda e: torch.equal(e.layers[0].linear1.weight,
    e.layers[1].linear1.weight))(torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(4,
    2, 6), 2))
"""

PRUNED = r"""
(torch.nn.utils.prune.identity(m, 'weight'), m.weight, list(m.state_dict()), [k for k, _ in
    m.named_buffers()])
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 0.5), m.weight, m.weight_mask, m.weight_orig)
torch.nn.utils.prune.l1_unstructured(m, 'weight', 3).weight
torch.nn.utils.prune.l1_unstructured(m, 'weight', 100)
torch.nn.utils.prune.l1_unstructured(m, 'weight', -1)
torch.nn.utils.prune.l1_unstructured(m, 'weight', 2.0)
torch.nn.utils.prune.l1_unstructured(m, 'nope', 0.5)
torch.nn.utils.prune.l1_unstructured(m, 'weight', 'a')
torch.nn.utils.prune.l1_unstructured(m, 'weight', 3,
    importance_scores=torch.arange(12.0).reshape(4, 3)).weight_mask
torch.nn.utils.prune.ln_structured(m, 'weight', 0.5, 2, 0).weight
torch.nn.utils.prune.ln_structured(m, 'weight', 1, 1, 1).weight_mask
torch.nn.utils.prune.ln_structured(m, 'weight', 1, float('inf'), 0).weight_mask
torch.nn.utils.prune.ln_structured(m, 'weight', 1, 2, 9)
torch.nn.utils.prune.random_unstructured(m, 'weight', 0.5).weight_mask.sum()
torch.nn.utils.prune.random_structured(m, 'weight', 1, 0).weight_mask.sum()
torch.nn.utils.prune.custom_from_mask(m, 'bias', torch.tensor([1, 0, 1, 0])).bias
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 0.5), torch.nn.utils.prune.remove(m,
    'weight'), m.weight, list(m.state_dict()), type(m.weight).__name__)
torch.nn.utils.prune.remove(m, 'weight')
(torch.nn.utils.prune.is_pruned(m), torch.nn.utils.prune.identity(m, 'weight'),
    torch.nn.utils.prune.is_pruned(m))
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 3), torch.nn.utils.prune.l1_unstructured(m,
    'weight', 3), m.weight_mask)
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 3), torch.nn.utils.prune.ln_structured(m,
    'weight', 1, 2, 0), m.weight_mask, repr(m), [type(x).__name__ for x in
    m._forward_pre_hooks.values()])
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 0.5), m(h.x(2, 3)).sum().backward(),
    m.weight_orig.grad)
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 0.5), m(h.x(2, 3)))
(lambda o: (torch.nn.utils.prune.global_unstructured([(m, 'weight'), (o, 'weight')],
    torch.nn.utils.prune.L1Unstructured, amount=0.4), m.weight_mask,
    o.weight_mask))(linear(torch, h))
torch.nn.utils.prune.global_unstructured([(m, 'weight')], torch.nn.utils.prune.LnStructured,
    amount=0.4)
torch.nn.utils.prune.global_unstructured(3, torch.nn.utils.prune.L1Unstructured, amount=0.4)
(torch.nn.utils.prune.global_unstructured([(m, 'weight'), (m, 'bias')],
    torch.nn.utils.prune.RandomUnstructured, amount=5), m.weight_mask.sum() + m.bias_mask.sum())
(lambda c: c.add_pruning_method(3))(torch.nn.utils.prune.PruningContainer())
torch.nn.utils.prune.L1Unstructured(0.5).prune(torch.tensor([1.0, -3.0, 2.0, 0.1]))
torch.nn.utils.prune.L1Unstructured(2).prune(torch.tensor([1.0, -3.0, 2.0, 0.1]),
    default_mask=torch.tensor([1.0, 0.0, 1.0, 1.0]))
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 0.5), copy.deepcopy(m).weight_mask)
(torch.nn.utils.prune.l1_unstructured(m, 'weight', 0.5), m.load_state_dict(m.state_dict()))
"""

TABLES = {
    "PARAMETRIZED": (PARAMETRIZED, ("m", "linear(torch, h, 3, 3)")),
    "PLAIN": (PLAIN, None),
    "PRUNED": (PRUNED, ("m", "linear(torch, h)")),
}
