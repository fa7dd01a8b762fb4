// Rows that fill the width, each as high as its pictures make it. All rows are known, few are in the page.

const GAP = 12;
const CAPTION = 28;
// About so many pictures are seen at once, however large the window is.
const SEEN = { s: 26, m: 18, l: 8 };

function rowsOf(view, width, height, size) {
  const target = Math.min(Math.max(Math.sqrt((width * height) / SEEN[size]), 96), width);
  const caption = size === "s" ? 0 : CAPTION;
  const rows = [];
  let first = 0;
  let aspects = 0;
  let top = 0;
  const close = (end, stretch) => {
    const inside = width - GAP * (end - first - 1);
    const high = stretch ? inside / aspects : Math.min(target, inside / aspects);
    rows.push({ first, end, top, high });
    top += high + caption + GAP;
    first = end;
    aspects = 0;
  };
  view.forEach((record, place) => {
    aspects += record.aspect;
    if (aspects * target + GAP * (place - first) >= width) close(place + 1, true);
  });
  if (first < view.length) close(view.length, false);
  return { rows, height: Math.max(0, top - GAP), caption };
}

function rowAt(rows, y) {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (rows[middle].top <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

function rowOf(rows, place) {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (rows[middle].first <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}
