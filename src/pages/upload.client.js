/** Drag and drop, the list of what was chosen, and progress. Without it the form is sent as it is. */
(() => {
  const maxBytes = 25_000_000;
  const form = document.getElementById("upload");
  const input = document.getElementById("files");
  const drop = document.getElementById("drop");
  const chosen = document.getElementById("chosen");
  const progress = document.getElementById("progress");
  const said = document.getElementById("said");
  const problem = document.getElementById("problem");
  const button = form?.querySelector("button");
  if (!form || !input || !drop || !chosen || !progress || !said || !problem || !button) return;

  const show = (text) => {
    problem.textContent = text;
    problem.hidden = text === "";
  };
  const size = (bytes) => `${(bytes / 1_000_000).toFixed(bytes < 1_000_000 ? 2 : 1)} MB`;
  const list = () => {
    const files = [...input.files];
    chosen.replaceChildren(
      ...files.map((file) => {
        const item = document.createElement("li");
        const name = document.createElement("strong");
        const weight = document.createElement("small");
        name.textContent = file.name;
        weight.textContent = size(file.size);
        item.append(name, weight);
        return item;
      }),
    );
    const total = files.reduce((sum, file) => sum + file.size, 0);
    show(total > maxBytes ? form.dataset.tooLarge : "");
    button.disabled = total > maxBytes;
  };

  input.addEventListener("change", list);
  for (const event of ["dragenter", "dragover"])
    drop.addEventListener(event, (dragged) => {
      dragged.preventDefault();
      drop.dataset.over = "";
    });
  for (const event of ["dragleave", "drop"])
    drop.addEventListener(event, () => {
      delete drop.dataset.over;
    });
  drop.addEventListener("drop", (dropped) => {
    dropped.preventDefault();
    if (!dropped.dataTransfer || dropped.dataTransfer.files.length === 0) return;
    input.files = dropped.dataTransfer.files;
    list();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const end = (text) => {
      button.disabled = false;
      progress.hidden = true;
      said.textContent = "";
      show(text);
    };
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      progress.value = Math.round((loaded / total) * 100);
    });
    request.addEventListener("load", () => {
      // 410: used or expired meanwhile, which the page says, too.
      if (request.status < 400 || request.status === 410) location.reload();
      else end(request.status === 413 ? form.dataset.tooLarge : form.dataset.failed);
    });
    request.addEventListener("error", () => end(form.dataset.failed));
    button.disabled = true;
    progress.hidden = false;
    said.textContent = form.dataset.sending;
    show("");
    request.open("POST", location.href);
    request.send(new FormData(form));
  });
})();
