// The page comes alive: a source, the state, and the parts that follow it.

function start(source, prepare = () => {}) {
  const state = new State(source.kept);
  const grid = new Grid(byId("scroller"), byId("grid"), source, state);
  const panel = new FacetPanel(byId("facets"), state);
  const lightbox = new Lightbox(byId("lightbox"), source, state, grid);
  const comparison = new Comparison(byId("compare"), source, state);
  const picks = new Picks(byId("picks"), source, state, comparison);
  grid.onopen = (record) => lightbox.open(record);

  const show = () => {
    const { view, counts } = source.view(state);
    grid.show(view);
    panel.show(counts);
    picks.show();
    describe(source.about);
    showControls(state, view.length, source);
    lightbox.show();
  };
  fillSelect(byId("sort"), source.sorts, (value) => state.changed((each) => {
    each.sort = value;
  }));
  fillSelect(byId("size"), SIZES, (value) => state.changed((each) => {
    each.size = value;
  }));
  const typed = typing(byId("query"), state);
  keys(grid, comparison, source, typed);
  drawer();
  themed(byId("theme"));
  printable(byId("sheet"), source, grid);
  for (const id of ["clear", "clear-nothing"]) {
    byId(id).addEventListener("click", () => {
      byId("query").focus(); // the button goes away
      byId("query").value = "";
      state.clear();
    });
  }
  state.listen(show);
  source.listen?.(show);
  grid.onend = () => {
    if (!state.onlyPicks) source.more?.(); // all picks are here already
  };
  const parts = { source, state, grid, picks, comparison, lightbox };
  prepare(parts);
  show();
  if (!source.more) readAhead(source.records);
  document.documentElement.dataset.ready = "true";
  performance.mark("gallery-ready");
}

function describe(about) {
  if (byId("title").textContent !== about.title) byId("title").textContent = about.title;
  const title = oneLine(about.title, 80);
  if (document.title !== title) document.title = title;
  byId("note").textContent = about.note;
  byId("note").hidden = !about.note;
}

function fillSelect(select, choices, chosen) {
  const options = Object.entries(choices).map(([value, label]) => make("option", { value }, label));
  select.replaceChildren(...options);
  select.addEventListener("change", () => chosen(select.value));
}

function showControls(state, shown, source) {
  const query = byId("query");
  if (document.activeElement !== query) query.value = state.query;
  byId("sort").value = source.sort?.(state) ?? state.sort;
  byId("size").value = state.size;
  const words = source.status(shown);
  if (byId("status").textContent !== words) byId("status").textContent = words;
  byId("clear").hidden = !state.isFiltered;
  const nothing = shown > 0 ? "" : source.nothing();
  byId("nothing").hidden = !nothing;
  byId("nothing-words").textContent = nothing;
  byId("clear-nothing").hidden = !state.isFiltered;
  const chosen = Object.values(state.facets).reduce((sum, each) => sum + each.size, 0);
  byId("filters").textContent = chosen ? `Filters (${chosen})` : "Filters";
}

// Letters are taken a moment after the last one, or at once by what this gives.
function typing(query, state) {
  let waiting = 0;
  const take = () => {
    if (!waiting) return;
    clearTimeout(waiting);
    waiting = 0;
    state.changed((each) => {
      each.query = query.value;
    });
  };
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(take, 60);
  });
  query.value = state.query;
  return take;
}

function keys(grid, comparison, source, typed) {
  const help = byId("help");
  byId("help-open").addEventListener("click", () => help.showModal());
  byId("help-close").addEventListener("click", () => help.close());
  byId("query").addEventListener("keydown", (event) => {
    if ((event.key === "Enter" && !event.isComposing) || event.key === "ArrowDown") typed();
    if (event.key === "Enter" && source.now) source.now();
    else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      if (grid.view.length) grid.focus(0);
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea") && event.target.type !== "checkbox";
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const action = {
      "/": () => byId("query").select(),
      "?": () => help.showModal(),
      c: () => comparison.open(),
    }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
    if (event.key === "/") byId("query").focus();
  });
}

// On a narrow screen the facets are a drawer, over the pictures.
function drawer() {
  const button = byId("filters");
  const side = byId("side");
  const set = (open) => {
    document.documentElement.classList.toggle("drawer", open);
    button.setAttribute("aria-expanded", String(open));
    for (const each of [byId("main"), document.querySelector(".top")]) each.inert = open;
    if (open) byId("side-close").focus();
    else button.focus();
  };
  button.addEventListener("click", () => set(true));
  byId("side-close").addEventListener("click", () => set(false));
  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.documentElement.classList.contains("drawer")) set(false);
  });
  window.matchMedia("(min-width: 860px)").addEventListener("change", ({ matches }) => {
    if (matches && document.documentElement.classList.contains("drawer")) set(false);
  });
}

// Fold the texts while nobody waits, so that the first letter typed finds them folded.
function readAhead(records) {
  const soon = window.requestIdleCallback ?? ((work) => setTimeout(() => work({ timeRemaining: () => 5 }), 20));
  let place = 0;
  const read = (deadline) => {
    while (place < records.length && deadline.timeRemaining() > 1) void records[place++].searched;
    if (place < records.length) soon(read);
  };
  soon(read);
}
