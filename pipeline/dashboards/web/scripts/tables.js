/* Tables that sort by their headings and are searched by a field above. */
{
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort ?? cell.textContent.trim();
  };

  /* Numbers before texts; what has no value (a dash) is last either way. */
  const comparison = (column, isNumber, direction) => (one, other) => {
    const sign = direction === "descending" ? -1 : 1;
    const [a, b] = [key(one, column), key(other, column)];
    const [x, y] = [a === "" ? NaN : Number(a), b === "" ? NaN : Number(b)];
    const [hasX, hasY] = [Number.isFinite(x), Number.isFinite(y)];
    if (hasX && hasY) return sign * (x - y);
    if (isNumber || hasX !== hasY) return hasY - hasX;
    return sign * order.compare(a, b);
  };

  const makeSortable = (region) => {
    const body = region.querySelector("tbody");
    const headings = [...region.querySelectorAll("thead th")];
    const original = [...body.rows];
    const sort = (heading, column) => {
      const direction = NEXT[heading.getAttribute("aria-sort") ?? "none"];
      for (const each of headings) each.removeAttribute("aria-sort");
      const rows = [...original];
      if (direction !== "none") {
        heading.setAttribute("aria-sort", direction);
        rows.sort(comparison(column, heading.classList.contains("number"), direction));
      }
      body.append(...rows);
    };
    headings.forEach((heading, column) => {
      const button = Page.element("button", { type: "button" }, ...heading.querySelector("span").childNodes);
      button.addEventListener("click", () => sort(heading, column));
      heading.replaceChildren(button);
    });
  };

  const makeSearchable = (region) => {
    const finder = region.previousElementSibling;
    const rows = [...region.querySelectorAll("tbody tr")];
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const input = Page.element("input", { type: "search", autocomplete: "off", spellcheck: false });
    const count = Page.element("output");
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => texts.get(row).includes(word));
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = words.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
    };
    input.addEventListener("input", filter);
    input.setAttribute("aria-label", `Search: ${region.getAttribute("aria-label")}`);
    finder.replaceChildren(Page.element("label", {}, "Search", input), count);
    filter();
  };

  /* Long names break behind their parts, not within a word; what has no parts breaks anywhere. */
  const PARTS = /(?<=[:/])(?=[^\s:/])|(?<=[^\s:/]{24})(?=[^\s:/]{8})/;
  const letBreak = (cell) => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      const parts = text.data.split(PARTS);
      if (parts.length > 1) text.replaceWith(...parts.flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part])));
    }
  };

  Page.onContent((root) => {
    for (const cell of Page.all(root, ".table tbody .text")) letBreak(cell);
    for (const region of Page.all(root, ".table.sortable")) makeSortable(region);
    for (const region of Page.all(root, ".table.searchable")) makeSearchable(region);
  });
}
