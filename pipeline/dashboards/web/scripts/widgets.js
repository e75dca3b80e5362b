/* Parts of a page that answer to the reader: `data-widget` names which. */
{
  const widgets = {};
  Page.onContent((root) => {
    for (const place of Page.all(root, "[data-widget]")) {
      widgets[place.dataset.widget](place, Page.json(place.querySelector("script")));
    }
  });

  // Erasure deletes face crops; errors of images do not bubble.
  document.addEventListener("error", ({ target }) => {
    if (!(target instanceof HTMLImageElement && target.closest(".crops"))) return;
    const tile = Page.element("span", { className: "removed" }, "removed");
    tile.setAttribute("role", "img");
    tile.setAttribute("aria-label", `${target.alt} (removed)`);
    target.replaceWith(tile);
  }, true);

  /* Copies a command; where the browser forbids it, leaves it selected for the reader to copy.
     The newer clipboard interface complains in a sandbox, where Kubeflow shows pages. */
  const copy = (button) => {
    const selection = window.getSelection();
    selection.selectAllChildren(button.parentElement.querySelector("code"));
    const isCopied = document.execCommand("copy");
    if (isCopied) selection.removeAllRanges();
    button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-copy]");
    if (button) copy(button);
  });

  /* The confusion matrix at a threshold that the reader chooses. A video is called fake above it. */
  const share = (part, whole) => (whole ? part / whole : null);
  const shown = (rate) => (rate === null ? "\u2013" : rate.toFixed(3));
  const percent = (rate) => (rate === null ? "\u2013" : `${(100 * rate).toFixed(1)} %`);

  const counts = (slice, index) => {
    const truePositives = slice.true_positives[index];
    const falsePositives = slice.false_positives[index];
    return {
      truePositives, falsePositives,
      falseNegatives: slice.num_fake - truePositives, trueNegatives: slice.num_real - falsePositives,
    };
  };
  const rates = (slice, index) => {
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts(slice, index);
    const recall = slice.recall?.[index], specificity = slice.specificity?.[index];
    const against = (bounds) => bounds && [1 - bounds[1], 1 - bounds[0]];
    return [
      ["Recall", "fakes called fake", share(truePositives, slice.num_fake), recall],
      ["Specificity", "real videos called real", share(trueNegatives, slice.num_real), specificity],
      ["False negative rate", "fakes called real", share(falseNegatives, slice.num_fake), against(recall)],
      ["False positive rate", "real videos called fake", share(falsePositives, slice.num_real), against(specificity)],
      ["Precision", "of what was called fake, fake", share(truePositives, truePositives + falsePositives)],
      ["Accuracy", "called rightly", share(truePositives + trueNegatives, slice.num_fake + slice.num_real)],
    ];
  };

  const heading = (scope, ...content) => Page.element("th", { scope, className: "text" }, ...content);
  const box = (className, count, whole) => {
    const cell = Page.element("td", { className }, Page.element("strong", {}, count.toLocaleString("en")));
    cell.append(Page.element("small", {}, `${percent(share(count, whole))} of ${whole.toLocaleString("en")}`));
    cell.style.setProperty("--share", share(count, whole) ?? 0);
    return cell;
  };
  const matrix = (slice, index) => {
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts(slice, index);
    const said = `Videos called fake above ${slice.thresholds[index].toFixed(3)}, and their share of the row`;
    const table = Page.element("table", { className: "matrix" }, Page.element("caption", {}, said));
    const head = Page.element("tr", {}, Page.element("td"), heading("col", "Called fake"), heading("col", "Called real"));
    const fake = Page.element("tr", {}, heading("row", "Fake"));
    fake.append(box("right", truePositives, slice.num_fake), box("wrong", falseNegatives, slice.num_fake));
    const real = Page.element("tr", {}, heading("row", "Real"));
    real.append(box("wrong", falsePositives, slice.num_real), box("right", trueNegatives, slice.num_real));
    table.append(Page.element("thead", {}, head), Page.element("tbody", {}, fake, real));
    return table;
  };
  const drawnInterval = (value, [lower, upper]) => {
    const drawn = Page.element("span", { className: "interval", ariaHidden: "true" });
    for (const [name, at] of Object.entries({ value, lower, upper })) drawn.style.setProperty(`--${name}`, at);
    return drawn;
  };
  const rateTable = (slice, index) => {
    const body = Page.element("tbody");
    for (const [name, meaning, value, bounds] of rates(slice, index)) {
      const title = heading("row", name, " ", Page.element("small", {}, meaning));
      const row = Page.element("tr", {}, title, Page.element("td", { className: "number" }, shown(value)));
      const isKnown = bounds && value !== null;
      row.append(Page.element("td", { className: "number" }, Page.element("small", {}, isKnown ? `[${bounds.map(shown).join(", ")}]` : "")));
      row.append(Page.element("td", {}, isKnown ? drawnInterval(value, bounds) : ""));
      body.append(row);
    }
    return Page.element("table", { className: "rates" }, Page.element("caption", {}, "Rates over videos, with 95 % intervals"), body);
  };

  const nearest = (thresholds, wanted) => {
    let best = 0;
    thresholds.forEach((threshold, index) => {
      if (Math.abs(threshold - wanted) < Math.abs(thresholds[best] - wanted)) best = index;
    });
    return best;
  };

  widgets.confusion = (place, { slices, start, marks = [] }) => {
    const id = place.id;
    const selector = place.dataset.group && document.querySelector(`[data-selects="${CSS.escape(place.dataset.group)}"]`);
    let slice = slices[selector?.value] ?? Object.values(slices)[0];
    let wanted = start;
    const input = Page.element("input", { type: "range", min: 0, step: 1, id: `${id}-threshold` });
    const output = Page.element("output", { htmlFor: input.id });
    const buttons = Page.element("div", { className: "marks", role: "group", ariaLabel: "Thresholds of the model" });
    const result = Page.element("div", { className: "shown" });
    const missing = Page.element("p", { className: "missing", hidden: true }, place.dataset.missing ?? "");

    const show = () => {
      missing.hidden = Boolean(slice);
      result.hidden = input.parentElement.hidden = buttons.hidden = !slice;
      if (!slice) return;
      const index = nearest(slice.thresholds, wanted);
      input.max = slice.thresholds.length - 1;
      input.value = index;
      output.textContent = slice.thresholds[index].toFixed(3);
      input.setAttribute("aria-valuetext", `threshold ${output.textContent}`);
      result.replaceChildren(matrix(slice, index), rateTable(slice, index));
      for (const button of buttons.children) button.ariaPressed = String(Number(button.value) === wanted);
    };
    const move = (threshold) => { wanted = threshold; show(); };
    input.addEventListener("input", () => move(slice.thresholds[Number(input.value)]));
    for (const { label, threshold } of marks) {
      const button = Page.element("button", { type: "button", value: threshold }, `${label} (${threshold.toFixed(3)})`);
      button.addEventListener("click", () => move(threshold));
      buttons.append(button);
    }
    const label = Page.element("label", { htmlFor: input.id }, "Called fake above");
    place.append(Page.element("div", { className: "slide" }, label, input, output), buttons, result, missing);
    selector?.addEventListener("change", () => { slice = slices[selector.value]; show(); });
    show();
  };
}
