"""The words and the look of the report; `$name` marks what the demo fills in."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark;
  --ground:#ffffff; --ink:#1c2733; --soft:#5b6875; --line:#d5dbe1; --paper:#f4f6f8;
  --accent:#0072b2 }
@media (prefers-color-scheme: dark) { :root {
  --ground:#14191f; --ink:#e8edf2; --soft:#9fadba; --line:#37424d; --paper:#1d242c;
  --accent:#56b4e9 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 58rem; background: var(--ground);
  color: var(--ink); line-height: 1.6; font-size: 17px;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .4rem; text-wrap: balance }
h2 { font-size: 1.3rem; margin: 3rem 0 .6rem; padding-top: 1.2rem;
  border-top: 1px solid var(--line) }
h2 span { color: var(--soft); font-weight: 400; margin-right: .6rem }
p, ol, dl { max-width: 42rem }
.lead { color: var(--soft); margin-top: 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem;
  margin: 1.6rem 0 }
.tile { background: var(--paper); border-radius: .6rem; padding: .9rem 1.1rem }
.tile b { display: block; font-size: 1.7rem; line-height: 1.25; font-variant-numeric: tabular-nums }
.tile span { color: var(--soft); font-size: .9rem }
figure { margin: 1.4rem 0; overflow-x: auto }
figure svg { display: block }
figure img { display: block; max-width: 100%; height: auto }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .5rem; max-width: 42rem }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .88em }
pre { background: var(--paper); border-radius: .6rem; padding: .9rem 1.1rem; overflow-x: auto;
  line-height: 1.45 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1.2rem 0 }
th, td { text-align: right; padding: .35rem 1.2rem .35rem 0; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left }
th { color: var(--soft); font-weight: 500; font-size: .9rem }
a { color: var(--accent) }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>From raw digits to test accuracy</title>
<style>$style</style>
</head>
<body>
<h1>From raw digits to test accuracy</h1>
<p class="lead">What <code>python -m tinygrad_lite demo</code> did, step by step.</p>

<div class="tiles">
<div class="tile"><b>$unseen</b><span>of $test_count digits it had never seen,
recognised</span></div>
<div class="tile"><b>$seen</b><span>of the $train_count digits it learnt from</span></div>
<div class="tile"><b>$error</b><span>largest relative error of a gradient</span></div>
<div class="tile"><b>$ratio&times;</b><span>faster as a batch than one by one</span></div>
</div>

<h2><span>1</span>The data</h2>
<p>$count digits, written by hand by 13 people, scanned and reduced to 8 &times; 8 pixels. A pixel
is a whole number: 0 is white, $brightest is black. To us these are pictures; to the network each
is a row of 64 numbers.</p>
<figure>$samples</figure>

<h2><span>2</span>Normalise and split</h2>
<p>All pixels are divided by $brightest, so that they lie between 0 and 1: steps of one size then
suit all weights. Then the digits are split at random. The network learns from $train_count of
them. The other $test_count are <b>held back</b>: it meets them only to be measured, because what
counts is how it does on digits it has not seen.</p>

<h2><span>3</span>The network</h2>
<p>Two layers with $parameters adjustable numbers, called parameters or weights. Each layer
multiplies by a matrix and adds a bias; between them ReLU replaces what is negative by 0. Ten
numbers come out, one for each digit: the largest is the answer. The weights start at random, so at
first it guesses.</p>
<pre>$model</pre>  <h2><span>4</span>Are the gradients right?</h2> <p>Learning needs the
<b>gradient</b>: how much the error changes when one weight changes a little.
<code>backward()</code> works it out for all weights in one sweep by the chain rule. A slow but
simple way checks it: move a single weight by &plusmn;$step, compute the error both times, divide
the difference by the distance. That was done for every one of the $parameters weights of the
untrained network, on $samples_checked digits, in double precision. $verdict</p>
<table>
<thead><tr><th>parameter</th><th>shape</th><th>largest relative error</th></tr></thead>
<tbody>
$checks_table
</tbody>
</table>

<h2><span>5</span>The graph</h2>
<p>While the network computes, each operation is recorded together with what it was computed from.
That record is the computational graph of the error. <code>backward()</code> walks it from the
result back to the weights.</p>
<figure>$graph
<figcaption>The graph of the loss on a few digits after training, drawn from the recorded run
itself. Beside each weight stands the size of its gradient in the last step.</figcaption></figure>

<h2><span>6</span>Training</h2>
<p>The <b>loss</b> is the number that training makes small. Here it is the cross-entropy: minus
the logarithm of the probability that the network gives to the right digit, averaged. Guessing
among ten costs about 2.3; being sure and right costs 0. Each step takes $batch_size digits at
random (a mini-batch), computes the loss and its gradient, and moves every weight a little
downhill: learning rate $rate, momentum $momentum, weight decay $decay. An epoch is one pass over
all training digits; there were $epochs.</p>
<figure>$curves
<figcaption>After each epoch, on the digits learnt from and on those held back. The loss is shown
by powers of ten.</figcaption></figure>

<h2><span>7</span>The result</h2>
<p>The network recognises <b>$seen</b> of the digits it learnt from and <b>$unseen</b> of those
held back. What is missing there is called <b>over-fitting</b>: $gap percentage points.
$gap_words</p>
<figure>$confusion
<figcaption>A row is the digit that was written, a column the answer. Right answers lie on the
diagonal. $worst</figcaption></figure>

<h2><span>8</span>What it misread</h2>
<p>$mistakes_words</p>
<figure>$mistakes</figure>

<h2><span>9</span>Why batches</h2>
<p>The same digits can be shown to the network one at a time, or all at once as one matrix. The
sums are the same; but one large product of matrices keeps the processor busy, where many small
ones mostly wait for Python.</p>
<table>
<thead><tr><th>samples</th><th>one by one</th><th>as a batch</th><th>faster</th></tr></thead>
<tbody>
$times_table
</tbody>
</table>

<h2><span>10</span>Do it again</h2>
<p>The same command gives the same weights on the same machine, since all chance comes from the
seed ($seed):</p>
<pre>$command</pre> <p>The weights lie beside this page in <code>weights.npz</code>, plain arrays
under the names above, and every figure is an SVG file of its own.</p>
<p class="lead">tinygrad_lite $version, NumPy $numpy_version. Digits: E. Alpaydin and C. Kaynak,
Optical Recognition of Handwritten Digits (1998), UCI Machine Learning Repository, CC BY 4.0.</p>
</body>
</html>
"""
