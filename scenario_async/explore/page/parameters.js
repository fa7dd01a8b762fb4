// Every parameter of a search, as its class describes it.

class ParameterPanel {
  constructor(place, source, state) {
    this._place = place;
    this._source = source;
    this._state = state;
  }

  show() {
    const { kind, trouble } = this._source;
    if (this._what !== kind.what) {
      this._what = kind.what;
      byId("parameter-rows").replaceChildren(...kind.parameters.map((each) => this._row(each)));
    }
    let set = 0;
    for (const { name } of kind.parameters) {
      const field = byId(`parameter-${name}`);
      const given = this._state.asked[name];
      if (given.length) set += 1;
      if (document.activeElement !== field) field.value = given.join("\n");
      const wrong = trouble?.parameter === name;
      field.setAttribute("aria-invalid", String(wrong));
      if (wrong) this._place.open = true;
    }
    this._place.firstElementChild.textContent = set ? `All parameters (${set} set)` : "All parameters";
  }

  _row({ name, words, control }) {
    const id = `parameter-${name}`;
    const field = control === "switch"
      ? make("select", {}, ...["", "true", "false"].map((value) => make("option", { value }, { "": "not given", true: "yes", false: "no" }[value])))
      : make("input", {
        type: "text", autocomplete: "off", spellcheck: false, inputMode: control === "number" ? "decimal" : "text",
        placeholder: { json: "JSON", list: "createdAt:desc, …" }[control] ?? "",
      });
    field.id = id;
    field.setAttribute("aria-describedby", `${id}-words`);
    field.addEventListener("change", () => this._state.changed(({ asked }) => {
      const text = field.value.trim();
      asked[name] = text ? [text] : [];
    }));
    const label = make("label", { htmlFor: id }, name);
    return make("div", { className: "parameter" }, label, field, make("p", { className: "hint", id: `${id}-words` }, words));
  }
}
