"""The command line: what it prints, what it writes, and how it refuses and stops."""

import io
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tinygrad_lite.cli import main
from tinygrad_lite.cli.arguments import build_parser
from tinygrad_lite.cli.confusion import count_confusions, draw_confusion
from tinygrad_lite.cli.curves import draw_curves
from tinygrad_lite.cli.files import OutputFolder
from tinygrad_lite.cli.gallery import draw_gallery, mistakes
from tinygrad_lite.cli.progress import Progress
from tinygrad_lite.cli.training import History, make_model, prepare_task, train_epochs

COMMAND = [sys.executable, "-m", "tinygrad_lite"]
FIGURES = ["graph.svg", "curves.svg", "confusion.svg", "samples.svg", "mistakes.svg"]


IGNORE = [].append  # takes the loss of each mini-batch


def run(command):
    """With one BLAS thread, so that times mean something while other tests run beside it."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def options(*arguments):
    return build_parser().parse_args(["demo", *arguments])


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Folder, output and processor seconds of the demo as a newcomer runs it."""
    start = os.times().children_user
    out = tmp_path_factory.mktemp("demo") / "new" / "folder"
    result = run([*COMMAND, "demo", "--out", out])
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return out, result.stdout, os.times().children_user - start


def percent(pattern, text):
    return float(re.search(pattern + r" +([\d.]+)%", text).group(1))


def test_demo_reaches_97_percent(demo):
    _, said, _ = demo
    train, test = percent("training accuracy", said), percent("test accuracy", said)
    assert test >= 97
    assert train >= test
    gap = float(re.search(r"gap ([-\d.]+) percentage points", said).group(1))
    assert gap == pytest.approx(train - test, abs=0.011)


def test_demo_checks_its_gradients(demo):
    _, said, _ = demo
    error = float(re.search(r"largest relative error (\S+)", said).group(1))
    assert 0 < error < 1e-6
    assert "9,610 gradients against central differences: passed" in said


def test_demo_compares_inference(demo):
    _, said, _ = demo
    for size in ("359 x 64", "10,000 x 128"):
        ratio = re.search(size + r": one by one .*, (\d+) times faster", said).group(1)
        assert int(ratio) > 1


def test_demo_shows_progress_with_loss_and_both_accuracies(demo):
    _, said, _ = demo
    lines = re.findall(r"epoch +\d+/30  loss [\d.]+  train +[\d.]+%  test +[\d.]+%", said)
    assert 5 <= len(lines) <= 15


def test_demo_is_quick(demo):
    """By processor time, because other tests may be running beside it."""
    assert "Done" in demo[1]
    assert demo[2] <= 10


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_sound_svg(demo, name):
    root = ET.parse(demo[0] / name).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = len(list(root.iter("{http://www.w3.org/2000/svg}text")))
    assert texts >= (0 if name == "mistakes.svg" else 10)


@pytest.mark.parametrize("name", FIGURES)
def test_text_in_figures_can_be_read(demo, name):
    sizes = re.findall(r"font-size\s*[:=]\s*\"?([\d.]+)", (demo[0] / name).read_text())
    assert sizes
    assert min(map(float, sizes)) >= 11


def test_report_needs_nothing_from_elsewhere(demo):
    page = (demo[0] / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "$" not in page
    loaded = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>\s]+)""", page)
    assert [target for target in loaded if not target.startswith(("data:", "#"))] == []
    for figure in FIGURES:
        assert (demo[0] / figure).read_text(encoding="utf-8").strip() in page


def test_weights_give_the_same_answers(demo):
    out, said, _ = demo
    with np.load(out / "weights.npz", allow_pickle=False) as weights:
        arrays = dict(weights)
    test = prepare_task(0).test
    x, labels = (part.numpy() for part in test.tensors)
    for layer in (0, 2):
        x = x @ arrays[f"{layer}.weight"].T + arrays[f"{layer}.bias"]
        x = np.maximum(x, 0) if layer < 2 else x
    accuracy = 100 * (x.argmax(axis=1) == labels).mean()
    assert accuracy == pytest.approx(percent("test accuracy", said), abs=0.01)


def test_nothing_else_is_written(demo):
    names = sorted(path.name for path in demo[0].iterdir())
    assert names == sorted([*FIGURES, "weights.npz", "report.html"])


@pytest.mark.parametrize("seed", range(10))
def test_every_seed_reaches_96_percent(seed):
    chosen = options("--seed", str(seed))
    task = prepare_task(seed)
    model = make_model()
    for history in train_epochs(model, task, chosen, IGNORE):
        last = history
    assert len(last) == 30
    assert last.test_accuracy[-1] >= 0.96


def test_seed_fixes_everything():
    def weights():
        task = prepare_task(3)
        model = make_model()
        list(train_epochs(model, task, options("--epochs", "1"), IGNORE))
        return [parameter.detach().numpy().tobytes() for parameter in model.parameters()]

    assert weights() == weights()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--lr", "-0.1"], "--lr: expected a number above 0, got -0.1"),
        (["demo", "--lr", "0"], "--lr: expected a number above 0, got 0"),
        (["demo", "--lr", "nan"], "--lr: expected a number above 0, got nan"),
        (["demo", "--lr", "fast"], "--lr: expected a number above 0, got fast"),
        (["demo", "--batch-size", "0"], "--batch-size: expected a whole number of at least 1"),
        (["demo", "--epochs", "2.5"], "--epochs: expected a whole number, got 2.5"),
        (["demo", "--seed", "lucky"], "--seed: expected a whole number, got lucky"),
        (["demo", "--seed", "-1"], "--seed: expected 0 to"),
        (["demo", "--out", ""], "--out: expected a folder"),
        (["demo", "--epoch-count", "1"], "unrecognized arguments: --epoch-count"),
        (["dance"], "invalid choice: 'dance'"),
        ([], "required"),
    ],
)
def test_wrong_arguments_get_one_line(arguments, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert words in said.err


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_unwritable_folder_gets_one_line(name, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SystemExit) as stop:
        main(["demo", "--out", str(tmp_path / name)])
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "--out" in said.err
    assert (tmp_path / "file").read_text() == "mine"


def test_too_high_rate_is_said_so(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["demo", "--lr", "1000", "--epochs", "5", "--out", str(out)]) == 1
    assert "--lr 1000 are too long" in capsys.readouterr().err
    assert not out.exists()


def hear_interrupts():
    """Processes of a shell's background jobs start with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ there")
