"""Functionals, most of them called with the unusual.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

PLAIN = r"""
torch.nn.functional.softmax(h.x(2, 3), 1, dtype=torch.float64)
torch.nn.functional.softmax(h.x(2, 3))
torch.nn.functional.softmax(h.x(2, 3, dtype='int64'), 1, dtype=torch.float32)
torch.nn.functional.log_softmax(h.x(2, 3))
torch.nn.functional.softmin(h.x(2, 3))
torch.nn.functional.tanh(h.x(2))
(lambda y: (y.sum(-1), y.shape, ((y == 0) | (y ==
    1)).all()))(torch.nn.functional.gumbel_softmax(h.x(3, 4), hard=True))
torch.nn.functional.cross_entropy(h.x(4), torch.tensor(2))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 3]))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, -1]))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0]))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([[0], [1]]))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0.0, 1.0]))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1], dtype=torch.int32))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1], dtype=torch.uint8))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([False, True]))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([-100, -100]))
torch.nn.functional.cross_entropy(h.x(0, 3), torch.zeros(0, dtype=torch.int64))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1]), weight=torch.ones(2))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1]), weight=torch.ones(3,
    dtype=torch.float64))
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1]), label_smoothing=2.0)
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1]), size_average=False)
torch.nn.functional.cross_entropy(h.x(2, 3), torch.tensor([0, 1]), reduce=False)
torch.nn.functional.cross_entropy(h.x(2, 3, dtype='int64'), torch.tensor([0, 1]))
torch.nn.functional.cross_entropy(h.x(), torch.tensor(0))
torch.nn.functional.cross_entropy(h.x(2, 3, dtype='float16'), torch.tensor([0, 1]))
torch.nn.functional.cross_entropy(h.x(2, 3), h.x(2, 3, dtype='float64').softmax(1))
torch.nn.functional.cross_entropy(h.x(2, 3), h.x(2, 4))
torch.nn.functional.nll_loss(h.x(3), torch.tensor(1))
torch.nn.functional.nll_loss(h.x(2, 3), torch.tensor([0, 3]))
torch.nn.functional.nll_loss(h.x(2, 3), torch.tensor([0]))
torch.nn.functional.nll_loss(h.x(2, 3), torch.tensor([0.0, 1.0]))
torch.nn.functional.nll_loss(h.x(2, 3, 2, 2), h.x(2, 2, 2, dtype='int64', hi=3))
torch.nn.functional.nll_loss(h.x(2, 3, 2), h.x(2, 3, dtype='int64', hi=3))
torch.nn.functional.nll_loss(h.x(), torch.tensor(0))
torch.nn.functional.nll_loss(h.x(0, 3), torch.zeros(0, dtype=torch.int64))
torch.nn.functional.binary_cross_entropy(torch.tensor([2.0]), torch.tensor([1.0]))
torch.nn.functional.binary_cross_entropy(torch.tensor([0.2]), torch.tensor([1]))
gradients(*(lambda x: (torch.nn.functional.binary_cross_entropy(x, torch.tensor([0.0, 1.0, 0.0,
    1.0])), x))(torch.tensor([1.0, 0.0, 0.0, 1.0], requires_grad=True)))
torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([1000.0, -1000.0]),
    torch.tensor([0.0, 1.0]))
torch.nn.functional.binary_cross_entropy_with_logits(h.x(3), h.x(2))
torch.nn.functional.cosine_embedding_loss(h.x(4), h.x(4), torch.tensor(1))
torch.nn.functional.cosine_embedding_loss(h.x(3, 4), h.x(4), torch.tensor([1, 1, 1]))
torch.nn.functional.cosine_embedding_loss(h.x(3, 4), h.x(3, 4), torch.tensor([[1, 1, 1]]))
torch.nn.functional.triplet_margin_loss(h.x(3, 4), h.x(4), h.x(3, 4))
torch.nn.functional.triplet_margin_loss(h.x(3, 4), h.x(3, 4), h.x(3, 4), margin=-1.0)
torch.nn.functional.margin_ranking_loss(h.x(3), h.x(3, 1), torch.ones(3))
(lambda a, b, c: gradients(torch.nn.functional.triplet_margin_with_distance_loss(a, b, c,
    distance_function=lambda x, y: (x - y).abs().sum(-1), swap=True), a, b, c))(*[h.x(3, 4,
    dtype='float64', grad=True) for _ in range(3)])
