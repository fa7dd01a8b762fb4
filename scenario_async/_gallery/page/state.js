// What the reader has chosen: kept in the address's fragment, so that it can be sent on, and survives a reload.

const SORTS = {
  found: "As found", newest: "Newest first", oldest: "Oldest first", largest: "Most pixels", name: "Words, A to Z",
  score: "Best score",
};
const SIZES = { s: "Small", m: "Medium", l: "Large" };

class State {
  // `kept` names what a page keeps besides, each a list of texts.
  constructor(kept = []) {
    this._kept = kept;
    this._listeners = [];
    this.read();
    window.addEventListener("hashchange", () => {
      if (location.hash.slice(1) !== this._written) this.changed(() => {});
    });
  }

  read() {
    let given;
    try {
      given = new URLSearchParams(location.hash.slice(1));
    } catch {
      given = new URLSearchParams();
    }
    const one = (name, known, usual) => (Object.hasOwn(known, given.get(name) ?? "") ? given.get(name) : usual);
    this.query = given.get("q") ?? "";
    this.sort = one("sort", SORTS, "found");
    this.size = one("zoom", SIZES, "m");
    this.onlyPicks = given.get("only") === "picks";
    this.picks = new Set(given.getAll("pick"));
    this.open = given.get("open");
    this.facets = Object.fromEntries(FACETS.map(({ name }) => [name, new Set(given.getAll(name))]));
    this.asked = Object.fromEntries(this._kept.map((name) => [name, given.getAll(name).filter(Boolean)]));
    this._written = location.hash.slice(1);
  }

  // Change something, and tell everybody. An address changed by hand that was not read yet comes first.
  changed(change) {
    if (location.hash.slice(1) !== this._written) this.read();
    change(this);
    this._write();
    for (const listener of this._listeners) listener(this);
  }

  listen(listener) {
    this._listeners.push(listener);
  }

  get isFiltered() {
    return this.query.trim() !== "" || this.onlyPicks || Object.values(this.facets).some((each) => each.size)
      || Object.entries(this.asked).some(([name, given]) => name !== "in" && given.length);
  }

  clear() {
    this.changed(() => {
      this.query = "";
      this.onlyPicks = false;
      for (const chosen of Object.values(this.facets)) chosen.clear();
      for (const name of this._kept) if (name !== "in") this.asked[name] = [];
    });
  }

  pick(id) {
    this.changed(() => {
      if (!this.picks.delete(id)) this.picks.add(id);
      if (!this.picks.size) this.onlyPicks = false;
    });
  }

  _write() {
    const said = new URLSearchParams();
    if (this.query) said.set("q", this.query);
    for (const [name, given] of Object.entries(this.asked)) given.forEach((each) => said.append(name, each));
    if (this.sort !== "found") said.set("sort", this.sort);
    if (this.size !== "m") said.set("zoom", this.size);
    if (this.onlyPicks) said.set("only", "picks");
    for (const [name, chosen] of Object.entries(this.facets)) chosen.forEach((each) => said.append(name, each));
    this.picks.forEach((id) => said.append("pick", id));
    if (this.open) said.set("open", this.open);
    try {
      history.replaceState(null, "", `#${said}`);
    } catch {
      // A page inside another one may have no address of its own.
    }
    this._written = location.hash.slice(1);
  }
}
