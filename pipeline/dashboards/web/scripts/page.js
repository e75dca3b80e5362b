"use strict";
/* What the scripts of a page share: when there is content to set up, and when it is printed.
   The first of the scripts; the others see `Page`. */
const Page = (() => {
  const setups = [];
  let isParsed = document.readyState !== "loading";

  /* Calls setup(root) for the document, and for every part that replaces another (live.js). */
  const onContent = (setup) => {
    setups.push(setup);
    if (isParsed) setup(document);
  };
  const setUp = (root) => setups.forEach((setup) => setup(root));
  const parsed = () => {
    if (isParsed) return;
    isParsed = true;
    setUp(document);
  };
  document.addEventListener("readystatechange", parsed);

  /* All elements of a part that match, the part itself included. */
  const all = (root, selector) => {
    const found = [...root.querySelectorAll(selector)];
    return root instanceof Element && root.matches(selector) ? [root, ...found] : found;
  };

  /* An element with properties and children: text becomes text, never markup. */
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const json = (script) => JSON.parse(script.textContent);

  /* Browsers tell of printing by an event, a media query or both; each pair of calls comes once. */
  const printing = [];
  let isPrinting = false;
  const setPrinting = (value) => {
    if (value === isPrinting) return;
    isPrinting = value;
    for (const [before, after] of printing) (value ? before : after)();
  };
  const onPrint = (before, after) => printing.push([before, after]);
  window.addEventListener("beforeprint", () => setPrinting(true));
  window.addEventListener("afterprint", () => setPrinting(false));
  const media = window.matchMedia("print");
  media.addEventListener("change", () => setPrinting(media.matches));

  // Paper has no disclosures.
  let opened = [];
  onPrint(
    () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const details of opened) details.open = true;
    },
    () => {
      for (const details of opened) details.open = false;
    },
  );

  return { onContent, setUp, all, element, json, onPrint };
})();
