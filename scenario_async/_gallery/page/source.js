// Where hits and their pictures come from. This one has them in the page; another may ask for them over HTTP.
//
// A source has `about` (title, what, note), `records`, `sorts`, and
// - `picture(record)`, which gives an address to show, or "";
// - `find(id)`, which gives a record, or null;
// - `view(state)`, which gives what is to be seen of it, and how often each value of a facet occurs;
// - `status(shown)` and `nothing()`, which say how much is seen, and why nothing is.
// Where more may come, it has `listen(show)`, `more()` and `now()`, which no longer waits for letters; `kept` names what the address keeps for it besides; `large(record)`
// gives the address of a larger picture, and `sort(state)` the order that is shown where it is not the chosen one.
// `explain(record)` gives or promises why a picture is not seen.

const MISSING = {
  none: "No picture",
  expired: "Address has expired",
  gone: "Not found any more",
  refused: "Refused by its host",
  broken: "File is damaged",
  large: "Too large to show",
  failed: "Could not be fetched",
  unloaded: "Not loaded",
};

class EmbeddedSource {
  constructor(page) {
    const data = parsed(page.getElementById("hits").textContent);
    this.about = data.about;
    this.records = data.hits.map((hit, index) => new HitRecord(hit, index, data.looks[index], data.about.what));
    this.sorts = sortsFor(this.records);
    prepareFacets(this.records);
    this._folder = data.about.folder;
    this._blocks = [...page.querySelectorAll("script.pictures")];
    this._size = data.about.block;
    this._read = new Map();
  }

  find(id) {
    return this.records.find((each) => each.id === id) ?? null;
  }

  view(state) {
    return sieve(this.records, state);
  }

  status(shown) {
    const all = this.records.length;
    const { what } = this.about;
    if (shown === all) return count(all, what);
    return `${NUMBERS.format(shown)} of ${NUMBERS.format(all)} ${all === 1 ? what : `${what}s`}`;
  }

  nothing() {
    return this.records.length ? "Nothing fits all of this." : `No ${this.about.what}s were found.`;
  }

  picture(record) {
    if (!record.shown) return "";
    if (this._folder) return `${encodeURIComponent(this._folder)}/${String(record.index).padStart(6, "0")}.webp`;
    return `data:image/webp;base64,${this._block(record.index)[record.index % this._size]}`;
  }

  // A picture in the page is there, so it is damaged; one beside it may be missing.
  explain(record) {
    record.missing = this._folder ? "unloaded" : "broken";
    return record.missing;
  }

  // Pictures are read block by block, when one of them is to be seen.
  _block(index) {
    const number = Math.floor(index / this._size);
    if (!this._read.has(number)) this._read.set(number, JSON.parse(this._blocks[number].textContent));
    return this._read.get(number);
  }
}

function sortsFor(records) {
  const { score, largest, ...others } = SORTS;
  return {
    ...others,
    ...(records.some(({ width }) => width) ? { largest } : {}),
    ...(records.some(({ hit }) => typeof hit.score === "number") ? { score } : {}),
  };
}
