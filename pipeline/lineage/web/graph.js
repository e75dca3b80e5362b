"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const svg = byId("graph"), scene = byId("scene"), search = byId("search");
  const nodes = new Map();
  const edges = [];

  for (const group of document.querySelectorAll("#nodes > .node")) {
    const [x, y, width, height] = group.dataset.box.split(" ").map(Number);
    const row = byId("row-" + group.dataset.id);
    nodes.set(group.dataset.id, {
      id: group.dataset.id, group, row, x, y, width, height, above: [], below: [], folded: false, shown: true,
      text: (group.getAttribute("aria-label") + " " + row.textContent).toLowerCase(),
    });
  }
  for (const path of document.querySelectorAll("#edges > .edge")) {
    const edge = { path, source: nodes.get(path.dataset.source), target: nodes.get(path.dataset.target), key: path.dataset.key };
    edge.source.below.push(edge);
    edge.target.above.push(edge);
    edges.push(edge);
  }
  const all = [...nodes.values()];

  // A page that shows this one in a frame says which colours it has; anybody may say so.
  addEventListener("message", ({ data }) => {
    if (["light", "dark", ""].includes(data?.theme)) document.documentElement.dataset.theme = data.theme;
  });

  // The view: scale, and where the drawing's corner is, in pixels.
  let scale = 1, left = 0, top = 0;
  svg.removeAttribute("viewBox");  // without scripts it shows everything
  const size = () => [svg.clientWidth || 800, svg.clientHeight || 600];
  const apply = () => scene.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
  let untouched = true;
  const zoom = (factor, x, y) => {
    untouched = false;
    const next = Math.min(4, Math.max(0.03, scale * factor));
    left = x - (x - left) * next / scale;
    top = y - (y - top) * next / scale;
    scale = next;
    apply();
  };
  const zoomMiddle = (factor) => { const [w, h] = size(); zoom(factor, w / 2, h / 2); };
  const extent = () => {
    const shown = all.filter((node) => node.shown);
    const x = Math.min(...shown.map((node) => node.x)), y = Math.min(...shown.map((node) => node.y));
    return [x, y, Math.max(...shown.map((node) => node.x + node.width)) - x,
      Math.max(...shown.map((node) => node.y + node.height)) - y];
  };
  const fit = () => {
    if (!all.length) return;
    const [w, h] = size(), [x, y, width, height] = extent();
    scale = Math.min(1.2, (w - 48) / width, (h - 88) / height);
    left = (w - width * scale) / 2 - x * scale;
    top = Math.max(24, (h - 40 - height * scale) / 2) - y * scale;
    apply();
  };
  const centre = (node) => {
    untouched = false;
    const [w, h] = size();
    left = w / 2 - (node.x + node.width / 2) * scale;
    top = h / 2 - (node.y + node.height / 2) * scale;
    apply();
  };
  const reveal = (node) => {
    const [w, h] = size(), x = left + node.x * scale, y = top + node.y * scale;
    if (x < 0 || y < 0 || x + node.width * scale > w || y + node.height * scale > h - 40) centre(node);
  };

  // Folding a node hides what led to it and to nothing else that is shown.
  const reached = (starts) => {
    const seen = new Set(starts), queue = [...starts];
    for (const node of queue) {
      if (node.folded) continue;
      for (const { source } of node.above) if (!seen.has(source)) { seen.add(source); queue.push(source); }
    }
    return seen;
  };
  const ends = all.filter((node) => !node.below.length);
  const show = () => {
    const seen = reached(ends.length ? ends : all);
    for (const node of all) {
      node.shown = seen.has(node);
      node.group.classList.toggle("gone", !node.shown);
      node.group.classList.toggle("folded", node.folded);
      if (node.above.length) node.group.setAttribute("aria-expanded", String(!node.folded));
      const sign = node.group.querySelector(".fold text");
      if (sign) sign.textContent = node.folded ? "+" : "\u2212";
    }
    for (const { path, source, target } of edges) {
      path.classList.toggle("gone", !source.shown || !target.shown || target.folded);
    }
    const hidden = all.length - seen.size;
    byId("expand").disabled = !all.some((node) => node.folded);
    byId("expand").textContent = hidden ? `Expand all (${hidden} hidden)` : "Expand all";
  };
  const fold = (node, folded = !node.folded) => {
    if (!node.above.length) return;
    node.folded = folded;
    show();
    if (chosen && !chosen.shown) choose(null);
    else if (chosen) choose(chosen);
  };
  const uncover = (node) => {
    if (node.shown) return;
    const after = new Set([node]);
    for (const one of after) for (const { target } of one.below) { target.folded = false; after.add(target); }
    show();
  };

  // Choosing a node marks its history and its consequences, and shows what the tables say of it.
  let chosen = null;
  const walk = (start, along, end) => {
    const seen = new Set([start]), taken = new Set();
    for (const node of seen) for (const edge of node[along]) { taken.add(edge); seen.add(edge[end]); }
    return [seen, taken];
  };
  const choose = (node) => {
    chosen?.group.classList.remove("chosen");
    chosen = node;
    byId("help").hidden = Boolean(node);
    byId("chosen").hidden = !node;
    svg.classList.toggle("marked", Boolean(node));
    if (!node) return;
    node.group.classList.add("chosen");
    const [before, into] = walk(node, "above", "source"), [after, outOf] = walk(node, "below", "target");
    for (const one of all) one.group.classList.toggle("near", before.has(one) || after.has(one));
    for (const edge of edges) edge.path.classList.toggle("near", into.has(edge) || outOf.has(edge));
    describe(node);
  };
  const element = (name, text, parent) => {
    const made = document.createElement(name);
    made.textContent = text;
    parent.append(made);
    return made;
  };
  const describe = (node) => {
    const panel = byId("chosen");
    panel.replaceChildren();
    element("h2", node.group.dataset.title, panel);
    element("p", node.group.dataset.kind, panel).className = "kind";
    if (node.above.length) {
      element("button", node.folded ? "Show what led here" : "Hide what led here", panel)
        .addEventListener("click", () => fold(node));
    }
    links(panel, node.group.classList.contains("execution") ? "Inputs" : "Made by", node.above, "source");
    links(panel, node.group.classList.contains("execution") ? "Outputs" : "Used by", node.below, "target");
    const facts = element("dl", "", panel);
    const titles = node.row.closest("table").querySelectorAll("thead th");
    [...node.row.cells].forEach((cell, index) => {
      if (cell.dataset.skip !== undefined || !cell.textContent) return;
      element("dt", titles[index].textContent, facts);
      element("dd", cell.textContent, facts);
    });
    const properties = node.row.querySelector("dl");
    if (properties) { element("h3", "Properties", panel); panel.append(properties.cloneNode(true)); }
    panel.parentElement.scrollTop = 0;
  };
  const links = (panel, title, list, end) => {
    if (!list.length) return;
    element("h3", title, panel);
    for (const edge of list) {
      const button = element("button", edge[end].group.dataset.title + " ", panel);
      element("small", edge.key, button);
      button.addEventListener("click", () => { visit(edge[end]); });
    }
  };

  // One node takes the keyboard; the arrows move on from it.
  let current = null;
  const enter = (node) => {
    current?.group.setAttribute("tabindex", "-1");
    current = node;
    node.group.setAttribute("tabindex", "0");
  };
  const go = (node) => { enter(node); reveal(node); node.group.focus({ preventScroll: true }); };
  const visit = (node) => { uncover(node); enter(node); reveal(node); choose(node); };
  const nearest = (from, candidates) => {
    const away = (node) => Math.hypot(node.x + node.width / 2 - from.x - from.width / 2, node.y - from.y);
    return candidates.filter((node) => node.shown).sort((a, b) => away(a) - away(b))[0];
  };
  const step = {
    ArrowUp: (node) => nearest(node, node.folded ? [] : node.above.map((edge) => edge.source)),
    ArrowDown: (node) => nearest(node, node.below.map((edge) => edge.target)),
    ArrowLeft: (node) => nearest(node, all.filter((one) => one.y === node.y && one.x < node.x)),
    ArrowRight: (node) => nearest(node, all.filter((one) => one.y === node.y && one.x > node.x)),
  };

  const nodeOf = (target) => nodes.get(target.closest?.(".node")?.dataset.id);
  svg.addEventListener("keydown", (event) => {
    const node = nodeOf(event.target);
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in step) { const next = step[event.key](node); if (next) go(next); }
    else if (event.key === "Enter") choose(node);
    else if (event.key === " ") fold(node);
    else return;
    event.preventDefault();
  });
  svg.addEventListener("focusin", (event) => { const node = nodeOf(event.target); if (node) enter(node); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { choose(null); if (event.target === search) { search.value = ""; find(); } return; }
    if (event.target === search) return;
    if (event.key === "/") search.focus();
    else if (event.key === "+" || event.key === "=") zoomMiddle(1.25);
    else if (event.key === "-") zoomMiddle(0.8);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  // Search looks at everything that the tables say.
  let hits = [], at = -1;
  const find = () => {
    const wanted = search.value.trim().toLowerCase();
    hits = wanted ? all.filter((node) => node.text.includes(wanted)) : [];
    at = -1;
    for (const node of all) node.group.classList.toggle("found", hits.includes(node));
    byId("found").textContent = wanted ? `${hits.length} found` : "";
  };
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !hits.length) return;
    at = (at + (event.shiftKey ? hits.length - 1 : 1) + hits.length) % hits.length;
    byId("found").textContent = `${at + 1} of ${hits.length}`;
    visit(hits[at]);
    centre(hits[at]);
  });

  // Mouse, pen and fingers.
  const pointers = new Map();
  let moved = 0;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    moved = pointers.size ? Infinity : 0;
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  svg.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (moved < 5) return;
    svg.setPointerCapture(event.pointerId);
    svg.classList.add("moving");
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const corner = svg.getBoundingClientRect();
      const distance = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      zoom(distance(now) / distance(before), other[0] - corner.left, other[1] - corner.top);
    } else {
      untouched = false;
      left += now[0] - before[0];
      top += now[1] - before[1];
      apply();
    }
    pointers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    svg.addEventListener(name, (event) => { pointers.delete(event.pointerId); svg.classList.remove("moving"); });
  }
  svg.addEventListener("click", (event) => {
    if (moved >= 5) return;
    const node = nodeOf(event.target);
    if (node && event.target.closest(".fold")) fold(node);
    else choose(node ?? null);
  });
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const corner = svg.getBoundingClientRect();
    const amount = event.deltaY * (event.deltaMode ? 18 : 1);
    zoom(Math.exp(-amount / 500), event.clientX - corner.left, event.clientY - corner.top);
  }, { passive: false });

  byId("in").addEventListener("click", () => zoomMiddle(1.25));
  byId("out").addEventListener("click", () => zoomMiddle(0.8));
  byId("fit").addEventListener("click", fit);
  byId("expand").addEventListener("click", () => { for (const node of all) node.folded = false; show(); });
  addEventListener("beforeprint", () => { byId("tables").open = true; choose(null); fit(); });

  const start = all.find((node) => node.group.classList.contains("focus")) ?? all[0];
  const open = () => {
    fit();
    if (start && scale < 0.4) {
      scale = 0.8;
      centre(start);
      top = Math.min(top, 24);
      apply();
      untouched = true;
    }
  };
  show();
  open();
  new ResizeObserver(() => { if (untouched) open(); }).observe(svg);
  if (start) enter(start);
  const asked = nodes.get(decodeURIComponent(location.hash.slice(1)));
  if (asked) visit(asked);
})();
