// Two pictures side by side, and where what is said of them differs.

const MOST_WORDS = 400;
const MOST_LETTERS = 2000;

class Comparison {
  constructor(dialog, source, state) {
    this._dialog = dialog;
    this._source = source;
    this._state = state;
    this._pair = [];
    byId("compare-close").addEventListener("click", () => dialog.close());
    byId("compare-all").addEventListener("change", () => this._fill());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  // Open with the two that were picked last.
  open() {
    const ids = [...this._state.picks].slice(-2);
    this._pair = ids.map((id) => this._source.find(id)).filter(Boolean);
    if (this._pair.length < 2) return;
    this._fill();
    if (!this._dialog.open) this._dialog.showModal();
  }

  _fill() {
    const [one, other] = this._pair;
    const pictures = this._pair.map((record, place) => {
      const picture = pictureOf(this._source, record);
      if (picture.tagName === "IMG") picture.alt = record.caption;
      const name = make("figcaption", { dir: "auto" }, `${"AB"[place]} · ${record.caption}`);
      return make("figure", {}, make("div", { className: "frame" }, picture), name);
    });
    byId("compare-pictures").replaceChildren(...pictures);
    const rows = pairsOf(one, other);
    const different = rows.filter(({ same }) => !same);
    const all = byId("compare-all").checked;
    byId("compare-count").textContent =
      `${count(different.length, "difference")}, ${NUMBERS.format(rows.length - different.length)} the same`;
    byId("compare-rows").replaceChildren(...(all ? rows : different).map((row) => this._row(row)));
  }

  _row({ name, label, long, same, values }) {
    const className = kindOfText(name);
    const cells = long && !same ? wordDifferences(...values) : values.map(shortened);
    return make(
      "tr",
      { className: same ? "same" : "different" },
      make("th", { scope: "row" }, label),
      ...cells.map((parts, place) => make("td", { dir: "auto", className }, ...(values[place] === "" ? ["–"] : parts))),
    );
  }
}

function pairsOf(one, other) {
  const sides = [detailsOf(one), detailsOf(other)];
  const rows = new Map();
  sides.forEach((details, side) => {
    for (const { name, label, value } of details) {
      if (!rows.has(name)) rows.set(name, { name, label, long: LONG.has(name), values: ["", ""] });
      rows.get(name).values[side] = value;
    }
  });
  return [...rows.values()].map((row) => ({ ...row, same: row.values[0] === row.values[1] }));
}

function shortened(text) {
  return [visible(text.slice(0, MOST_LETTERS)), ...(text.length > MOST_LETTERS ? ["…"] : [])];
}

// Mark the words that only one of two texts has, by the longest row of words that both have.
function wordDifferences(one, other) {
  const [a, b] = [one, other].map((text) => visible(text).match(/\s+|[^\s]+/g) ?? []);
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [one, other].map(shortened);
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const sides = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      sides[0].push(a[i++]);
      sides[1].push(b[j++]);
    } else if (j >= b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) {
      sides[0].push(make("mark", {}, a[i++]));
    } else {
      sides[1].push(make("mark", {}, b[j++]));
    }
  }
  return sides;
}