torch.nn.functional.triplet_margin_with_distance_loss(h.x(3, 4), h.x(3, 4), h.x(3, 4))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]]), (5, 5),
    (2, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]]), (9, 5),
    (2, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]]), (5, 5),
    (2, 2), blank=9)
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]]), (5,),
    (2, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]]), (5, 5),
    (0, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1.0, 2], [3, 1]]), (5,
    5), (2, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]]),
    torch.tensor([5.0, 5.0]), (2, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4).log_softmax(2), torch.tensor([[1, 2], [3, 1]],
    dtype=torch.int32), (5, 5), (2, 2))
torch.nn.functional.ctc_loss(h.x(5, 2, 4, dtype='int64'), torch.tensor([[1, 2], [3, 1]]), (5, 5),
    (2, 2))
torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10])(h.x(2, 8), torch.tensor([0, 20]))
torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10])(h.x(2, 8), torch.tensor([0]))
torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10])(h.x(2, 8), torch.tensor([[0], [1]]))
torch.nn.Embedding(3, 2)(torch.tensor([3]))
torch.nn.Embedding(3, 2)(torch.tensor([-1]))
torch.nn.Embedding(3, 2)(torch.tensor([1.0]))
torch.nn.Embedding(3, 2)(torch.tensor([1], dtype=torch.int32)).shape
torch.nn.Embedding(3, 2)(torch.tensor([1], dtype=torch.uint8))
torch.nn.Embedding(3, 2)(torch.tensor(1)).shape
torch.nn.Embedding(3, 2)(torch.zeros(0, dtype=torch.int64)).shape
(lambda e: (e.weight, e.weight.requires_grad, e))(torch.nn.Embedding.from_pretrained(h.x(3, 2)))
torch.nn.Embedding.from_pretrained(h.x(3, 2), freeze=False, padding_idx=0).weight.requires_grad
torch.nn.Embedding.from_pretrained(h.x(3))
torch.nn.Embedding(3, 2, padding_idx=1).weight[1]
torch.nn.Embedding(3, 2, _weight=h.x(3, 2)).weight
torch.nn.Embedding(3, 2, _weight=h.x(2, 2))
torch.nn.Embedding(3, 2, _freeze=True).weight.requires_grad
repr(torch.nn.EmbeddingBag.from_pretrained(h.x(3, 2)))
torch.nn.EmbeddingBag(3, 2)(torch.tensor([[1]]), torch.tensor([0]))
torch.nn.EmbeddingBag(3, 2)(torch.tensor([1]))
torch.nn.EmbeddingBag(3, 2)(torch.tensor([1]), torch.tensor([1]))
torch.nn.EmbeddingBag(3, 2)(torch.tensor([1]), torch.tensor([0, 5]))
torch.nn.EmbeddingBag(3, 2)(torch.tensor([[1]]), per_sample_weights=torch.ones(1, 1))
torch.nn.EmbeddingBag(3, 2, mode='sum')(torch.tensor([[1]]), per_sample_weights=torch.ones(1, 2))
torch.nn.EmbeddingBag(3, 2)(torch.zeros(1, 1, 1, dtype=torch.int64))
torch.nn.functional.embedding(h.x(3, 2), torch.tensor([1]))
torch.nn.functional.one_hot(torch.tensor([0, 2]), 4)
torch.nn.functional.one_hot(torch.tensor([0, 2]))
torch.nn.functional.one_hot(torch.tensor([-1]), 3)
torch.nn.functional.one_hot(torch.tensor([3]), 3)
torch.nn.functional.one_hot(torch.tensor([1.0]), 3)
torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64))
torch.nn.functional.one_hot(torch.zeros(0, dtype=torch.int64), 3)
torch.nn.functional.embedding_bag(torch.tensor([[0, 1]]), h.x(3, 2) * 5, max_norm=1.0)
"""

TABLES = {
    "PLAIN": (PLAIN, None),
}
