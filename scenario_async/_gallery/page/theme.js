// Light, dark, or as the system is; kept by the browser where the page may keep anything.

const THEMES = ["system", "light", "dark"];

function themed(button) {
  let theme = "system";
  try {
    theme = localStorage.getItem("scenario-gallery-theme") ?? theme;
  } catch {
    // A page inside another one may keep nothing.
  }
  const apply = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.dataset.theme = theme;
    button.setAttribute("aria-label", `Colours: ${theme}`);
    button.title = `Colours: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try {
      localStorage.setItem("scenario-gallery-theme", theme);
    } catch {
      // As above.
    }
    apply();
    say(`Colours: ${theme}`);
  });
  if (!THEMES.includes(theme)) theme = "system";
  apply();
}
