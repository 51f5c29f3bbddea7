"""Data sets, samplers, collating and the loader without workers.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

PLAIN = r"""
[h.x(2), h.x(2)]
[torch.tensor(1.0), torch.tensor(2.0)]
[np.ones(2), np.zeros(2)]
[np.ones(2, 'float32')] * 2
[np.float64(1.0), np.float64(2.0)]
[np.array(1.0), np.array(2.0)]
[np.int32(1), np.int32(2)]
[np.bool_(True), np.bool_(False)]
[np.array(['a']), np.array(['b'])]
[np.array([None]), np.array([None])]
[np.str_('a'), np.str_('b')]
[1.0, 2.0]
[1, 2]
[True, False]
['a', 'b']
[b'a', b'b']
[(1, 2.0), (3, 4.0)]
[[1, 2.0], [3, 4.0]]
[{'a': 1, 'b': h.x(2)}, {'a': 2, 'b': h.x(2)}]
[{'a': (1, [h.x(1)]), 'b': 's'}, {'a': (2, [h.x(1)]), 'b': 'q'}]
[Pair(1, 2.0), Pair(3, 4.0)]
[collections.OrderedDict(a=1)] * 2
[MyDict(a=1)] * 2
[MyList([1, 2])] * 2
[None, None]
[object(), object()]
[{1}, {2}]
[h.x(2), h.x(3)]
[[1, 2], [3]]
[(1, 2), (3,)]
[{'a': 1}, {'b': 1}]
[{'a': 1}, {'a': 1, 'b': 1}]
[1, 2.0]
[1, 'a']
[]
[h.x(2)]
[range(2), range(2)]
[h.x(2), h.x(2, dtype='float64')]
[h.x(2, grad=True)] * 2
(h.x(2), h.x(2))
[1 + 2j, 2j]
[(), ()]
[{}, {}]
[collections.defaultdict(int, a=1)] * 2
[collections.deque([1, 2])] * 2
[np.float16(1)] * 2
[np.ones(2, 'uint8')] * 2
[True, 2]
[torch.utils.data.default_convert(x) for x in (1, 2.0, 'a', None, np.float64(2), np.ones(2),
    np.array('a'), b'q')]
(len(rows(torch, h)), rows(torch, h)[2], rows(torch, h)[1:3], rows(torch, h).tensors)
torch.utils.data.TensorDataset(torch.ones(2), torch.ones(3))
torch.utils.data.TensorDataset()
rows(torch, h)[9]
rows(torch, h)[-1]
rows(torch, h)[[0, 2]]
rows(torch, h)[torch.tensor([0, 2])]
(lambda c: (len(c), [c[i] for i in range(len(c))], c[-1], c.cumulative_sizes,
    c.datasets.__len__()))(torch.utils.data.ConcatDataset([Squares(2), Squares(3)]))
torch.utils.data.ConcatDataset([Squares(2)])[-5]
torch.utils.data.ConcatDataset([Squares(2)])[5]
torch.utils.data.ConcatDataset([])
torch.utils.data.ConcatDataset([stream(torch)])
len(torch.utils.data.ConcatDataset((Squares(2) for _ in range(3))))
len(squares_of(torch) + squares_of(torch))
type(stream(torch) + stream(torch)).__name__
torch.utils.data.ConcatDataset.cumsum([Squares(2), Squares(3)])
torch.utils.data.ConcatDataset([Squares(2)]).cummulative_sizes
list(torch.utils.data.ChainDataset([stream(torch, 2), stream(torch, 3)]))
len(torch.utils.data.ChainDataset([stream(torch, 2, 2), stream(torch, 3, 3)]))
len(torch.utils.data.ChainDataset([stream(torch)]))
list(torch.utils.data.ChainDataset([Squares()]))
(lambda s: (len(s), s[0], s[[0, 1]], s.indices))(torch.utils.data.Subset(Squares(), [3, 1, 2]))
torch.utils.data.Subset(Squares(), [3, 1, 2]).__getitems__([0, 2])
torch.utils.data.Subset(Squares(), [1])[3]
list(torch.utils.data.Subset(Squares(), [3, 1]))
(lambda s: (len(s), s[1]))(torch.utils.data.StackDataset(Squares(), Squares()))
(lambda s: (len(s), s[1]))(torch.utils.data.StackDataset(a=Squares(), b=Squares()))
torch.utils.data.StackDataset(Squares(), b=Squares())
torch.utils.data.StackDataset()
torch.utils.data.StackDataset(Squares(2), Squares(3))
torch.utils.data.StackDataset(a=Squares(2), b=Squares(3))
torch.utils.data.StackDataset(Squares(), Squares()).__getitems__([0, 2])
torch.utils.data.StackDataset(a=Squares(), b=torch.utils.data.Subset(Squares(),
    list(range(7)))).__getitems__([0, 2])
