"""The layered layout: short edges, few crossings, exact places, the same every time."""

import json
import random
import shutil
import subprocess
from itertools import pairwise

import pytest

from tinygrad_lite.viz.layout import Box, Wire, arrange
from tinygrad_lite.viz.layout.place import fit_isotonic
from tinygrad_lite.viz.layout.ranks import assign_ranks

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def make_edges(count, seed, density=1.25):
    chance = random.Random(seed)
    edges = {(chance.randrange(max(0, v - 12), v), v) for v in range(1, count)}
    while len(edges) < count * density:
        a, b = sorted(chance.sample(range(count), 2))
        if b - a < 20:
            edges.add((a, b))
    return sorted(edges)


def lay_out(count, edges):
    boxes = [Box(80, 30) for _ in range(count)]
    wires = [Wire(a, b, a) for a, b in edges]
    return arrange(boxes, wires), boxes, wires


def ask_dot(count, edges):
    """Crossings of the drawn curves and total edge length in ranks of Graphviz' layout."""
    lines = ["digraph{node[shape=box,fixedsize=true,width=1.11,height=0.42];"]
    lines += [f"{v};" for v in range(count)] + [f"{a}->{b};" for a, b in edges] + ["}"]
    done = subprocess.run(
        ["dot", "-Tjson"], input="".join(lines), capture_output=True, text=True, check=True
    )
    laid = json.loads(done.stdout)
    names = {entry["_gvid"]: int(entry["name"]) for entry in laid["objects"]}
    heights = {names[e["_gvid"]]: float(e["pos"].split(",")[1]) for e in laid["objects"]}
    levels = {y: -n for n, y in enumerate(sorted(set(heights.values())))}
    length = sum(levels[heights[b]] - levels[heights[a]] for a, b in edges)
    curves = [sample_curve(names, edge) for edge in laid["edges"]]
    return count_crossings(curves), length


def sample_curve(names, edge):
    places = [tuple(map(float, p.split(","))) for p in edge["pos"].replace("e,", "").split()][1:]
    points = [places[0]]
    for start in range(0, len(places) - 3, 3):
        a, b, c, d = places[start : start + 4]
        for step in range(1, 9):
            t, s = step / 8, 1 - step / 8
            w = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
            points.append(
                tuple(sum(k * p[i] for k, p in zip(w, (a, b, c, d), strict=True)) for i in (0, 1))
            )
    return (names[edge["tail"]], names[edge["head"]]), points


def count_crossings(curves):
    """Pairs of pieces that cross, of edges that share neither end.

    The part of a way that several wires of one value share is one line on the page.
    """
    lines = {
        (a, b, ends[0]): (a, b, ends)
        for ends, points in curves
        for a, b in pairwise(points)
        if a != b
    }
    pieces = list(lines.values())
    pieces.sort(key=lambda piece: min(piece[0][1], piece[1][1]))
    found = 0
    for place, (a, b, ends) in enumerate(pieces):
        top = max(a[1], b[1])
        for c, d, others in pieces[place + 1 :]:
            if min(c[1], d[1]) > top:
                break
            if ends[0] != others[0] and ends[1] != others[1] and do_cross(a, b, c, d):
                found += 1
    return found


