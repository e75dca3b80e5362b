/* Draws each `figure.chart` from the JSON inside it, in the colours of the page.

   A figure says colours as roles ("@real", "@accent/0.2"); the page's own look is a Plotly template,
   so that a figure may differ from it where it must. */
{
  const ROLE = /^@([a-z]+[0-9]?)(?:\/([0-9.]+))?$/;
  const PRINT_WIDTH = 660; // pixels that fit between the margins of A4 and of Letter
  const charts = new Map(); // by figure element

  /* Roles are looked for below keys that say colours only: a name of the data stays a name. */
  const coloured = (value, palette, isColour = false) => {
    if (typeof value === "string") return isColour ? colour(value, palette) : value;
    if (Array.isArray(value)) return value.map((item) => coloured(item, palette, isColour));
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value);
    const isSaid = (key) => isColour || /color(s|scale|way)?$/.test(key);
    return Object.fromEntries(entries.map(([key, item]) => [key, coloured(item, palette, isSaid(key))]));
  };
  const colour = (value, palette) => {
    const [, role, opacity] = ROLE.exec(value) ?? [];
    const found = palette[role];
    if (!found) return value;
    return opacity ? faded(found, Number(opacity)) : found;
  };
  const faded = (hex, opacity) => {
    const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit) : hex.slice(1).match(/../g);
    return `rgba(${digits.map((pair) => parseInt(pair, 16)).join(",")},${opacity})`;
  };

  /* Plotly reads tags in texts. What a run says is no tag; only line breaks of ours are. */
  const plain = (value, key = "") => {
    if (typeof value === "string") return /template$/.test(key) ? value : value.replace(/<(?!br>)/g, "&lt;");
    if (Array.isArray(value)) return value.map((item) => plain(item, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name)]));
  };

  const pageAxis = (palette) => ({
    automargin: true, gridcolor: palette.grid, linecolor: palette.line, zeroline: false,
    title: { standoff: 10, font: { size: 12.5, color: palette.faint } }, tickfont: { color: palette.faint },
  });
  const pageLayout = (palette) => ({
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: palette.ink },
    paper_bgcolor: palette.panel, plot_bgcolor: palette.panel,
    colorway: [1, 2, 3, 4, 5, 6, 7].map((number) => palette[`series${number}`]),
    margin: { l: 56, r: 18, t: 34, b: 44 },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    xaxis: pageAxis(palette), yaxis: pageAxis(palette), hovermode: "closest", bargap: 0.25,
    hoverlabel: { bgcolor: palette.raised, bordercolor: palette.line, font: { color: palette.ink }, align: "left" },
    // A finger scrolls the page; a mouse zooms.
    dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
    uirevision: "kept",
  });

  const configuration = (id) => ({
    displaylogo: false, responsive: true, modeBarButtons: [["toImage", "resetScale2d"]],
    toImageButtonOptions: { filename: id, scale: 2 }, showTips: false,
  });

  /* Traces with the keys of a variant in place of their own; "marker.color" is a key below a key. */
  const replaced = (traces, variant) => traces.map((trace, index) => {
    const copy = { ...trace };
    for (const [path, value] of Object.entries(variant[index] ?? {})) put(copy, path.split("."), value);
    return copy;
  });
  const put = (target, [key, ...rest], value) => {
    if (rest.length) put((target[key] = { ...target[key] }), rest, value);
    else target[key] = value;
  };

  const drawing = (chart) => {
    const palette = Theme.palette();
    const { data, layout } = chart.spec.figure;
    const traces = chart.variant ? replaced(data, chart.variant) : data;
    const size = { height: chart.spec.height, ...(chart.isPrinted ? { width: PRINT_WIDTH } : { autosize: true }) };
    return [
      coloured(plain(traces), palette),
      { ...coloured(plain(layout), palette), ...size, template: { layout: pageLayout(palette) } },
      configuration(chart.figure.id),
    ];
  };
  const draw = (chart) => {
    chart.isDrawn = true;
    if (chart.isMissing) {
      chart.figure.dataset.drawn = "";
      return;
    }
    Plotly.react(chart.plot, ...drawing(chart)).then(() => { chart.figure.dataset.drawn = ""; });
    // The caption and the table say it in order; the texts of a drawing come in none.
    for (const drawn of chart.plot.querySelectorAll(".main-svg")) drawn.setAttribute("aria-hidden", "true");
    if (!chart.plot.dataset.links) followLinks(chart.plot);
  };

  /* A point of a trace whose `meta.href` has an address for it leads there. */
  const followLinks = (plot) => {
    plot.dataset.links = "yes";
    plot.on("plotly_click", ({ points: [point] }) => {
      const href = point?.data.meta?.href?.[point.pointNumber];
      const address = href && new URL(href, location.href);
      if (address && address.protocol === location.protocol) location.assign(address);
    });
    plot.classList.toggle("links", plot.data.some((trace) => trace.meta?.href));
  };

  const select = (chart, value, isFirst) => {
    const { variants, missing } = chart.spec;
    chart.variant = variants[value] ?? null;
    chart.isMissing = !chart.variant && !isFirst;
    chart.plot.hidden = chart.isMissing;
    chart.note?.remove();
    if (chart.isMissing) {
      chart.note = Page.element("p", { className: "missing" }, missing);
      chart.note.style.minHeight = `${chart.spec.height}px`;
      chart.plot.after(chart.note);
    }
    if (chart.isDrawn) draw(chart);
  };

  const made = (figure) => {
    const chart = { figure, plot: figure.querySelector(".plot"), spec: Page.json(figure.querySelector("script")) };
    charts.set(figure, chart);
    const selector = figure.dataset.group && document.querySelector(`[data-selects="${CSS.escape(figure.dataset.group)}"]`);
    if (selector?.selectedIndex > 0) select(chart, selector.value, false);
    return chart;
  };

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      const chart = charts.get(target);
      if (chart && !chart.isDrawn) draw(chart);
    }
  }, { rootMargin: "300px" });

  const each = (action) => {
    for (const chart of charts.values()) {
      if (chart.figure.isConnected) action(chart);
      else charts.delete(chart.figure);
    }
  };

  /* Plotly is large and comes after this script; tables need not wait for it. */
  const whenLoaded = (action) => {
    if (window.Plotly) action();
    else document.addEventListener("DOMContentLoaded", () => window.Plotly && action(), { once: true });
  };
  Page.onContent((root) => whenLoaded(() => {
    for (const figure of Page.all(root, "figure.chart")) seen.observe(made(figure).figure);
  }));

  document.addEventListener("change", ({ target }) => {
    const group = target.dataset?.selects;
    if (group === undefined) return;
    const chosen = [];
    each((chart) => {
      if (chart.figure.dataset.group === group) chosen.push(chart);
    });
    for (const chart of chosen) select(chart, target.value, target.selectedIndex === 0);
    announce(target, chosen);
  });
  const announce = (selector, chosen) => {
    const missing = chosen.filter((chart) => chart.isMissing).length;
    const label = selector.parentElement;
    const status = label.nextElementSibling?.matches(".said") ? label.nextElementSibling : Page.element("span", { className: "said unseen" });
    status.setAttribute("role", "status");
    if (!status.isConnected) label.after(status);
    status.textContent = `Charts show ${selector.value}${missing ? `; ${missing} of ${chosen.length} have nothing to draw` : ""}`;
  };
  Theme.onChange(() => each((chart) => { if (chart.isDrawn) draw(chart); }));
  Page.onPrint(
    () => each((chart) => { chart.isPrinted = true; draw(chart); }),
    () => each((chart) => { chart.isPrinted = false; draw(chart); }),
  );
}
