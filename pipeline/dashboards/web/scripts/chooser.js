/* Lets two runs be chosen in the table of all runs, and opens the page that compares them.

   Pages of some pairs are written; a server of ours writes any other when it is asked for one. From
   disk there is a command instead. */
{
  const isOverHttp = location.protocol === "http:" || location.protocol === "https:";

  const address = ([before, after]) => `compare/${encodeURIComponent(before)}--${encodeURIComponent(after)}.html`;
  const isThere = async (pair, built) => {
    if (built.includes(pair.join("--"))) return true;
    if (!isOverHttp) return false;
    try {
      return (await fetch(address(pair), { method: "HEAD" })).ok;
    } catch {
      return false; // the server has gone: the command still says what to do
    }
  };

  const quoted = (name) => (/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`);

  const box = (run, row, chosen, onChange) => {
    const made = Page.element("input", { type: "checkbox", className: "choice", checked: chosen.has(run) });
    made.setAttribute("aria-label", `Compare ${run}`);
    made.addEventListener("change", () => onChange(run, made));
    row.cells[0].prepend(made);
    return made;
  };

  const make = (place) => {
    const { runs, rows, built, command } = Page.json(place.querySelector("script"));
    const chosen = new Set();
    const boxes = new Map();
    const text = Page.element("span", { className: "chosen" });
    text.setAttribute("role", "status");
    const button = Page.element("button", { type: "button" }, "Compare");
    const answer = Page.element("div", { className: "answer" });
    const pair = () => runs.filter((run) => chosen.has(run)); // the earlier one first

    const show = () => {
      const [before, after] = pair();
      button.disabled = chosen.size !== 2;
      answer.replaceChildren();
      text.textContent = after ? `${before} \u2192 ${after}` : before ? `${before} and \u2026` : "Choose two runs in the table.";
      for (const [run, one] of boxes) one.disabled = chosen.size === 2 && !chosen.has(run);
    };
    const change = (run, one) => {
      if (one.checked) chosen.add(run);
      else chosen.delete(run);
      show();
    };
    const tell = (names) => {
      const line = `${command} ${names.map(quoted).join(" ")}`;
      const copy = Page.element("button", { type: "button" }, "Copy");
      copy.dataset.copy = line;
      answer.replaceChildren(
        Page.element("p", { className: "help" }, "This page is not written yet. The command writes it:"),
        Page.element("div", { className: "command" }, Page.element("code", {}, line), copy),
      );
    };
    button.addEventListener("click", async () => {
      const names = pair();
      button.disabled = true;
      const found = await isThere(names, built);
      show();
      if (found) location.assign(address(names));
      else tell(names);
    });
    runs.forEach((run, index) => {
      const row = document.getElementById(rows[index]);
      if (row) boxes.set(run, box(run, row, chosen, change));
    });
    place.append(Page.element("div", { className: "choose" }, text, button), answer);
    show();
  };

  Page.onContent((root) => {
    for (const place of Page.all(root, ".chooser")) make(place);
  });
}
