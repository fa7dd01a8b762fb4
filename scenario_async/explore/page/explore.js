// The explorer: the gallery's page over a live source, and what only a search can do.

function explore() {
  const about = JSON.parse(byId("about").textContent);
  const source = new LiveSource(about, new Server());
  const query = byId("query");
  query.placeholder = "Search by words, or drop a picture …";
  query.setAttribute("aria-label", "Search by words");
  query.setAttribute("aria-keyshortcuts", "/");
  start(source, (parts) => prepareExplorer(source, parts));
  source.tell();
}

function prepareExplorer(source, parts) {
  const { state, grid, lightbox } = parts;
  const bar = new PictureBar(byId("pictures"), source, state);
  const taking = new Taking(parts);
  const panels = [
    bar, new FilterBox(source, state), new ParameterPanel(byId("parameters"), source, state), new TroublePanel(source),
    new KindSwitch(byId("kinds"), source, state),
  ];
  const show = () => panels.forEach((each) => each.show());
  state.listen(show);
  source.listen(show);
  likes({ source, state, grid, lightbox, bar, taking });
}

// Assets, models or workflows: the same words, other hits.
class KindSwitch {
  constructor(place, source, state) {
    this._source = source;
    this._buttons = [...source.kinds.keys()].map((what) => make("button", {
      type: "button", "aria-pressed": "false", data: { what },
      onclick: () => state.changed((each) => {
        each.asked.in = what === "asset" ? [] : [what];
        each.open = null;
        each.onlyPicks = false;
        for (const chosen of Object.values(each.facets)) chosen.clear(); // of other hits
      }),
    }, `${what[0].toUpperCase()}${what.slice(1)}s`));
    place.replaceChildren(...this._buttons);
  }

  show() {
    for (const each of this._buttons) each.setAttribute("aria-pressed", String(each.dataset.what === this._source.what));
  }
}

// More and less like a picture: from beside it, or by a key where it stands.
function likes({ source, state, grid, lightbox, bar, taking }) {
  const on = (record, act) => {
    const asset = record && source.kind.pictures ? assetOf(record) : null;
    if (asset) act(asset);
    else if (record) say("No picture of this can be searched with");
  };
  const more = (record) => on(record, (id) => bar.like(id));
  const less = (record) => on(record, (id) => bar.unlike(id));
  byId("lightbox-like").addEventListener("click", () => more(lightbox.record));
  byId("lightbox-unlike").addEventListener("click", () => less(lightbox.record));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const open = document.querySelector("dialog[open]");
    if (open && open.id !== "lightbox") return;
    const place = Number(event.target.closest(".tile")?.dataset.place ?? NaN);
    const record = open ? lightbox.record : grid.view[place];
    if (event.key === "m") more(record);
    else if (event.key === "l") less(record);
    else if (event.key === "p" && !open) taking.code();
  });
  const seen = () => {
    byId("lightbox-likes").hidden = !lightbox.record || !source.kind.pictures || !assetOf(lightbox.record);
  };
  state.listen(seen);
  source.listen(seen);
}

explore();
