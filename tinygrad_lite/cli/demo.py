"""The whole road on real data, step by step, each with one line of result."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import manual_seed, viz
from ..autograd import no_grad
from ..nn import CrossEntropyLoss
from ..nn.functional import softmax
from . import training
from .confusion import count_confusions, draw_confusion
from .curves import draw_curves
from .gallery import draw_gallery, mistakes, samples
from .gradients import check_gradients
from .progress import Progress
from .report import Results, write_report
from .timing import time_inference

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from .. import nn
    from .files import OutputFolder
    from .gradients import Comparison
    from .timing import InferenceTime

GRAPH_BATCH = 8  # digits in the loss whose graph is drawn


def run_demo(options: argparse.Namespace, folder: OutputFolder) -> None:
    """Load, normalise, split, check, train, measure, and write what came out to `folder`."""
    start = time.perf_counter()
    task = load(options)
    manual_seed(options.seed)
    model = training.make_model()
    checks = check(model, task)
    history = train(model, task, options)
    times = compare_inference(model, task)
    results = Results(options, task, model, checks, history, times, predict(model, task))
    write_all(results, folder)
    say("Done", f"in {time.perf_counter() - start:.1f} s; open {folder.path / 'report.html'}")


def say(step: str, result: str) -> None:
    """Print the result of one step."""
    print(f"{step:<10} {result}", flush=True)


def load(options: argparse.Namespace) -> training.Task:
    """The task, after saying what it consists of."""
    task = training.prepare_task(options.seed)
    learnt, held = len(task.train), len(task.test)
    say("Load", f"{learnt + held:,} handwritten digits of 8 x 8 pixels, values 0 to 16")
    say("Normalise", f"pixels / {training.BRIGHTEST}: values 0 to 1")
    say("Split", f"{learnt:,} digits to learn from, {held} held back (seed {options.seed})")
    return task


def check(model: nn.Module, task: training.Task) -> list[Comparison]:
    """The gradients of the untrained model against central differences."""
    checks = check_gradients(model, task.train)
    count = sum(parameter.numel() for parameter in model.parameters())
    largest = max(checks, key=lambda one: one.error)
    verdict = "passed" if largest.passed else f"FAILED in {largest.name}"
    say("Check", f"{count:,} gradients against central differences: {verdict}")
    say("", f"largest relative error {largest.error:.1e}")
    return checks


def train(model: nn.Module, task: training.Task, options: argparse.Namespace) -> training.History:
    """The history of the training, after saying where it ended."""
    steps = -(-len(task.train) // options.batch_size)
    say("Train", f"{options.epochs} epochs of {steps} mini-batches, learning rate {options.lr:g}")
    progress = Progress(options.epochs, steps)
    history = training.History()
    with np.errstate(all="ignore"):  # a training that runs away is reported in words
        for history in training.train_epochs(model, task, options, progress.step):
            progress.epoch(history)
    seen, unseen = history.train_accuracy[-1], history.test_accuracy[-1]
    say("Result", f"training accuracy {seen:.2%}, test accuracy {unseen:.2%}")
    verdict = "over-fitting" if seen > unseen else "no over-fitting"
    say("", f"gap {100 * (seen - unseen):.2f} percentage points ({verdict})")
    return history


def compare_inference(model: nn.Module, task: training.Task) -> list[InferenceTime]:
    """Times one by one and as a batch, after saying how they compare."""
    times = time_inference(model, task.test.tensors[0])
    for i, each in enumerate(times):
        say(
            "" if i else "Inference",
            f"{each.samples:,} x {each.features}: one by one {1e3 * each.one_by_one:.1f} ms, "
            f"as a batch {1e3 * each.together:.2f} ms, {each.ratio:.0f} times faster",
        )
    return times


@no_grad()
def predict(model: nn.Module, task: training.Task) -> NDArray[Any]:
    """Probability of each class for each digit held back."""
    return np.asarray(softmax(model(task.test.tensors[0]), dim=1).numpy())


def write_all(results: Results, folder: OutputFolder) -> None:
    """Write the figures, the weights and the report that shows them together."""
    pixels, labels = (part.numpy() for part in results.task.test.tensors)
    chances = results.chances
    confusions = count_confusions(labels, chances.argmax(axis=1))
    figures = {
        "graph.svg": draw_graph(results),
        "curves.svg": draw_curves(results.history),
        "confusion.svg": draw_confusion(confusions),
        "samples.svg": draw_gallery(samples(pixels, labels), "One digit of each class"),
        "mistakes.svg": draw_gallery(mistakes(pixels, labels, chances), "Digits misread"),
    }
    for name, content in figures.items():
        folder.write(name, content)
    folder.write("weights.npz", pack_weights(results.model))
    folder.write("report.html", write_report(results, figures, confusions))
    say("Write", f"{', '.join(figures)}, weights.npz, report.html")


def draw_graph(results: Results) -> str:
    """SVG of the graph that one mini-batch leaves behind."""
    images, labels = (part[:GRAPH_BATCH] for part in results.task.train.tensors)
    loss = CrossEntropyLoss()(results.model(images), labels)
    return str(viz.draw(loss).svg())


def pack_weights(model: nn.Module) -> bytes:
    """The parameters as an .npz file: plain arrays under their names, no pickle."""
    stream = io.BytesIO()
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    np.savez(stream, **arrays)
    return stream.getvalue()