[len(x) for x in torch.utils.data.random_split(Squares(10), [3, 7])]
[len(x) for x in torch.utils.data.random_split(Squares(10), [0.35, 0.35, 0.3])]
torch.utils.data.random_split(Squares(10), [0.5, 0.2])
[len(x) for x in torch.utils.data.random_split(Squares(10), [0.5, 0.4])]
torch.utils.data.random_split(Squares(10), [3, 3])
torch.utils.data.random_split(Squares(10), [1.5, -0.5])
[len(x) for x in torch.utils.data.random_split(Squares(3), [1.0, 0.0])]
[len(x) for x in torch.utils.data.random_split(Squares(2), [0.3, 0.3, 0.4])]
sorted((i for x in torch.utils.data.random_split(Squares(10), [3, 7],
    generator=torch.Generator().manual_seed(1)) for i in x.indices))
[type(x).__name__ for x in torch.utils.data.random_split(Squares(10), [3, 7])]
torch.utils.data.Dataset()[0]
len(torch.utils.data.Dataset())
iter(type('X', (torch.utils.data.IterableDataset,), {})())
stream(torch)[0]
torch.utils.data.Dataset[int] is not None
torch.utils.data.get_worker_info()
(list(torch.utils.data.SequentialSampler(Squares())),
    len(torch.utils.data.SequentialSampler(Squares())))
(sorted(torch.utils.data.RandomSampler(Squares())),
    len(torch.utils.data.RandomSampler(Squares())))
(lambda s: (len(s), len(list(s)), set(s) <=
    set(range(7))))(torch.utils.data.RandomSampler(Squares(), replacement=True, num_samples=20))
(lambda s: (len(s), len(set(s))))(torch.utils.data.RandomSampler(Squares(), num_samples=3))
(lambda s: (len(s), sorted(list(s))))(torch.utils.data.RandomSampler(Squares(), num_samples=14))
torch.utils.data.RandomSampler(Squares(), num_samples=0)
torch.utils.data.RandomSampler(Squares(), num_samples=-1)
torch.utils.data.RandomSampler(Squares(), num_samples=2.5)
torch.utils.data.RandomSampler(Squares(), replacement=1)
list(torch.utils.data.RandomSampler([]))
torch.utils.data.RandomSampler([], replacement=True)
torch.utils.data.RandomSampler(Squares()).num_samples
(sorted(torch.utils.data.SubsetRandomSampler([3, 1, 2])),
    len(torch.utils.data.SubsetRandomSampler([3, 1, 2])))
(lambda s: (len(s), set(s)))(torch.utils.data.WeightedRandomSampler([0, 0, 1.0], 5))
sorted(torch.utils.data.WeightedRandomSampler([1, 1, 1.0], 3, replacement=False))
torch.utils.data.WeightedRandomSampler([1.0], 0)
torch.utils.data.WeightedRandomSampler([1.0], True)
torch.utils.data.WeightedRandomSampler([1.0], 1, replacement=0)
torch.utils.data.WeightedRandomSampler(torch.ones(2, 2), 1)
list(torch.utils.data.WeightedRandomSampler([1, 1.0], 3, replacement=False))
list(torch.utils.data.WeightedRandomSampler([-1, 1.0], 3))
len(list(torch.utils.data.WeightedRandomSampler(torch.tensor([0.5, 0.5]), 4)))
(list(torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(Squares()), 3, False)),
    len(torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(Squares()), 3, False)))
(list(torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(Squares()), 3, True)),
    len(torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(Squares()), 3, True)))
list(torch.utils.data.BatchSampler([5, 6, 7], 2, False))
torch.utils.data.BatchSampler(range(3), 0, False)
torch.utils.data.BatchSampler(range(3), True, False)
torch.utils.data.BatchSampler(range(3), 2, 1)
torch.utils.data.BatchSampler(range(3), 2.0, False)
(lambda b: (b.batch_size, b.drop_last))(torch.utils.data.BatchSampler(range(3), 2, False))
list(torch.utils.data.BatchSampler((i for i in range(5)), 2, True))
list(torch.utils.data.Sampler())
len(torch.utils.data.Sampler())
[list(torch.utils.data.distributed.DistributedSampler(Squares(), 2, r, shuffle=False)) for r in
    (0, 1)]
[(list(s), len(s)) for s in (torch.utils.data.distributed.DistributedSampler(Squares(), 2, r,
    shuffle=False, drop_last=True) for r in (0, 1))]
