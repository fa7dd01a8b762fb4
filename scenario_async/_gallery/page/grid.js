// The pictures. Only the rows that are seen, one more on each side, and the focused one are in the page.

class Grid {
  constructor(scroller, place, source, state) {
    this._scroller = scroller;
    this._place = place;
    this._source = source;
    this._state = state;
    this._tiles = new Map();
    this._layout = { rows: [], height: 0, caption: 0 };
    this._current = 0;
    this.view = [];
    scroller.addEventListener("scroll", () => this._soon(), { passive: true });
    new ResizeObserver(() => this._arrange()).observe(scroller);
    place.addEventListener("keydown", (event) => this._key(event));
    place.addEventListener("focusin", ({ target }) => {
      const tile = target.closest(".tile");
      if (tile) this._makeCurrent(Number(tile.dataset.place));
    });
  }

  show(view) {
    const old = this.view;
    const grown = old.length > 0 && old.every((record, place) => record === view[place]);
    const changed = view.length !== old.length || !grown;
    this.view = view;
    if (changed && !grown) {
      this._empty();
      this._current = 0;
      this._scroller.scrollTop = 0;
    }
    this._arrange(changed || this._size !== this._state.size);
  }

  _empty() {
    for (const place of [...this._tiles.keys()]) this._drop(place);
  }

  _drop(place) {
    const tile = this._tiles.get(place);
    this._tiles.delete(place);
    const image = tile.querySelector("img");
    if (image && !image.complete) image.src = ""; // nobody waits for it any more
    tile.remove();
  }

  focus(place) {
    this._makeCurrent(place);
    const { rows, caption } = this._layout;
    const row = rows[rowOf(rows, place)];
    if (!row) return;
    const { scrollTop, clientHeight } = this._scroller;
    const bottom = row.top + row.high + caption + 2 * GAP;
    if (row.top < scrollTop) this._scroller.scrollTop = row.top - GAP;
    else if (bottom > scrollTop + clientHeight) this._scroller.scrollTop = bottom - clientHeight + GAP;
    this._draw();
    this._tiles.get(place)?.querySelector(".open").focus({ preventScroll: true });
  }

  _arrange(anew = true) {
    const width = this._place.clientWidth;
    this._size = this._state.size;
    if (anew && width) {
      this._layout = rowsOf(this.view, width, this._scroller.clientHeight, this._size);
      this._place.style.height = `${this._layout.height}px`;
      this._place.dataset.size = this._size;
      this._anew = true;
    }
    this._draw();
  }

  _soon() {
    if (this._waiting) return;
    this._waiting = requestAnimationFrame(() => {
      this._waiting = 0;
      this._draw();
    });
  }

  _draw() {
    const { rows } = this._layout;
    const wanted = new Map();
    if (rows.length) {
      const { scrollTop, clientHeight } = this._scroller;
      const from = Math.max(0, rowAt(rows, scrollTop) - 1);
      const to = Math.min(rows.length - 1, rowAt(rows, scrollTop + clientHeight) + 1);
      for (let each = from; each <= to; each += 1) this._want(wanted, rows[each]);
      const kept = this._tiles.get(this._current);
      if (kept?.contains(document.activeElement)) this._want(wanted, rows[rowOf(rows, this._current)], this._current);
    }
    for (const place of [...this._tiles.keys()]) if (!wanted.has(place)) this._drop(place);
    for (const [place, box] of wanted) {
      const before = this._tiles.get(place);
      const tile = before ?? this._made(place);
      if (!before || this._anew) this._put(tile, box);
      this._mark(tile, this.view[place]);
    }
    this._anew = false;
    if (!wanted.has(this._current) && wanted.size) this._makeCurrent(wanted.keys().next().value);
    const { scrollTop, clientHeight } = this._scroller;
    if (rows.length && clientHeight && scrollTop + 3 * clientHeight > this._layout.height) this.onend();
  }

  onend() {}

  _want(wanted, row, only = null) {
    let left = 0;
    for (let place = row.first; place < row.end; place += 1) {
      const width = this.view[place].aspect * row.high;
      if (only === null || only === place) wanted.set(place, { left, width, row });
      left += width + GAP;
    }
  }

