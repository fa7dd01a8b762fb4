// What hits can be narrowed down by. Values of one facet are alternatives, facets add up.

const EDGES = [512, 1024, 2048];

const FACETS = [
  { name: "kind", label: "Kind", values: ({ what, kind }) => [what === "asset" ? kind : null] },
  { name: "type", label: "Type", values: ({ what, hit }) => [what === "model" ? hit.type : null] },
  {
    name: "model",
    label: "Model",
    values: ({ hit }) => [hit.metadata?.modelId ?? hit.metadata?.baseModelId ?? hit.parentModelId],
  },
  { name: "capability", label: "Capability", values: ({ hit }) => listOf(hit.capabilities) },
  { name: "status", label: "Status", values: ({ hit }) => [hit.status] },
  { name: "tag", label: "Tag", values: ({ hit }) => listOf(hit.tags) },
  { name: "size", label: "Longer side", values: sizesOf, say: saySize, order: (a, b) => Number(a) - Number(b) },
  { name: "date", label: "Created", values: monthsOf, say: sayMonth, order: (a, b) => (a < b ? 1 : -1) },
];
const SHOWN_VALUES = 6;
const MOST_VALUES = 100;

function sizesOf({ width, height }) {
  const longer = Math.max(width, height);
  if (!longer) return [];
  return [String(EDGES.find((edge) => longer <= edge) ?? "more")];
}

function saySize(value) {
  const place = EDGES.indexOf(Number(value));
  if (place < 0) return `over ${EDGES.at(-1)} px`;
  return place ? `${EDGES[place - 1] + 1} to ${EDGES[place]} px` : `up to ${EDGES[0]} px`;
}

function monthsOf({ created }) {
  return Number.isNaN(created) ? [] : [new Date(created).toISOString().slice(0, 7)];
}

function sayMonth(value) {
  const moment = Date.parse(`${value}-01T00:00:00Z`);
  return Number.isNaN(moment) ? value : MONTHS.format(moment);
}

// Every word, and every phrase between double quotes, is to be there; what follows a minus is not.
function wordsOf(query) {
  return [...fold(query).matchAll(/(-?)(?:"([^"]*)"?|(\S+))/g)]
    .map(([, minus, phrase, word]) => ({ text: phrase ?? word, wanted: minus === "" }))
    .filter(({ text }) => text !== "" && text !== "-");
}

function sieve(records, state) {
  const words = wordsOf(state.query);
  const chosen = FACETS.filter(({ name }) => state.facets[name].size);
  const counts = Object.fromEntries(FACETS.map(({ name }) => [name, new Map()]));
  const view = [];
  for (const record of records) {
    if (state.onlyPicks && !state.picks.has(record.id)) continue;
    if (words.some(({ text, wanted }) => record.searched.includes(text) !== wanted)) continue;
    // What only one facet keeps out is counted there: so many would come if its value were chosen as well.
    const failing = chosen.filter(({ name }) => !record.facets[name].some((each) => state.facets[name].has(each)));
    if (!failing.length) view.push(record);
    if (failing.length > 1) continue;
    for (const { name } of failing.length ? failing : FACETS) {
      for (const value of record.facets[name]) counts[name].set(value, (counts[name].get(value) ?? 0) + 1);
    }
  }
  return { view: sorted(view, state.sort), counts };
}

function prepareFacets(records) {
  for (const record of records) {
    record.facets = {};
    for (const { name, values } of FACETS) {
      record.facets[name] = [...new Set(values(record).filter(isText))];
    }
  }
}

function sorted(view, by) {
  const last = (number) => (Number.isNaN(number) ? -Infinity : number);
  const ways = {
    newest: (a, b) => last(b.created) - last(a.created),
    oldest: (a, b) => (Number.isNaN(a.created) ? 1 : Number.isNaN(b.created) ? -1 : a.created - b.created),
    largest: (a, b) => b.width * b.height - a.width * a.height,
    name: (a, b) => a.caption.localeCompare(b.caption, "en", { sensitivity: "base", numeric: true }),
    score: (a, b) => Number(b.hit.score ?? 0) - Number(a.hit.score ?? 0),
  };
  return ways[by] ? view.sort((a, b) => ways[by](a, b) || a.index - b.index) : view;
}

class FacetPanel {
  constructor(place, state) {
    this._place = place;
    this._state = state;
    this._opened = new Set();
  }

  show(counts) {
    const focused = document.activeElement?.dataset?.key;
    const groups = FACETS.map((facet) => this._group(facet, counts[facet.name])).filter(Boolean);
    this._place.replaceChildren(...groups);
    if (focused) this._place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  _group(facet, counted) {
    const chosen = this._state.facets[facet.name];
    const values = new Set([...chosen, ...counted.keys()]);
    if (!values.size) return null;
    const order = facet.order ?? ((a, b) => (counted.get(b) ?? 0) - (counted.get(a) ?? 0) || (a < b ? -1 : 1));
    const all = [...values].sort(order);
    const most = this._opened.has(facet.name) ? MOST_VALUES : SHOWN_VALUES;
    const shown = all.filter((value, place) => place < most || chosen.has(value));
    const heading = make("legend", {}, facet.label);
    const lines = shown.map((value) => this._line(facet, value, counted.has(value) ? counted.get(value) : 0, chosen.has(value)));
    return make("fieldset", { className: "facet" }, heading, ...lines, this._more(facet, all.length, shown.length));
  }

  _line(facet, value, number, checked) {
    const said = facet.say ? facet.say(value) : oneLine(value, 60);
    const box = make("input", {
      type: "checkbox", checked, data: { key: `${facet.name}=${value}` },
      onchange: () => this._state.changed(({ facets }) => {
        if (!facets[facet.name].delete(value)) facets[facet.name].add(value);
      }),
    });
    const name = make("span", { className: "name", dir: "auto", title: said }, said);
    return make("label", {}, box, name, make("span", { className: "number" }, number === null ? "" : NUMBERS.format(number)));
  }

  _more(facet, all, shown) {
    const opened = this._opened.has(facet.name);
    if (!opened && all <= shown) return null;
    if (opened && all > MOST_VALUES) {
      return make("p", { className: "hint" }, `${count(all - shown, "more value")}: filter by typing`);
    }
    const flip = () => {
      if (!this._opened.delete(facet.name)) this._opened.add(facet.name);
      this._state.changed(() => {});
    };
    const label = opened ? "Show fewer" : `Show all ${NUMBERS.format(all)}`;
    const key = `more=${facet.name}`;
    return make("button", { type: "button", className: "link", onclick: flip, data: { key } }, label);
  }
}