sorted(sum((list(torch.utils.data.distributed.DistributedSampler(Squares(8), 2, r)) for r in (0,
    1)), []))
(lambda s: (s.set_epoch(3), s.epoch))(torch.utils.data.distributed.DistributedSampler(Squares(),
    2, 0))
torch.utils.data.distributed.DistributedSampler(Squares(), 2, 2)
[list(torch.utils.data.distributed.DistributedSampler(Squares(1), 3, r, shuffle=False)) for r in
    range(3)]
(lambda s: (s.num_replicas, s.rank, s.num_samples, s.total_size,
    s.seed))(torch.utils.data.distributed.DistributedSampler(Squares(), 3, 1))
hasattr(torch.utils.data, 'DistributedSampler')
list(torch.utils.data.DataLoader(Squares(), batch_size=3))
list(torch.utils.data.DataLoader(Squares(), batch_size=3, drop_last=True))
list(torch.utils.data.DataLoader(Squares(), batch_size=None))
list(torch.utils.data.DataLoader(rows(torch, h), batch_size=None))
list(torch.utils.data.DataLoader(rows(torch, h), 3))
sorted(torch.cat(list(torch.utils.data.DataLoader(Squares(), 3, True))).tolist())
[len(x) for x in torch.utils.data.DataLoader(Squares(), 3, True)]
(len(torch.utils.data.DataLoader(Squares(), 3)), len(torch.utils.data.DataLoader(Squares(), 3,
    drop_last=True)), len(torch.utils.data.DataLoader(Squares(), batch_size=None)))
list(torch.utils.data.DataLoader([1, 2, 3], 2))
list(torch.utils.data.DataLoader([(h.x(2), i) for i in range(3)], 2))
list(torch.utils.data.DataLoader([{'x': h.x(2), 'y': i} for i in range(3)], 2))
list(torch.utils.data.DataLoader(['a', 'b', 'c'], 2))
list(torch.utils.data.DataLoader(np.arange(6).reshape(3, 2), 2))
list(torch.utils.data.DataLoader(h.x(3, 2), 2))
list(torch.utils.data.DataLoader(Squares(), 3, collate_fn=list))
list(torch.utils.data.DataLoader(Squares(), batch_size=None, collate_fn=lambda x: x + 1))
list(torch.utils.data.DataLoader(Squares(), 2, sampler=[3, 1, 2]))
len(torch.utils.data.DataLoader(Squares(), 2, sampler=[3, 1, 2]))
list(torch.utils.data.DataLoader(Squares(), batch_sampler=[[0, 1], [5]]))
(lambda l: (l.batch_size, l.drop_last))(torch.utils.data.DataLoader(Squares(),
    batch_sampler=[[0]]))
list(torch.utils.data.DataLoader(stream(torch), 3))
list(torch.utils.data.DataLoader(stream(torch), 3, drop_last=True))
list(torch.utils.data.DataLoader(stream(torch), batch_size=None))
len(torch.utils.data.DataLoader(stream(torch), 3))
(len(torch.utils.data.DataLoader(stream(torch, 7, 7), 3)),
    len(torch.utils.data.DataLoader(stream(torch, 7, 7), 3, drop_last=True)))
list(torch.utils.data.DataLoader(stream(torch, 7, 2), 1)) if False else
    len(torch.utils.data.DataLoader(stream(torch, 7, 2), 1))
