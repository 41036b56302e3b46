(function () {
  var root = document.documentElement, button = document.getElementById("theme");
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function shown() { return root.dataset.theme || (dark.matches ? "dark" : "light"); }
  function name() { button.textContent = shown() === "dark" ? "Light page" : "Dark page"; }
  button.hidden = false;
  button.addEventListener("click", function () { root.dataset.theme = shown() === "dark" ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  name();
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (part) { part.open = true; });
  });
})();
