// The filter: its text, what adds a condition to it, what is sent, and where the service finds it wrong.

const AROUND = 28;

class FilterBox {
  constructor(source, state) {
    this._source = source;
    this._state = state;
    this._box = byId("filter");
    this._box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this._apply();
    });
    this._box.addEventListener("change", () => this._apply());
    const { operators, joins } = source.settings;
    byId("builder-operator").replaceChildren(...operators.map((each) => make("option", { value: each }, each)));
    byId("builder-join").replaceChildren(...joins.map((each) => make("option", { value: each }, each)));
    byId("builder-operator").addEventListener("change", () => this._shape());
    byId("builder").addEventListener("submit", (event) => {
      event.preventDefault();
      void this._add();
    });
  }

  show() {
    const given = this._state.asked.filter.join("\n");
    if (document.activeElement !== this._box) this._box.value = given;
    this._showSent(given);
    this._showError();
    this._shape();
    const { what, attributes } = this._source.kind;
    if (this._what === what) return;
    this._what = what;
    byId("builder-attributes").replaceChildren(...attributes.map((value) => make("option", { value })));
  }

  _apply() {
    const text = this._box.value.trim();
    if (text === this._state.asked.filter.join("\n")) return;
    this._state.changed(({ asked }) => {
      asked.filter = text ? [text] : [];
    });
  }

  // What a comparison with nothing needs no place for.
  _shape() {
    byId("builder-value").hidden = ["EXISTS", "IS EMPTY"].includes(byId("builder-operator").value);
    byId("builder-join").hidden = !this._box.value.trim();
  }

  async _add() {
    const value = (id) => byId(id).value;
    const answer = await this._source.server.ask("condition", {
      attribute: value("builder-attribute"), operator: value("builder-operator"), value: value("builder-value"),
      join: byId("builder-join").hidden ? "and" : value("builder-join"), filter: this._box.value,
    });
    const words = byId("builder-words");
    words.hidden = !answer?.error;
    words.textContent = answer?.error ? answer.error.message || answer.error.what : "";
    if (!answer || answer.error) return;
    this._box.value = answer.filter;
    byId("builder-value").value = "";
    byId("builder-attribute").focus();
    this._apply();
  }

  _showSent(given) {
    const { filter, busy } = this._source;
    const more = Boolean(filter) && filter !== given;
    byId("filter-sent").hidden = !more || Boolean(this._source.trouble?.filter);
    if (!busy) byId("filter-sent-text").textContent = visible(filter);
  }

  _showError() {
    const trouble = this._source.trouble;
    const wrong = trouble?.filter;
    byId("filter-error").hidden = !wrong;
    this._box.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (!wrong) return;
    byId("filter-words").textContent = trouble.message;
    const caret = byId("filter-caret");
    caret.hidden = wrong.at === undefined;
    if (caret.hidden) return;
    const characters = [...wrong.text].map((each) => (each === "\n" ? " " : visible(each)));
    const from = Math.max(0, wrong.at - AROUND);
    const to = Math.min(characters.length, wrong.at + wrong.length + AROUND);
    const before = (from > 0 ? "…" : "") + characters.slice(from, wrong.at).join("");
    const at = characters.slice(wrong.at, wrong.at + wrong.length).join("");
    const after = characters.slice(wrong.at + wrong.length, to).join("") + (to < characters.length ? "…" : "");
    // As wide as what stands above it, whatever letters those are.
    const room = make("span", { className: "room", "aria-hidden": "true" }, before);
    const sign = "^".repeat(Math.max(1, Math.min(wrong.length, to - wrong.at)));
    caret.replaceChildren(before, make("mark", {}, at), after, "\n", room, sign);
  }
}
