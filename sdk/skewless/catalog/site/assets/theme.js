// Sets the theme before the page is drawn. What a visitor chose stands in the browser alone.
(function () {
  "use strict";
  let chosen = null;
  try {
    chosen = localStorage.getItem("skewless-theme");
  } catch {
    // A browser may refuse to keep anything.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("js");
})();
