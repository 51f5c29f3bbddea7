"""Schedules and averaged models.

One expression in a line; what is indented goes on with the line above.
"""

from __future__ import annotations

PLAIN = r"""
torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)).step()
(lambda s: (s.step(torch.tensor(0.5)),
    s.best))(torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)))
torch.optim.lr_scheduler.ReduceLROnPlateau(3)
torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)).step(0.1, 3)
torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)).step('a')
isinstance(torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)),
    torch.optim.lr_scheduler.LRScheduler)
torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)).in_cooldown if
    isinstance(torch.optim.lr_scheduler.ReduceLROnPlateau.__dict__.get('in_cooldown'), property)
    else torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer(torch)).in_cooldown()
torch.optim.lr_scheduler.SequentialLR(optimizer(torch), [], [])
torch.optim.lr_scheduler.SequentialLR(optimizer(torch),
    [torch.optim.lr_scheduler.StepLR(optimizer(torch), 1)], [])
(lambda op: torch.optim.lr_scheduler.ChainedScheduler([torch.optim.lr_scheduler.StepLR(op, 1)],
    optimizer=op).get_last_lr())(optimizer(torch))
torch.optim.lr_scheduler.ChainedScheduler([])
torch.optim.lr_scheduler.ChainedScheduler([torch.optim.lr_scheduler.StepLR(optimizer(torch), 1),
    torch.optim.lr_scheduler.StepLR(optimizer(torch), 1)])
(lambda op: torch.optim.lr_scheduler.SequentialLR(op,
    [torch.optim.lr_scheduler.ReduceLROnPlateau(op), torch.optim.lr_scheduler.StepLR(op, 1)],
    [2]))(optimizer(torch))
(lambda op:
    torch.optim.lr_scheduler.ChainedScheduler([torch.optim.lr_scheduler.ReduceLROnPlateau(op)]))
    (optimizer(torch))
torch.optim.lr_scheduler.LRScheduler(optimizer(torch))
(lambda s: [s.step() for _ in range(4)])(torch.optim.lr_scheduler.OneCycleLR(optimizer(torch,
    momentum=0.9), 0.1, total_steps=3))
(lambda op: (lambda s: [(s.step(e), s.get_last_lr())[1] for e in (0.5, 1.25, 2.9, 3.1,
    7.7)])(torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(op, 3, 2)))(optimizer(torch))
torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer(torch), 3).step(-1)
pickle.loads(pickle.dumps(torch.optim.lr_scheduler.StepLR(optimizer(torch), 2))).get_last_lr()
copy.deepcopy(torch.optim.lr_scheduler.StepLR(optimizer(torch), 2)).get_last_lr()
repr(torch.optim.swa_utils.AveragedModel(net(torch, h)))
torch.optim.swa_utils.get_ema_avg_fn(2.0)
torch.optim.swa_utils.AveragedModel(net(torch, h), avg_fn=lambda *a: 0, multi_avg_fn=lambda *a:
    0)
torch.optim.swa_utils.update_bn([h.x(2, 3)], torch.nn.Linear(3, 2))
"""

TABLES = {
    "PLAIN": (PLAIN, None),
}