  _put(tile, { left, width, row }) {
    tile.setAttribute("aria-setsize", String(this.view.length));
    Object.assign(tile.style, {
      left: `${left}px`, top: `${row.top}px`, width: `${width}px`, height: `${row.high + this._layout.caption}px`,
    });
  }

  _made(place) {
    const record = this.view[place];
    const open = make(
      "button",
      {
        type: "button", className: "open", tabIndex: place === this._current ? 0 : -1,
        data: { caption: record.caption }, title: record.caption,
        "aria-label": [record.caption, oneLine(record.kind, 20), MISSING[record.missing]].filter(Boolean).join(", "),
        onclick: () => this.onopen(record),
      },
      pictureOf(this._source, record),
    );
    const pick = make("button", {
      type: "button", className: "pick", tabIndex: -1, "aria-label": `Pick ${record.caption}`,
      onclick: () => this._state.pick(record.id),
    });
    const tile = make(
      "div",
      {
        className: "tile", role: "listitem", data: { place: String(place), id: record.id },
        "aria-posinset": String(place + 1),
      },
      open,
      pick,
    );
    this._tiles.set(place, tile);
    // The order in the page is that of the view, for those who read it from top to bottom.
    const after = [...this._place.children].find((each) => Number(each.dataset.place) > place);
    this._place.insertBefore(tile, after ?? null);
    return tile;
  }

  _mark(tile, record) {
    const picked = this._state.picks.has(record.id);
    tile.classList.toggle("picked", picked);
    tile.lastElementChild.setAttribute("aria-pressed", String(picked));
  }

  _makeCurrent(place) {
    const reachable = (at, index) => {
      const open = this._tiles.get(at)?.querySelector(".open");
      if (open) open.tabIndex = index;
    };
    reachable(this._current, -1);
    this._current = place;
    reachable(place, 0);
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.view.length - 1;
    const at = this._current;
    const to = {
      ArrowRight: () => at + 1,
      ArrowLeft: () => at - 1,
      ArrowDown: () => this._below(at, 1),
      ArrowUp: () => this._below(at, -1),
      PageDown: () => this._below(at, 3),
      PageUp: () => this._below(at, -3),
      Home: () => 0,
      End: () => last,
    }[event.key];
    if (to) {
      event.preventDefault();
      this.focus(Math.min(last, Math.max(0, to())));
    } else if (event.key === " " || event.key === "x") {
      event.preventDefault();
      this._state.pick(this.view[at].id);
    }
  }

  // The picture so many rows further down that is nearest to where this one is.
  _below(place, steps) {
    const { rows } = this._layout;
    const here = rowOf(rows, place);
    const there = Math.min(rows.length - 1, Math.max(0, here + steps));
    if (there === here) return steps > 0 ? this.view.length - 1 : 0;
    const middle = this._middle(rows[here], place);
    let best = rows[there].first;
    for (let each = best; each < rows[there].end; each += 1) {
      const nearer = Math.abs(this._middle(rows[there], each) - middle);
      if (nearer < Math.abs(this._middle(rows[there], best) - middle)) best = each;
    }
    return best;
  }

  _middle(row, place) {
    let left = 0;
    for (let each = row.first; each < place; each += 1) left += this.view[each].aspect * row.high + GAP;
    return left + (this.view[place].aspect * row.high) / 2;
  }
}

// A picture, or what is drawn where there is none: its kind, and why.
function pictureOf(source, record) {
  const address = source.picture(record);
  if (!address) return placeholderOf(record, MISSING[record.missing] ?? MISSING.none);
  const image = make("img", { src: address, alt: "", decoding: "async", draggable: false });
  image.addEventListener("error", async () => {
    if (!image.getAttribute("src")) return; // called off
    const placeholder = placeholderOf(record, MISSING.unloaded);
    image.replaceWith(placeholder);
    const reason = await source.explain?.(record);
    if (reason) placeholder.dataset.reason = MISSING[reason] ?? MISSING.failed;
  });
  return image;
}

function placeholderOf(record, reason) {
  const known = ["image", "video", "audio", "3d", "text", "model", "workflow"].includes(record.kind);
  return make("span", {
    className: "placeholder", data: { kind: known ? record.kind : "other", label: oneLine(record.kind, 20), reason },
  });
}
