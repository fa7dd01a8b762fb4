// Pictures to search with: chosen, dropped, pasted, or hits that were found; each is wanted or not.

const LARGE_FILE = 1_500_000;
const LONGEST_SIDE = 1536;

class PictureBar {
  constructor(place, source, state) {
    this._place = place;
    this._source = source;
    this._state = state;
    byId("picture-open").addEventListener("click", () => byId("picture-file").click());
    byId("picture-file").addEventListener("change", ({ target }) => {
      void this.take(target.files[0]);
      target.value = "";
    });
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      if (!file) return;
      event.preventDefault();
      void this.take(file);
    });
    this._dropping();
  }

  _dropping() {
    const carriesFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const over = (shown) => {
      byId("dropping").hidden = !shown;
    };
    document.addEventListener("dragover", (event) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      over(true);
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) over(false);
    });
    document.addEventListener("drop", (event) => {
      over(false);
      if (!carriesFile(event)) return;
      event.preventDefault();
      void this.take(event.dataTransfer.files[0]);
    });
  }

  // Search with a file.
  async take(file) {
    if (!file) return;
    if (!this._source.kind.pictures) return void say(`${this._source.what}s cannot be searched with pictures`);
    const answer = await this._source.server.ask("picture", await smaller(file));
    if (answer?.error) return void say(`${answer.error.what} ${answer.error.message}`);
    this.like(answer.id);
  }

  // Look for what resembles a picture, and only that.
  like(id) {
    this._state.changed((state) => {
      state.asked.like = [id];
      state.asked.unlike = [];
      state.query = "";
      state.open = null;
      state.onlyPicks = false;
    });
    byId("query").value = "";
  }

  unlike(id) {
    this._state.changed(({ asked }) => {
      asked.like = asked.like.filter((each) => each !== id);
      if (!asked.unlike.includes(id)) asked.unlike = [...asked.unlike, id];
    });
    say("Less like this");
  }

  show() {
    const { like, unlike } = this._state.asked;
    const chips = [...like.map((id) => this._chip(id, true)), ...unlike.map((id) => this._chip(id, false))];
    const focused = this._place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this._place.hidden = !chips.length;
    if (chips.length && !this._source.kind.pictures) {
      chips.push(make("p", { className: "hint" }, `${this._source.what}s are searched without pictures`));
    }
    this._place.replaceChildren(...chips);
    if (focused) (this._place.querySelector(`[data-key="${CSS.escape(focused)}"]`) ?? byId("query")).focus();
  }

  _chip(id, wanted) {
    const picture = make("img", { src: `thumbnail/${encodeURIComponent(id)}`, alt: "" });
    picture.addEventListener("error", () => picture.replaceWith(make("span", { className: "blank" })));
    const turn = make("button", {
      type: "button", className: "turn", data: { key: `turn ${id}` }, onclick: () => this._turn(id, wanted),
      title: "Click for the opposite",
    }, wanted ? "like this" : "not like this");
    const drop = make("button", {
      type: "button", className: "icon close", "aria-label": "Search without this picture", data: { key: `drop ${id}` },
      onclick: () => this._state.changed(({ asked }) => {
        asked.like = asked.like.filter((each) => each !== id);
        asked.unlike = asked.unlike.filter((each) => each !== id);
      }),
    });
    return make("span", { className: wanted ? "likeness" : "likeness not" }, picture, turn, drop);
  }

  _turn(id, wanted) {
    this._state.changed(({ asked }) => {
      const [from, to] = wanted ? ["like", "unlike"] : ["unlike", "like"];
      asked[from] = asked[from].filter((each) => each !== id);
      asked[to] = [...asked[to], id];
    });
  }
}

// A picture of a camera is larger than a search has use for.
async function smaller(file) {
  if (file.size <= LARGE_FILE) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = make("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob((made) => done(made ?? file), "image/webp", 0.85));
  } catch {
    return file; // of a kind that this browser cannot show; the service may
  }
}

// The asset that shows a hit: itself, or its thumbnail.
function assetOf(record) {
  if (record.what === "asset") return record.kind === "image" ? record.id : record.hit.thumbnail?.assetId ?? null;
  return record.hit.thumbnail?.assetId ?? null;
}
