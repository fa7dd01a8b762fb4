// What one takes along: the search as code, and picks as a file, as their own files, or as Python.

class Taking {
  constructor({ source, state, picks }) {
    this._source = source;
    this._state = state;
    this._picks = picks;
    this._programs = [];
    const on = (id, listener) => byId(id).addEventListener("click", listener);
    on("code-open", () => this.code());
    on("code-close", () => byId("code").close());
    on("code-copy", () => copy(byId("code-text").textContent, "Code"));
    on("picks-code", () => this._open("picked-code", "Your picks, as code"));
    on("picks-download", () => this._download());
    on("saving-close", () => byId("saving").close());
    byId("saving").addEventListener("close", () => this._downloading?.abort());
    for (const id of ["code", "saving"]) {
      byId(id).addEventListener("click", ({ target }) => {
        if (target === byId(id)) byId(id).close();
      });
    }
    this._exports();
    byId("code-tabs").addEventListener("keydown", (event) => this._tabKey(event));
  }

  code() {
    void this._open("code", "The search you see, as code");
  }

  _picked() {
    return { what: this._source.what, ids: this._picks.records().map(({ id }) => id) };
  }

  async _open(name, title) {
    const asked = name === "code" ? this._source.question(this._state) : this._picked();
    const answer = await this._source.server.ask(name, asked);
    if (answer?.error) return void say(`${answer.error.what} ${answer.error.message}`);
    this._programs = Object.entries(answer.programs);
    byId("code-title").textContent = title;
    this._show(0);
    byId("code").showModal();
  }

  _show(chosen) {
    const tabs = this._programs.map(([name], place) => make("button", {
      type: "button", role: "tab", id: `code-tab-${place}`, tabIndex: place === chosen ? 0 : -1, "aria-controls": "code-text",
      "aria-selected": String(place === chosen), onclick: () => this._show(place),
    }, name));
    const focused = byId("code-tabs").contains(document.activeElement);
    byId("code-tabs").replaceChildren(...tabs);
    byId("code-text").setAttribute("aria-labelledby", `code-tab-${chosen}`);
    byId("code-text").textContent = this._programs[chosen][1];
    this._chosen = chosen;
    if (focused) tabs[chosen].focus();
  }

  _tabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this._show((this._chosen + step + this._programs.length) % this._programs.length);
  }

  _exports() {
    const choice = byId("picks-export");
    const options = this._source.settings.exports.map((value) => make("option", { value }, EXPORT_WORDS[value] ?? value));
    choice.replaceChildren(make("option", { value: "" }, "as …"), ...options);
    choice.addEventListener("change", async () => {
      const format = choice.value;
      choice.value = "";
      if (!format) return;
      const file = await this._source.server.file("export", { ...this._picked(), format });
      if (file.error) return void say(`${file.error.what} ${file.error.message}`);
      save(file);
    });
  }

  async _download() {
    const asked = this._picked();
    this._downloading = new AbortController();
    byId("saving-words").textContent = `Into ${this._source.settings.folder} …`;
    byId("saving-errors").replaceChildren();
    byId("saving-bar").value = 0;
    byId("saving").showModal();
    await this._source.server.lines("download", asked, (told) => this._tell(told), this._downloading.signal);
    this._downloading = null;
  }

  _tell({ error, saved, present, failed, of, id, folder, done }) {
    if (!id && !done) {
      byId("saving-words").textContent = `${error.what} ${error.message}`;
      return;
    }
    byId("saving-bar").value = (saved + present + failed) / of;
    const words = [[saved, "saved"], [present, "there already"], [failed, "failed"]];
    const told = words.filter(([number]) => number).map(([number, what]) => `${NUMBERS.format(number)} ${what}`).join(", ");
    byId("saving-words").textContent = done ? `${told}, in ${visible(folder)}` : `${told} of ${NUMBERS.format(of)}`;
    if (error) byId("saving-errors").append(make("li", {}, `${id}: ${error}`));
  }
}

const EXPORT_WORDS = {
  jsonl: "JSON lines", json: "JSON", csv: "CSV", parquet: "Parquet", arrow: "Arrow", sqlite: "SQLite", png: "Contact sheet",
  html: "Gallery",
};

function save({ name, blob }) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name, className: "unseen" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(`${name} is in your downloads`);
}
