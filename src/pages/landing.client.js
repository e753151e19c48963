/** Copies the connector URL. Without it the field can be selected by hand. */
(() => {
  const url = document.getElementById("url");
  const button = document.getElementById("copy");
  const said = document.getElementById("copied");
  if (!url || !button || !said) return;
  url.addEventListener("focus", () => url.select());
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(url.value);
    said.textContent = said.dataset.text;
  });
})();
