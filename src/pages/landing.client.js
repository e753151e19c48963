/** Copies the connector URL. Without it, the field can be selected by hand. */
(() => {
  const url = document.getElementById("url");
  const button = document.getElementById("copy");
  const status = document.getElementById("copied");
  if (!url || !button || !status) return;
  url.addEventListener("focus", () => url.select());
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(url.value);
    status.textContent = status.dataset.text;
  });
})();
