"use strict";
(() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const all = (selector, below = document) => Array.from(below.querySelectorAll(selector));
  root.classList.add("js");

  // Filter and search. The text of a finding is read once, when it is first looked for.
  const words = find("#words");
  const severity = find("#severity");
  const target = find("#target");
  const boxes = all("#filter input[name=effect]");
  const issues = all(".issue").map((element) => ({
    element,
    places: all(".place", element).map((place) => ({ place, text: null })),
    text: null,
  }));
  const textOf = (holder, elements) => {
    holder.text ??= elements.map((element) => element.textContent).join(" ").toLowerCase();
    return holder.text;
  };
  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const effects = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    let total = 0;
    for (const issue of issues) {
      const fits = !severity.value || issue.element.dataset.severity === severity.value;
      const about = textOf(issue, all(":scope > h3, :scope > p, .mend", issue.element));
      let any = false;
      for (const entry of issue.places) {
        const { place } = entry;
        total += 1;
        const show = fits && effects.has(place.dataset.effect)
          && (!target.value || place.dataset.target === target.value)
          && wanted.every((word) => about.includes(word) || textOf(entry, [place]).includes(word));
        place.hidden = !show;
        any ||= show;
        shown += show ? 1 : 0;
      }
      issue.element.hidden = !any;
    }
    find("#shown").textContent = `${shown} of ${total} findings are shown`;
  };
  const form = find("#filter");
  let timer = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 80);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      words.focus();
    } else if (event.key === "Escape" && form.contains(event.target)) {
      form.reset();
      apply();
    }
  });
  apply();

  // A link to a finding that the filter hides shows it again.
  const reveal = () => {
    const issue = location.hash.startsWith("#issue-") && document.getElementById(location.hash.slice(1));
    if (issue && issue.hidden) {
      form.reset();
      apply();
      issue.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);

  // Copying.
  const copy = async (pre) => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(pre);
      return document.execCommand("copy");
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy");
    if (!button) return;
    const done = await copy(button.parentElement.querySelector("pre"));
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  // Paper shows everything that is not filtered out.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });
})();
