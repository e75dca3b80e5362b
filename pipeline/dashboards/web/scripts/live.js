/* Keeps the page of a run that goes on up to date, where a server answers for it. */
{
  const SECONDS = 2;
  const FIELDS = "details, select, input, button";
  let served = null; // markup of the parts as the server sent them, by key

  const key = (part, index) => part.id || `#${index}`;
  const parts = (main) => new Map([...main.children].map((part, index) => [key(part, index), part]));
  const markup = (main) => new Map([...parts(main)].map(([name, part]) => [name, part.outerHTML]));
  const isOverHttp = location.protocol === "http:" || location.protocol === "https:";

  /* A field is known again by what names it: rows may have come or gone. */
  const byName = (part) => {
    const named = new Map();
    for (const field of Page.all(part, FIELDS)) {
      const text = field.matches("details") ? field.querySelector("summary")?.textContent : "";
      const parts = [field.tagName, field.id, field.ariaLabel, field.dataset.selects, text];
      const before = [...named.keys()].filter((name) => name.startsWith(`${parts.join()}#`)).length;
      named.set(`${parts.join()}#${before}`, field);
    }
    return named;
  };

  /* What the reader did to a part, done again to the one that takes its place. */
  const restore = (old, fresh) => {
    const after = byName(fresh);
    for (const [name, field] of byName(old)) {
      const other = after.get(name);
      if (!other) continue;
      if (field.matches("details")) other.open = field.open;
      else if (field.checked !== other.checked) other.click();
      else if (field.matches("input, select") && field.value !== other.value) setValue(other, field.value);
    }
    resort(old, fresh);
  };
  const setValue = (field, value) => {
    field.value = value;
    field.dispatchEvent(new Event(field.matches("select") ? "change" : "input", { bubbles: true }));
  };
  const resort = (old, fresh) => {
    const before = Page.all(old, "thead th"), after = Page.all(fresh, "thead th");
    before.forEach((heading, index) => {
      const wanted = heading.getAttribute("aria-sort");
      const clicks = { ascending: 1, descending: 2 }[wanted] ?? 0;
      for (let click = 0; click < clicks; click += 1) after[index]?.querySelector("button")?.click();
    });
  };
  const focusAgain = (fresh, place) => {
    if (place >= 0) Page.all(fresh, `a, ${FIELDS}`)[place]?.focus({ preventScroll: true });
  };

  const exchange = (old, part) => {
    const fresh = document.importNode(part, true);
    const place = old.contains(document.activeElement) ? Page.all(old, `a, ${FIELDS}`).indexOf(document.activeElement) : -1;
    old.replaceWith(fresh);
    Page.setUp(fresh);
    restore(old, fresh);
    focusAgain(fresh, place);
    return fresh;
  };

  /* Parts that say the same stay as they are, with their sorting, zoom and focus. */
  const updateMain = (next) => {
    const main = document.querySelector("main");
    const current = parts(main), nextMarkup = markup(next);
    let last = null;
    for (const [name, part] of parts(next)) {
      let shown = current.get(name);
      if (!shown) {
        shown = document.importNode(part, true);
        if (last) last.after(shown);
        else main.prepend(shown);
        Page.setUp(shown);
      } else if (served.get(name) !== nextMarkup.get(name)) {
        shown = exchange(shown, part);
      }
      last = shown;
    }
    for (const [name, part] of current) if (!nextMarkup.has(name)) part.remove();
    served = nextMarkup;
  };
  const updateHeader = (next) => {
    const current = document.querySelector("header.top");
    if (current.textContent !== next.textContent) exchange(current, next);
  };
  const update = (text) => {
    const next = new DOMParser().parseFromString(text, "text/html");
    const { scrollX, scrollY } = window;
    document.title = next.title;
    updateHeader(next.querySelector("header.top"));
    updateMain(next.querySelector("main"));
    window.scrollTo(scrollX, scrollY);
    return next.body.hasAttribute("data-live");
  };

  const follow = (status) => {
    let etag = null;
    const say = (text, state) => {
      if (status.textContent !== text) status.textContent = text;
      status.className = `live ${state}`;
    };
    const ask = async () => {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(location.href, { headers, cache: "no-store" });
      if (answer.status === 304) return true;
      if (!answer.ok) throw new TypeError(`the server answered ${answer.status}`);
      etag = answer.headers.get("ETag");
      return update(await answer.text());
    };
    const again = async () => {
      let goesOn = true;
      try {
        goesOn = await ask();
        say(goesOn ? "Live" : "The run has ended", goesOn ? "" : "ended");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // what fetch raises without a connection
        say("Connection lost, trying again", "lost");
      }
      if (goesOn) setTimeout(again, 1000 * SECONDS);
      else document.body.removeAttribute("data-live");
    };
    say("Live", "");
    setTimeout(again, 1000 * SECONDS);
  };

  Page.onContent((root) => {
    if (root !== document || !isOverHttp || !document.body.hasAttribute("data-live")) return;
    served = markup(document.querySelector("main"));
    const status = Page.element("p", { className: "live" });
    status.setAttribute("role", "status");
    document.body.append(status);
    follow(status);
  });
}
