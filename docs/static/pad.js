// A field to draw a digit in. The picture is made as those of the data set were: scaled to the full
// height of 32 pixels, with as much ink as they have, and counted in blocks of 4 x 4. A small network,
// whose weights stand in the page, then answers.

const INK = 310;               // of 1,024 pixels, the mean over the data set
const WIDEST = 26;             // of 32 columns

function scaled(strokes) {
  const xs = strokes.flat().map(p => p[0]), ys = strokes.flat().map(p => p[1]);
  const left = Math.min(...xs), top_ = Math.min(...ys);
  const width = Math.max(...xs) - left || 1, height = Math.max(...ys) - top_ || 1;
  return pen => {
    const tall = (32 - pen) / height, wide = Math.min(tall, (WIDEST - pen) / width);
    return strokes.map(stroke => stroke.map(([x, y]) =>
      [16 + (x - left - width / 2) * wide, 16 + (y - top_ - height / 2) * tall]));
  };
}

function traced(context, strokes, pen) {
  context.lineWidth = pen;
  context.lineCap = context.lineJoin = "round";
  for (const [first, ...rest] of strokes) {
    context.beginPath();
    context.moveTo(...first);
    context.lineTo(...first);
    rest.forEach(point => context.lineTo(...point));
    context.stroke();
  }
}

function blocks(strokes, pen) {
  const canvas = Object.assign(document.createElement("canvas"), {width: 32, height: 32});
  const context = canvas.getContext("2d");
  traced(context, strokes, pen);
  const alpha = context.getImageData(0, 0, 32, 32).data, counts = new Array(64).fill(0);
  for (let i = 0; i < 1024; i++)
    counts[8 * (i >> 7) + (i % 32 >> 2)] += alpha[4 * i + 3] / 255;
  return counts;
}

function pixels(strokes) {
  const place = scaled(strokes);
  let best = null, off = Infinity;
  for (let pen = 2; pen <= 12; pen += 0.5) {
    const counts = blocks(place(pen), pen);
    const ink = counts.reduce((a, b) => a + b);
    if (Math.abs(ink - INK) < off) [best, off] = [counts, Math.abs(ink - INK)];
  }
  return best.map(count => count / 16);
}

function answer(layers, x) {
  layers.forEach(({weight, bias}, i) => {
    x = weight.map((row, j) => row.reduce((sum, w, k) => sum + w * x[k], bias[j]));
    if (i < layers.length - 1) x = x.map(value => Math.max(value, 0));
  });
  const high = Math.max(...x), e = x.map(value => Math.exp(value - high));
  const total = e.reduce((a, b) => a + b);
  return e.map(value => value / total);
}

function start(pad) {
  const layers = JSON.parse(pad.dataset.layers), canvas = pad.querySelector("canvas");
  const context = canvas.getContext("2d"), rows = [...pad.querySelectorAll(".shares div")];
  let strokes = [];
  const redraw = () => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = getComputedStyle(pad).color;
    traced(context, strokes, 14);
    const shares = strokes.length ? answer(layers, pixels(strokes)) : new Array(10).fill(0);
    const best = Math.max(...shares);
    rows.forEach((row, digit) => {
      row.style.setProperty("--share", shares[digit]);
      row.classList.toggle("best", best > 0 && shares[digit] === best);
      row.lastChild.textContent = shares[digit] > 0.005 ? `${Math.round(100 * shares[digit])} %` : "";
    });
  };
  const point = event => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width,
            (event.clientY - box.top) * canvas.height / box.height];
  };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    strokes.push([point(event)]);
    redraw();
  });
  canvas.addEventListener("pointermove", event => {
    if (!event.buttons || !strokes.length) return;
    strokes.at(-1).push(point(event));
    redraw();
  });
  pad.querySelector("button").addEventListener("click", () => { strokes = []; redraw(); });
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".pad").forEach(start));
