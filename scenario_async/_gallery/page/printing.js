// On paper the page is a contact sheet: every picture of the view, numbered, with its id.

const MOST_PRINTED = 2000;

function printable(place, source, grid) {
  window.addEventListener("beforeprint", () => {
    const figures = grid.view.slice(0, MOST_PRINTED).map((record, number) => make(
      "figure",
      {},
      make("div", { className: "frame" }, pictureOf(source, record)),
      make(
        "figcaption",
        {},
        make("b", {}, String(number + 1)),
        record.title === record.id ? " " : make("span", { dir: "auto" }, ` ${oneLine(record.title, 60)}`),
        make("code", {}, record.id),
      ),
    ));
    const left = grid.view.length - figures.length;
    place.replaceChildren(...figures, ...(left > 0 ? [make("p", {}, `and ${NUMBERS.format(left)} more`)] : []));
    // Pictures that are not read yet would leave white places.
    for (const image of place.querySelectorAll("img")) image.decoding = "sync";
  });
  window.addEventListener("afterprint", () => place.replaceChildren());
}
