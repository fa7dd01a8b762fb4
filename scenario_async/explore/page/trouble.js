// What went wrong, in words; what is waited for; and how much of the quota is used.

class TroublePanel {
  constructor(source) {
    this._source = source;
    byId("trouble-again").addEventListener("click", () => source.again());
  }

  show() {
    const { trouble } = this._source;
    const place = byId("trouble");
    place.hidden = !trouble;
    if (trouble) {
      byId("trouble-what").textContent = trouble.what;
      byId("trouble-message").textContent = visible(trouble.message ?? "");
      byId("trouble-fix").textContent = trouble.fix ?? "";
      byId("trouble-again").hidden = trouble === ENDED;
    }
    byId("grid").dataset.old = String(Boolean(trouble) || (this._source.busy && !this._source.records.length));
    document.documentElement.dataset.busy = String(this._source.busy);
    byId("counted").hidden = !this._source.goesOn;
    this._quota();
  }

  _quota() {
    const { quota } = this._source;
    byId("quota").hidden = !quota;
    if (!quota) return;
    const { used, of, wait } = quota;
    const waits = this._source.busy && wait > 0;
    const time = quota.seconds === 60 ? "minute" : `${quota.seconds} s`;
    byId("quota-words").textContent = waits ? `goes on in ${Math.ceil(wait)} s` : `${used} of ${NUMBERS.format(of)} / ${time}`;
    byId("quota").setAttribute(
      "aria-label", `${used} of ${count(of, "request")} within a ${time}${waits ? `; goes on in ${Math.ceil(wait)} seconds` : ""}`,
    );
    byId("quota").title = byId("quota").getAttribute("aria-label");
    byId("quota-bar").style.width = `${Math.round((100 * used) / of)}%`;
    byId("quota").dataset.full = String(used > 0.8 * of);
  }
}