def test_interrupt_leaves_nothing(tmp_path):
    out = tmp_path / "new" / "folder"
    command = [*COMMAND, "demo", "--epochs", "100000", "--out", str(out)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, preexec_fn=hear_interrupts
    ) as process:
        for line in process.stdout:
            if "epoch " in line:
                break
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert complaint.strip().count("\n") == 0
    assert "interrupted" in complaint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interrupted_write_keeps_the_old_file(error, tmp_path, monkeypatch):
    def fail(self, target):
        raise error

    with OutputFolder(tmp_path) as folder:
        folder.write("name.txt", "old")
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(error), OutputFolder(tmp_path) as folder:
        folder.write("name.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["name.txt"]
    assert (tmp_path / "name.txt").read_text() == "old"


def test_folder_that_was_there_stays(tmp_path):
    with pytest.raises(ValueError, match="later"), OutputFolder(tmp_path):
        raise ValueError("later")
    assert tmp_path.exists()


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class OldTerminal(Terminal):
    encoding = "ascii"


def run_progress(stream, epochs=3, steps=16):
    history = History()
    progress = Progress(epochs, steps, stream)
    for epoch in range(epochs):
        for _ in range(steps):
            progress.step(1.5)
        history.note((1 / (epoch + 1), 0.5), (1.0, 0.25))
        progress.epoch(history)
    return stream.getvalue()


def test_progress_redraws_one_line_on_a_terminal():
    said = run_progress(Terminal())
    assert said.count("\n") == 1
    assert said.endswith("loss 0.3333  train  50.00%  test  25.00%\n")
    assert "━" * 20 in said.rpartition("\r")[2]


def test_progress_uses_what_the_terminal_can_show():
    said = run_progress(OldTerminal())
    assert said.isascii()
    assert "#" * 20 in said


def test_progress_writes_few_lines_to_a_file():
    said = run_progress(io.StringIO(), epochs=1000, steps=1)
    assert "\r" not in said
    assert said.count("\n") == 11
    assert "epoch 1000/1000" in said


def test_curves_of_a_single_epoch():
    history = History()
    history.note((0.0, 1.0), (2.5, 0.0))
    assert ET.fromstring(draw_curves(history)).tag.endswith("svg")


def test_confusion_counts_rows_as_written():
    counts = count_confusions(np.array([1, 1, 1, 2]), np.array([1, 7, 7, 2]))
    assert counts[1, 7] == 2
    assert counts.sum() == 4
    drawn = draw_confusion(counts)
    assert "Most often a 1 was taken for a 7: 2 times." in drawn
    assert ET.fromstring(drawn).tag.endswith("svg")


def test_mistakes_start_with_the_surest():
    chances = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]])
    found = mistakes(np.zeros((3, 64)), np.array([1, 1, 1]), chances)
    assert [picture.captions for picture in found] == [
        ["1, read as 0", "90% sure"],
        ["1, read as 0", "60% sure"],
    ]
    assert draw_gallery([], "none").startswith("<svg")


def test_info_says_what_runs_here(capsys):
    assert main(["info"]) == 0
    said = capsys.readouterr().out
    for word in ("tinygrad_lite", "Python", "NumPy", "BLAS", "threads"):
        assert word in said
    assert np.__version__ in said


def test_output_can_be_cut_short():
    result = run(["bash", "-c", f"{sys.executable} -m tinygrad_lite info | head -n 1"])
    assert result.stderr == ""
    assert result.stdout.startswith("tinygrad_lite")


def test_gradcheck_checks_a_function(capsys):
    assert main(["gradcheck", "tinygrad_lite:tanh", "--shape", "2,3"]) == 0
    assert "gradcheck passed for tanh: 6 elements" in capsys.readouterr().out


def test_gradcheck_says_what_it_takes(capsys):
    assert main(["gradcheck", "tanh"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "module:function" in said.err
