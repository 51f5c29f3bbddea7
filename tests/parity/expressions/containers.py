"""Containers, packed sequences and attention called wrongly.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

SEQUENTIAL = r"""
len(s)
s[0]
s[-1]
s[9]
s[1:]
type(s[:1]).__name__
s['0']
(s.__setitem__(1, torch.nn.Tanh()), s)
s.__setitem__(9, torch.nn.Tanh())
(s.__setitem__(-1, torch.nn.Tanh()), s)
(s.__delitem__(0), s, list(s.state_dict()))
(s.__delitem__(slice(0, 2)), s)
(s.__delitem__(-1), s)
(s.append(torch.nn.Tanh()) is s, s)
(s.insert(1, torch.nn.Tanh()) is s, s)
s.insert(9, torch.nn.Tanh())
(s.insert(-1, torch.nn.Tanh()), s)
s.insert(0, 3)
(s.extend([torch.nn.Tanh()]) is s, s)
(s.extend(sequence(torch)), s)
(s.pop(0), s)
(s.pop(-1), s)
[type(x).__name__ for x in s]
s + sequence(torch)
s + 3
s.__iadd__(sequence(torch))
s * 2
(s * 2)[0] is s[0]
2 * s
s.__imul__(2)
s * 1.5
s * -1
s[0] in s
'0' in dir(s)
[type(x).__name__ for x in reversed(list(s))]
s.append(3)
torch.nn.Sequential(OrderedDict(a=small(torch), b=torch.nn.ReLU()))
torch.nn.Sequential(OrderedDict(a=small(torch))).a
torch.nn.Sequential(OrderedDict(a=small(torch), b=torch.nn.ReLU()))[1]
torch.nn.Sequential(OrderedDict(a=small(torch), b=torch.nn.ReLU()))[:1]
torch.nn.Sequential({'a': small(torch)})
torch.nn.Sequential(3)
torch.nn.Sequential([small(torch)])
torch.nn.Sequential()(5)
repr(torch.nn.Sequential())
repr(torch.nn.Sequential(small(torch), small(torch)))
s(1, 2)
torch.nn.Sequential(OrderedDict(a=small(torch))).append(torch.nn.ReLU())
s == s
s[1.5]
s[np.int64(1)]
s[torch.tensor(1)]
bool(s)
(s.__setitem__(0, None), repr(s))
"""

MODULE_LIST = r"""
repr(s)
repr(torch.nn.ModuleList([small(torch), small(torch), torch.nn.ReLU(), small(torch)]))
repr(torch.nn.ModuleList())
repr(torch.nn.ModuleList([sequence(torch), sequence(torch)]))
s[0]
s[-4]
s[9]
s[1:3]
s[::2]
(s.__setitem__(0, torch.nn.Tanh()), s)
(s.__delitem__(0), s)
(s.__delitem__(slice(0, 2)), s)
s.append(torch.nn.Tanh()) is s
(s.insert(1, torch.nn.Tanh()), s)
s.extend([torch.nn.Tanh()])
s.extend((torch.nn.Tanh() for _ in range(2)))
s.extend(3)
s.extend([3])
(s.pop(1), s)
s + [torch.nn.Tanh()]
s.__iadd__([torch.nn.Tanh()])
s(1)
s[0] in s
len(s)
[type(x).__name__ for x in s]
[type(x).__name__ for x in s[::-1]]
'0' in dir(s)
torch.nn.ModuleList([3])
torch.nn.ModuleList(small(torch))
torch.nn.ModuleList(sequence(torch))
torch.nn.ModuleList([None, small(torch)])
torch.nn.ModuleList((small(torch),))
s['1']
list(s.state_dict())
"""

MODULE_DICT = r"""
repr(s)
repr(torch.nn.ModuleDict())
s['a']
s['z']
(s.__setitem__('c', torch.nn.Tanh()), s)
s.__setitem__('c', 3)
s.__setitem__(3, torch.nn.Tanh())
s.__setitem__('keys', torch.nn.Tanh())
(s.__delitem__('a'), s)
list(s.keys())
list(s.values())
[k for k, _ in s.items()]
len(s)
('a' in s, 'z' in s)
list(s)
(s.pop('a'), s)
s.pop('z')
(s.clear(), len(s))
(s.update({'z': torch.nn.Tanh(), 'a': torch.nn.GELU()}), s)
(s.update(module_dict(torch)), s)
(s.update([('x', torch.nn.Tanh())]), s)
s.update(3)
s.update([('x',)])
s.update([3])
(s.update(OrderedDict(q=torch.nn.Tanh(), p=torch.nn.ReLU())), s)
(s.update({'q': torch.nn.Tanh(), 'p': torch.nn.ReLU()}), list(s))
torch.nn.ModuleDict([['x', small(torch)], ['y', small(torch)]])
s(1)
s.a
torch.nn.ModuleDict({'a.b': small(torch)})
s | s
s == s
torch.nn.ModuleDict({'a': None})
list(s.state_dict())
"""

PARAMETER_LIST = r"""
repr(s)
repr(torch.nn.ParameterList([3, 'a', torch.ones(1)]))
repr(torch.nn.ParameterList())
[type(x).__name__ for x in s]
s[0]
s[-1]
s[7]
s[1:]
(s.__setitem__(0, torch.zeros(3)), s[0])
(s.__setitem__(0, 5), s[0])
(s.append(torch.ones(4)) is s, len(s))
(s.append(3), s)
(s.extend([torch.ones(4)]), len(s))
s.extend(torch.ones(2))
s.extend(3)
s.__iadd__([torch.ones(1)])
len(s)
'0' in dir(s)
list(s.state_dict())
s(1)
s.__delitem__(0)
[k for k, _ in s.named_parameters()]
s.load_state_dict(parameter_list(torch).state_dict())
[x.shape for x in s]
torch.nn.ParameterList([torch.ones(1)])[0].requires_grad
repr(torch.nn.ParameterList([small(torch)]))
repr(copy.deepcopy(s))
len([x for x in s if x is s[0]])
"""

PARAMETER_DICT = r"""
repr(s)
repr(torch.nn.ParameterDict({'x': 3, 'y': 's'}))
repr(torch.nn.ParameterDict())
[type(x).__name__ for x in s.values()]
s['a']
(s.get('a'), s.get('z'), s.get('z', 3))
(s.__setitem__('c', torch.ones(1)), list(s))
(s.__setitem__(3, torch.ones(1)), list(s))
(s.__setitem__('c', 7), s['c'], list(s.state_dict()))
(s.__delitem__('a'), list(s))
(s.pop('a'), list(s))
(s.popitem(), list(s))
(s.clear(), len(s))
list(s.keys())
list(s.items())
len(s)
('a' in s, 'z' in s)
list(s)
list(reversed(s))
(type(s.copy()).__name__, list(s.copy()))
(s.setdefault('q', torch.ones(1)), s.setdefault('a'), list(s))
list(s.fromkeys(['x', 'y'], torch.ones(1)).keys())
list(s | parameter_dict(torch))
list(torch.nn.ParameterDict({'z': torch.ones(1)}).__ror__(s))
list(s.__ior__(torch.nn.ParameterDict({'z': torch.ones(1)})))
list(s | {'z': torch.ones(1)})
(s.update({'z': torch.ones(1)}), list(s))
(s.update([('z', torch.ones(1))]), list(s))
s.update(3)
s.update([('x',)])
s.update([3])
(s.update(parameter_dict(torch)), list(s))
s(1)
list(s.state_dict())
s.a
torch.nn.ParameterDict({'a.b': torch.ones(1)})
list(torch.nn.ParameterDict([('z', torch.ones(1)), ('a', torch.ones(1))]))
list(torch.nn.ParameterDict({'z': torch.ones(1), 'a': torch.ones(1)}))
repr(copy.deepcopy(s))
repr(pickle.loads(pickle.dumps(s)))
"""

PLAIN = r"""
torch.nn.utils.rnn.pack_padded_sequence(h.x(4, 2, 3), torch.tensor([4, 2]))
torch.nn.utils.rnn.pack_padded_sequence(h.x(4, 2, 3), np.array([4, 2]))
torch.nn.utils.rnn.pack_padded_sequence(h.x(4, 2, 3), [4, 2, 1])
torch.nn.utils.rnn.pack_padded_sequence(h.x(4), [4])
torch.nn.utils.rnn.pack_padded_sequence(h.x(4, 2), [4, 2])
torch.nn.utils.rnn.pad_packed_sequence(torch.nn.utils.rnn.pack_padded_sequence(h.x(4, 2, 3), [4,
    2]), total_length=2)
