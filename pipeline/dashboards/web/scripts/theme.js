/* Light or dark: the reader's choice before the system's, light on paper; and the palette for charts. */
const Theme = (() => {
  const KEY = "deepfake-dashboard-theme";
  const ROLES = [
    "real", "fake", "accent", "baseline", "good", "bad", "warn", "ink", "faint", "grid", "line", "panel", "raised",
    "series1", "series2", "series3", "series4", "series5", "series6", "series7",
  ];
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];

  // A page in a sandbox, and in some browsers a file, has no storage: the choice then ends with it.
  const stored = () => {
    try {
      return window.localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const store = (value) => {
    try {
      window.localStorage.setItem(KEY, value);
    } catch {
      return;
    }
  };

  let chosen = stored();
  const isDark = () => (chosen ? chosen === "dark" : system.matches);
  const show = (value) => {
    if (value) root.dataset.theme = value;
    else delete root.dataset.theme;
    document.querySelectorAll("iframe").forEach(tell);
  };
  // A page in a frame, of whatever origin a file is, follows this one.
  const tell = (frame) => frame.contentWindow?.postMessage({ theme: root.dataset.theme ?? "" }, "*");
  const changed = () => {
    describe(document);
    for (const listener of listeners) listener();
  };
  const describe = (part) => {
    const button = part.querySelector("#theme");
    if (!button) return;
    const other = isDark() ? "light" : "dark";
    button.setAttribute("aria-label", `Change to ${other} colours`);
    button.title = `Change to ${other} colours`;
  };

  if (chosen !== "dark" && chosen !== "light") chosen = null;
  show(chosen);
  Page.onContent(describe);
  Page.onContent((part) => {
    for (const frame of part.querySelectorAll("iframe")) frame.addEventListener("load", () => tell(frame));
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#theme")) return;
    chosen = isDark() ? "light" : "dark";
    store(chosen);
    show(chosen);
    changed();
  });
  system.addEventListener("change", changed);
  Page.onPrint(
    () => { show("light"); changed(); },
    () => { show(chosen); changed(); },
  );

  /* Colours by role, as the style sheet has them now. */
  const palette = () => {
    const style = getComputedStyle(root);
    return Object.fromEntries(ROLES.map((role) => [role, style.getPropertyValue(`--${role}`).trim()]));
  };

  return { palette, onChange: (listener) => listeners.push(listener) };
})();
