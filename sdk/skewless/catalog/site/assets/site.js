// The theme, search as you type, filters of lists, and buttons that copy. Pages are whole without.
(function () {
  "use strict";
  const html = document.documentElement;
  const body = document.body;
  const root = body.dataset.root;

  const find = document.querySelector(".find");
  const filters = document.querySelector("[data-filters]");
  prepareTheme(document.querySelector(".top"));
  if (find) prepareSearch(find);
  const tabs = document.querySelector(".top nav");
  const here = tabs.querySelector("[aria-current]");
  // On a phone the tabs are a strip: the page's own is in sight.
  if (here) tabs.scrollLeft = here.offsetLeft - tabs.offsetLeft - tabs.clientWidth / 3;
  if (filters) prepareFilters(filters);
  for (const snippet of document.querySelectorAll(".snippet")) prepareCopy(snippet);

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function load(path) {
    return new Promise((resolve, reject) => {
      const script = element("script", { src: `${root}${path}?${body.dataset.stamp}` });
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${path} is missing`));
      document.head.append(script);
    });
  }

  function words(text) {
    return text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  }

  // As the system says, light, dark, and round again.
  function prepareTheme(bar) {
    const which = element("span", { class: "sr" });
    const toggle = element("button", { type: "button", class: "theme" }, which);
    const THEMES = { "": "as the system says", light: "light", dark: "dark" };

    function tellTheme() {
      const said = `Theme: ${THEMES[html.dataset.theme || ""]}`;
      which.textContent = said;
      toggle.title = said;
    }

    toggle.addEventListener("click", () => {
      const order = Object.keys(THEMES);
      const next = order[(order.indexOf(html.dataset.theme || "") + 1) % order.length];
      if (next) html.dataset.theme = next;
      else delete html.dataset.theme;
      try {
        localStorage.setItem("skewless-theme", next);
      } catch {
        // It holds for this page, then.
      }
      tellTheme();
    });
    bar.append(toggle);
    tellTheme();
  }

  // The words come with the first look at the box, not with each page.
  function prepareSearch(find) {
    const box = element("input", {
      id: "to-find",
      type: "search",
      placeholder: find.dataset.hint || "Search",
      autocomplete: "off",
      spellcheck: "false",
      role: "combobox",
      "aria-label": "Search the catalog",
      "aria-expanded": "false",
      "aria-controls": "to-found",
      "aria-autocomplete": "list",
    });
    const list = element("div", { id: "to-found", class: "found", role: "listbox", "aria-label": "Found", hidden: "" });
    const count = element("p", { class: "sr", role: "status" });
    const form = element("form", { role: "search" }, box, element("kbd", { "aria-hidden": "true" }, "/"), list, count);
    const SHOWN = 30;
    let index = null;
    let chosen = -1;

    function ready() {
      index ??= Promise.all([load("assets/vendor/minisearch.min.js"), load("data/search.js")]).then(() => {
        const search = new MiniSearch({
          fields: ["name", "where", "told", "more"],
          tokenize: words,
          searchOptions: { boost: { name: 6, where: 2 }, combineWith: "AND", prefix: true, fuzzy: (word) => (word.length > 4 ? 0.2 : false) },
        });
        search.addAll(
          window.skewlessSearch.map(([kind, name, where, page, told, more], id) => ({ id, kind, name, where, page, told, more })),
        );
        return search;
      });
      return index;
    }

    const WEIGHT = { service: 1.4, view: 1.3, model: 1.3, entity: 1.2, source: 1.2, feature: 1.1, column: 0.6 };

    async function look() {
      const search = await ready();
      const text = box.value.trim();
      if (!text) return close();
      const plain = text.toLowerCase();
      const hits = search.search(text, {
        boostDocument: (id) => {
          const [kind, name] = window.skewlessSearch[id];
          const own = name.toLowerCase();
          return WEIGHT[kind] * (own === plain || own.startsWith(`${plain}@`) ? 3 : 1);
        },
      });
      show(hits.map((hit) => window.skewlessSearch[hit.id]));
    }

    function show(hits) {
      chosen = -1;
      box.removeAttribute("aria-activedescendant");
      list.replaceChildren(
        ...hits.slice(0, SHOWN).map(([kind, name, where, page, told], number) => {
          const title = element("bdi", { class: "n" }, name);
          const owner = where ? element("bdi", { class: "n faint" }, where) : "";
          const hit = element(
            "a",
            { role: "option", id: `to-hit-${number}`, "aria-selected": "false", tabindex: "-1", href: root + page },
            element("span", { class: `k k-${kind}` }, kind),
            element("span", {}, title, " ", owner),
          );
          if (told) hit.append(element("span", { class: "w" }, element("bdi", {}, told)));
          return hit;
        }),
      );
      if (!hits.length) list.append(element("div", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing has these words."));
      const more = hits.length > SHOWN ? `, the best ${SHOWN} are shown` : "";
      count.textContent = `${hits.length} found${more}`;
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      choose(0);
    }

    function close() {
      list.hidden = true;
      list.replaceChildren();
      count.textContent = "";
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
      chosen = -1;
    }

    function choose(number) {
      const hits = list.querySelectorAll("a");
      if (!hits.length) return;
      hits[chosen]?.setAttribute("aria-selected", "false");
      chosen = (number + hits.length) % hits.length;
      hits[chosen].setAttribute("aria-selected", "true");
      hits[chosen].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", hits[chosen].id);
    }

    box.addEventListener("focus", ready);
    box.addEventListener("input", look);
    box.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") choose(chosen + 1);
      else if (event.key === "ArrowUp") choose(chosen - 1);
      else if (event.key === "Escape" && !list.hidden) close();
      else if (event.key === "Escape") box.blur();
      else return;
      event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      list.querySelector('[aria-selected="true"]')?.click();
    });
    list.addEventListener("click", () => {
      // A link into the same page loads nothing: the box has to go by itself.
      close();
      box.value = "";
      box.blur();
    });
    document.addEventListener("click", (event) => {
      if (!find.contains(event.target)) close();
    });
    find.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !find.contains(event.relatedTarget)) close();
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      box.focus();
      box.select();
    });
    find.append(form);
  }

  // Filters stand in the address, so that a filtered list can be sent to others.
  function prepareFilters(form) {
    const rows = [...document.querySelectorAll("[data-row]")].map((row) => ({
      row,
      group: row.parentElement,
      text: `${row.parentElement.querySelector(".group")?.textContent} ${row.textContent}`.toLowerCase().replaceAll("_", " "),
      tags: row.dataset.tags.split("\n"),
    }));
    const fits = (wanted, { row, text, tags }) =>
      Object.entries(wanted).every(([name, value]) => {
        if (!value) return true;
        if (name === "text") return words(value).every((word) => text.includes(word));
        if (name === "tag") return tags.some((tag) => tag === value || tag.startsWith(`${value}=`));
        return row.dataset[name] === value;
      });

    const filter = () => {
      const wanted = Object.fromEntries(new FormData(form));
      let shown = 0;
      for (const each of rows) {
        each.row.hidden = !fits(wanted, each);
        shown += each.row.hidden ? 0 : 1;
      }
      for (const group of new Set(rows.map((each) => each.group)))
        group.hidden = !group.querySelector("[data-row]:not([hidden])");
      form.querySelector(".count").textContent = shown === rows.length ? `${rows.length} in all` : `${shown} of ${rows.length}`;
      return wanted;
    };

    const fromAddress = () => {
      const asked = new URLSearchParams(location.hash.slice(1));
      for (const control of form.elements) {
        if (!control.name) continue;
        const value = asked.get(control.name) || "";
        control.value = value;
        // What no row has can be asked for by an address alone: nothing is shown then.
        if (value && control.value !== value && control.options) {
          control.add(new Option(value, value, false, true));
        }
      }
      filter();
    };

    const toAddress = () => {
      const wanted = Object.entries(filter()).filter(([, value]) => value);
      const hash = new URLSearchParams(wanted).toString();
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    };

    form.addEventListener("input", toAddress);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelector("button").addEventListener("click", () => {
      form.reset();
      toAddress();
    });
    window.addEventListener("hashchange", fromAddress);
    form.hidden = false;
    fromAddress();
  }

  // The clipboard is closed to some pages, as in some browsers to files.
  function copyBySelection(code) {
    const selection = getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.selectNodeContents(code);
    selection.addRange(range);
    const copied = document.execCommand("copy");
    if (copied) selection.removeAllRanges();
    return copied;
  }

  function prepareCopy(snippet) {
    const title = snippet.querySelector("figcaption");
    const label = document.createTextNode("Copy");
    const button = element("button", { type: "button", class: "copy" }, label, element("span", { class: "sr" }, ` ${title.textContent}`));
    button.addEventListener("click", async () => {
      const code = snippet.querySelector("code");
      let copied = false;
      try {
        await navigator.clipboard.writeText(code.textContent);
        copied = true;
      } catch {
        copied = copyBySelection(code);
      }
      label.textContent = copied ? "Copied" : "Selected: press Ctrl+C";
      button.classList.toggle("done", copied);
      setTimeout(() => {
        label.textContent = "Copy";
        button.classList.remove("done");
      }, 2000);
    });
    title.append(button);
  }
})();