torch.nn.utils.rnn.pack_padded_sequence(h.x(4, 2, 3), torch.tensor([4.0, 2.0]))
torch.nn.utils.rnn.pad_sequence((h.x(2), h.x(3)))
torch.nn.utils.rnn.pad_sequence(h.x(2, 3))
torch.nn.utils.rnn.pad_sequence([])
torch.nn.utils.rnn.pad_sequence(3)
torch.nn.utils.rnn.pad_sequence([h.x(2, 3), h.x(2, 4)])
torch.nn.utils.rnn.pad_sequence([h.x(2, dtype='int64'), h.x(3, dtype='int64')], padding_value=-1)
(lambda a, b: (torch.nn.utils.rnn.pad_sequence([a, b]).sum().backward(), a.grad, b.grad))(h.x(2,
    grad=True), h.x(3, grad=True))
torch.nn.utils.rnn.pack_sequence([h.x(3, 2), h.x(2, 2)])
torch.nn.utils.rnn.pack_sequence([h.x(2, 2), h.x(3, 2)], enforce_sorted=False)
torch.nn.utils.rnn.pack_sequence([h.x(2, 2), h.x(3, 2)])
(lambda p: (p[0], p[1], len(p), p._fields))(torch.nn.utils.rnn.pack_sequence([h.x(3), h.x(2)]))
torch.nn.utils.rnn.unpad_sequence(h.x(4, 2, 3), torch.tensor([4, 2]))
torch.nn.utils.rnn.unpad_sequence(h.x(2, 4, 3), torch.tensor([4, 2]), batch_first=True)
torch.nn.utils.rnn.unpack_sequence(torch.nn.utils.rnn.pack_sequence([h.x(2, 2), h.x(3, 2)],
    enforce_sorted=False))
torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1]))
torch.nn.utils.rnn.invert_permutation(None)
torch.nn.utils.rnn.pack_sequence([h.x(3), h.x(2)]).to(torch.float64)
torch.nn.utils.rnn.pack_sequence([h.x(3), h.x(2)]).double().data.dtype
(lambda p: (p.is_cuda, p.is_pinned()))(torch.nn.utils.rnn.pack_sequence([h.x(3), h.x(2)]))
torch.nn.utils.rnn.PackedSequence(h.x(3), torch.tensor([2, 1]))
torch.nn.utils.rnn.PackedSequence(h.x(3), None)
isinstance(torch.nn.utils.rnn.pack_sequence([h.x(3)]), tuple)
repr(torch.nn.utils.rnn.pack_sequence([torch.ones(2)]))
h.fill(torch.nn.RNNCell(3, 4, nonlinearity='relu'))(h.x(2, 3))
torch.nn.RNNCell(3, 4, nonlinearity='x')(h.x(2, 3))
"""

ATTENTION = r"""
m(h.x(3, 2, 5), h.x(3, 2, 4), h.x(3, 2, 4))
m(h.x(3), h.x(3), h.x(3))
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), attn_mask=torch.ones(2, 2))
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), key_padding_mask=torch.ones(2, 2).bool())
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), attn_mask=torch.ones(3, 3).long())
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), is_causal=True)
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), is_causal=True, attn_mask=torch.ones(3,
    3).triu(1).bool(), need_weights=False)
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), is_causal=True, attn_mask=torch.ones(3,
    3).triu(1).bool())
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(5, 2, 4))
m(h.x(3, 2, 4), h.x(3, 1, 4), h.x(3, 1, 4))
m(h.x(3, 2, 4), h.x(3, 2, 4), h.x(3, 2, 4), key_padding_mask=torch.ones(2, 3).bool())
m.merge_masks(torch.zeros(3, 3), torch.zeros(2, 3), h.x(3, 2, 4))
torch.nn.MultiheadAttention(5, 2)
torch.nn.MultiheadAttention(-4, 2)
"""

TABLES = {
    "SEQUENTIAL": (SEQUENTIAL, ("s", "sequence(torch)")),
    "MODULE_LIST": (MODULE_LIST, ("s", "module_list(torch)")),
    "MODULE_DICT": (MODULE_DICT, ("s", "module_dict(torch)")),
    "PARAMETER_LIST": (PARAMETER_LIST, ("s", "parameter_list(torch)")),
    "PARAMETER_DICT": (PARAMETER_DICT, ("s", "parameter_dict(torch)")),
    "PLAIN": (PLAIN, None),
    "ATTENTION": (ATTENTION, ("m", "h.fill(torch.nn.MultiheadAttention(4, 2)).eval()")),
}
