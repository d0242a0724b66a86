// Runs before the page is painted, so that a remembered theme does not flash.
(() => {
  const remembered = localStorage.getItem("tidemill-theme");
  if (remembered === "light" || remembered === "dark") document.documentElement.dataset.theme = remembered;
})();
