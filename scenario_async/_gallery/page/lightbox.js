// One picture, large, and all that its hit says.

const FIRST_LETTERS = 1200;

class Lightbox {
  constructor(dialog, source, state, grid) {
    this._dialog = dialog;
    this._source = source;
    this._state = state;
    this._grid = grid;
    this._shown = null;
    byId("lightbox-close").addEventListener("click", () => dialog.close());
    byId("lightbox-before").addEventListener("click", () => this._go(-1));
    byId("lightbox-after").addEventListener("click", () => this._go(1));
    byId("lightbox-pick").addEventListener("click", () => state.pick(this._shown.id));
    byId("lightbox-copy").addEventListener("click", () => copy(jsonOf(this._shown.hit, 2), "JSON"));
    dialog.addEventListener("keydown", (event) => this._key(event));
    dialog.addEventListener("close", () => this._closed());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  get record() {
    return this._shown;
  }

  // Follow the state: it says which picture is open.
  show() {
    const record = this._state.open === null ? null : this._find(this._state.open);
    if (record === null) {
      if (this._dialog.open) this._dialog.close();
      return;
    }
    if (record !== this._shown) this._fill(record);
    else this._place(record);
    const picked = this._state.picks.has(record.id);
    byId("lightbox-pick").setAttribute("aria-pressed", String(picked));
    if (this._dialog.open) return;
    this._dialog.showModal();
    byId("lightbox-details").focus({ preventScroll: true }); // so that arrows up and down scroll what is to be read
  }

  open(record) {
    this._meant = record;
    this._state.changed((state) => {
      state.open = record.id;
    });
  }

  // A table may have a hit twice: the one that was gone to is meant.
  _find(id) {
    if (this._meant?.id === id && this._grid.view.includes(this._meant)) return this._meant;
    const isIt = (each) => each.id === id;
    return this._grid.view.find(isIt) ?? this._source.find(id);
  }

  _fill(record) {
    this._shown = record;
    byId("lightbox-title").textContent = record.caption;
    this._place(record);
    this._stage(record);
    byId("lightbox-details").replaceChildren(...detailsOf(record).map((each) => this._detail(record, each)));
    byId("lightbox-details").scrollTop = 0;
  }

  _place(record) {
    const place = this._grid.view.indexOf(record);
    const all = this._grid.view.length;
    byId("lightbox-place").textContent = place < 0 ? "" : `${NUMBERS.format(place + 1)} of ${NUMBERS.format(all)}`;
    // Not disabled: a button that has the focus would lose it, and the keys with it.
    byId("lightbox-before").setAttribute("aria-disabled", String(place <= 0));
    byId("lightbox-after").setAttribute("aria-disabled", String(place < 0 || place === all - 1));
    if (place >= all - 5) this._grid.onend();
  }

  _stage(record) {
    const picture = pictureOf(this._source, record);
    if (picture.tagName === "IMG") picture.alt = record.caption;
    const stage = byId("lightbox-stage");
    stage.replaceChildren(picture);
    if (this._source.large) {
      this._enlarge(record, picture);
    } else if (record.shown) {
      const large = record.width && record.height ? `of ${record.width} × ${record.height}` : "";
      stage.append(make("p", { className: "scale" }, `Thumbnail, ${record.shown.join(" × ")} ${large}`));
    }
  }

  // The thumbnail stays until the larger picture is there, and where there is none.
  _enlarge(record, picture) {
    const address = this._source.large(record);
    if (!address || picture.tagName !== "IMG") return;
    const large = make("img", { src: address, alt: record.caption, draggable: false });
    large.addEventListener("load", () => {
      if (this._shown === record && picture.isConnected) picture.replaceWith(large);
    });
  }

  _detail(record, { name, label, value }) {
    const heading = make("dt", {}, label);
    const facet = name === "tags" ? "tag" : "capability";
    if ((name === "tags" || name === "capabilities") && record.facets[facet].length) {
      const chips = record.facets[facet].map((each) => this._chip(facet, each));
      return make("div", { className: "detail" }, heading, make("dd", { className: "chips" }, ...chips));
    }
    const long = LONG.has(name);
    const className = long ? "long" : kindOfText(name);
    const text = make("dd", { dir: "auto", className }, visible(value.slice(0, FIRST_LETTERS)));
    if (value.length > FIRST_LETTERS) {
      const rest = make("button", { type: "button", className: "link" }, `… all ${count(value.length, "character")}`);
      rest.addEventListener("click", () => text.replaceChildren(visible(value)));
      text.append(rest);
    }
    if (long || name === "id") {
      const take = make("button", {
        type: "button", className: "icon copy", "aria-label": `Copy ${label.toLowerCase()}`, title: "Copy",
        onclick: () => copy(value, label),
      });
      heading.append(take);
    }
    return make("div", { className: long ? "detail wide" : "detail" }, heading, text);
  }

  _chip(facet, value) {
    const narrow = () => this._state.changed((state) => {
      state.facets[facet] = new Set([value]);
      state.open = null;
    });
    const said = oneLine(value, 40);
    const label = `Show only ${said}`;
    return make("button", { type: "button", className: "chip", "aria-label": label, onclick: narrow }, said);
  }

  _go(step) {
    const place = this._grid.view.indexOf(this._shown);
    const record = this._grid.view[place + step];
    if (place >= 0 && record) this.open(record);
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowRight") this._go(1);
    else if (event.key === "ArrowLeft") this._go(-1);
    else if (event.key === "x") this._state.pick(this._shown.id);
    else return;
    event.preventDefault();
  }

  _closed() {
    const record = this._shown;
    this._shown = null;
    if (this._state.open !== null) {
      this._state.changed((state) => {
        state.open = null;
      });
    }
    const place = this._grid.view.indexOf(record);
    if (place >= 0) this._grid.focus(place);
  }
}