torch.utils.data.DataLoader(stream(torch), shuffle=True)
list(torch.utils.data.DataLoader(stream(torch), shuffle=False))
torch.utils.data.DataLoader(stream(torch), sampler=[1])
torch.utils.data.DataLoader(stream(torch), batch_sampler=[[1]])
torch.utils.data.DataLoader(Squares(), sampler=[1], shuffle=True)
torch.utils.data.DataLoader(Squares(), batch_sampler=[[1]], batch_size=2)
torch.utils.data.DataLoader(Squares(), batch_sampler=[[1]], shuffle=True)
torch.utils.data.DataLoader(Squares(), batch_sampler=[[1]], drop_last=True)
torch.utils.data.DataLoader(Squares(), batch_size=None, drop_last=True)
sorted((x for x in torch.utils.data.DataLoader(Squares(), batch_size=None, shuffle=True)))
torch.utils.data.DataLoader(Squares(), num_workers=-1)
torch.utils.data.DataLoader(Squares(), timeout=-1)
torch.utils.data.DataLoader(Squares(), prefetch_factor=2)
torch.utils.data.DataLoader(Squares(), num_workers=1, prefetch_factor=-2)
torch.utils.data.DataLoader(Squares(), persistent_workers=True)
torch.utils.data.DataLoader(Squares(), batch_size=0)
torch.utils.data.DataLoader(Squares(), batch_size=-1)
torch.utils.data.DataLoader(Squares(), batch_size='a')
torch.utils.data.DataLoader(Squares(), batch_size=2.0)
setattr(torch.utils.data.DataLoader(Squares()), 'batch_size', 3)
setattr(torch.utils.data.DataLoader(Squares()), 'sampler', [1])
setattr(torch.utils.data.DataLoader(Squares()), 'dataset', [1])
(lambda l: (setattr(l, 'num_workers', 0), list(l))[1])(torch.utils.data.DataLoader(Squares(2)))
list(torch.utils.data.DataLoader([]))
list(torch.utils.data.DataLoader([], shuffle=True))
list(torch.utils.data.DataLoader([None, None], 2))
list(torch.utils.data.DataLoader([h.x(2), h.x(3)], 2))
list(torch.utils.data.DataLoader(type('R', (Squares,), dict(__getitem__=lambda s, i: 1 / 0))()))
list(torch.utils.data.DataLoader(type('R', (Squares,), dict(__getitem__=lambda s, i:
    {}['q']))()))
list(torch.utils.data.DataLoader(Squares(3), pin_memory=False))
list(torch.utils.data.DataLoader(type('R', (Squares,), dict(__getitems__=lambda s, ix: [('b', i)
    for i in ix]))(), 3))
(lambda it: (next(it), next(it, None), next(it,
    'end')))(iter(torch.utils.data.DataLoader(Squares(2))))
len(iter(torch.utils.data.DataLoader(Squares(), 3)))
(lambda l: list(zip(l, l)))(torch.utils.data.DataLoader(Squares(3)))
(lambda l: (l.batch_size, l.batch_sampler,
    l.collate_fn.__name__))(torch.utils.data.DataLoader(Squares(), batch_size=None))
type(torch.utils.data.DataLoader(Squares(), shuffle=True).sampler).__name__
list(torch.utils.data.DataLoader(type('N', (), dict(__getitem__=lambda s, i: i))()))
list(torch.utils.data.DataLoader((i for i in range(3))))
list(torch.utils.data.DataLoader(None))
torch.utils.data.DataLoader()
torch.utils.data.DataLoader(Squares(), zzz=1)
torch.utils.data.DataLoader(Squares(), multiprocessing_context='fork')
list(torch.utils.data.DataLoader(torch.utils.data.Subset(rows(torch, h), [1, 3, 5]), 2))
list(torch.utils.data.DataLoader(torch.utils.data.ConcatDataset([rows(torch, h, 2), rows(torch,
    h, 3)]), 2))
list(torch.utils.data.DataLoader(torch.utils.data.StackDataset(x=Squares(3), y=Squares(3)), 2))
(lambda a, b: a == b)([x.tolist() for x in torch.utils.data.DataLoader(Squares(), 2, True,
    generator=generator(torch))], [x.tolist() for x in torch.utils.data.DataLoader(Squares(), 2,
    True, generator=generator(torch))])
list(torch.utils.data.DataLoader([True, False], 2))
list(torch.utils.data.DataLoader([0.5, 1.5], 2))
list(torch.utils.data.DataLoader([Pair(1, h.x(1)), Pair(2, h.x(1))], 2))
list(torch.utils.data.DataLoader(Squares(3), in_order=False))
list(torch.utils.data.DataLoader(squares_of(torch), 3))
[tuple((len(y) for y in x)) for x in torch.utils.data.DataLoader(rows(torch, h), 4, shuffle=True,
    drop_last=True)]
type(torch.utils.data.DataLoader(Squares())).__name__
torch.utils.data.DataLoader(Squares()).__class_getitem__(int) is not None
list(torch.utils.data.DataLoader(Squares(),
    batch_sampler=torch.utils.data.BatchSampler(torch.utils.data.SequentialSampler(Squares()), 4,
    True)))
(lambda l: (list(l), list(l)))(torch.utils.data.DataLoader(Squares(), sampler=(i for i in [1,
    2])))
list(torch.utils.data.DataLoader([1, 2], sampler=[5]))
list(torch.utils.data.DataLoader(Squares(), 2, num_workers=2, prefetch_factor=1))
torch.utils.data.DataLoader(Squares(), num_workers=2).prefetch_factor
None
'default_collate_fn_map' in dir(import_module(torch.__name__ + '.utils.data._utils.collate'))
"""

TABLES = {
    "PLAIN": (PLAIN, None),
}