def do_cross(a, b, c, d):
    def turn(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    first, second = turn(a, b, c) * turn(a, b, d), turn(c, d, a) * turn(c, d, b)
    return first < -1e-7 and second < -1e-7


@needs_dot
def test_ranks_are_as_short_as_those_of_graphviz():
    for seed, count in enumerate((40, 100, 200)):
        edges = make_edges(count, seed)
        ranks = assign_ranks(count, edges, top=set(), bottom=set())
        assert all(ranks[a] < ranks[b] for a, b in edges)
        assert sum(ranks[b] - ranks[a] for a, b in edges) <= ask_dot(count, edges)[1]


@needs_dot
@pytest.mark.slow
def test_crossings_stay_near_those_of_graphviz():
    own_total = dot_total = 0
    for seed in range(30):
        count = 40 + seed * 110 // 29
        edges = make_edges(count, seed)
        _, _, wires = lay_out(count, edges)
        own = count_crossings([((w.tail, w.head), w.points) for w in wires])
        other, _ = ask_dot(count, edges)
        assert not (own > 2 * other and own > other + 5), (seed, own, other)
        own_total, dot_total = own_total + own, dot_total + other
    assert own_total <= 1.10 * dot_total


@pytest.mark.parametrize("kind", ["chain", "tree", "gathering tree", "residual"])
def test_plain_shapes_have_no_crossings(kind):
    chance = random.Random(7)
    edges = {
        "chain": [(v, v + 1) for v in range(60)],
        "tree": [(chance.randrange(max(0, v - 9), v), v) for v in range(1, 60)],
        "gathering tree": [(60 - v, 60 - chance.randrange(max(0, v - 9), v)) for v in range(1, 60)],
        "residual": [(v, v + 1) for v in range(60)] + [(v, v + 5) for v in range(0, 55, 5)],
    }[kind]
    found, _, _ = lay_out(61, edges)
    assert found.crossings == 0


def test_a_chain_is_one_upright_line():
    _, boxes, _ = lay_out(20, [(v, v + 1) for v in range(19)])
    assert len({round(box.x, 6) for box in boxes}) == 1
    assert [box.y for box in boxes] == sorted(box.y for box in boxes)


def test_the_spine_of_a_residual_net_is_upright():
    edges = [(v, v + 1) for v in range(20)] + [(v, v + 4) for v in range(0, 16, 4)]
    _, boxes, _ = lay_out(21, edges)
    assert max(box.x for box in boxes) - min(box.x for box in boxes) < 0.5


def test_wires_of_one_value_share_their_way():
    _, _, wires = lay_out(12, [(v, v + 1) for v in range(11)] + [(0, v) for v in range(3, 11)])
    starts = {wire.points[0] for wire in wires if wire.tail == 0}
    assert len(starts) == 1


def test_boxes_keep_their_distance():
    _, boxes, _ = lay_out(100, make_edges(100, 3))
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            apart = abs(one.x - other.x) >= 80 - 1e-6 or abs(one.y - other.y) >= 30 - 1e-6
            assert apart


def test_the_same_graph_gets_the_same_places():
    first, second = (lay_out(90, make_edges(90, 5))[1] for _ in range(2))
    assert [(b.x, b.y) for b in first] == [(b.x, b.y) for b in second]


def test_a_circle_is_refused():
    with pytest.raises(ValueError, match="without cycles"):
        lay_out(2, [(0, 1), (1, 0)])


def test_isotonic_regression_against_all_partitions():
    chance = random.Random(1)
    for _ in range(50):
        wanted = [chance.uniform(-3, 3) for _ in range(5)]
        weights = [chance.uniform(0.1, 3) for _ in range(5)]
        fitted = fit_isotonic(wanted, weights)
        assert fitted == sorted(fitted)
        cost = sum(w * (f - v) ** 2 for w, f, v in zip(weights, fitted, wanted, strict=True))
        assert cost <= best_cost(wanted, weights) + 1e-9


def best_cost(wanted, weights):
    """Least cost over all ways to cut the sequence into blocks with rising means."""
    best = float("inf")
    for cuts in range(1 << (len(wanted) - 1)):
        blocks, start = [], 0
        for end in range(1, len(wanted) + 1):
            if end == len(wanted) or cuts >> (end - 1) & 1:
                blocks.append(range(start, end))
                start = end
        means = [
            sum(weights[i] * wanted[i] for i in b) / sum(weights[i] for i in b) for b in blocks
        ]
        if means == sorted(means):
            pairs = zip(blocks, means, strict=True)
            cost = sum(weights[i] * (wanted[i] - mean) ** 2 for b, mean in pairs for i in b)
            best = min(best, cost)
    return best
