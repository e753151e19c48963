/** Drag and drop, the list of selected files, and progress. Without it, the form is a plain POST. */
(() => {
  const maxBytes = 25_000_000;
  const form = document.getElementById("upload");
  const input = document.getElementById("files");
  const drop = document.getElementById("drop");
  const chosen = document.getElementById("chosen");
  const progress = document.getElementById("progress");
  const status = document.getElementById("status");
  const problem = document.getElementById("problem");
  const button = form?.querySelector("button");
  if (!form || !input || !drop || !chosen || !progress || !status || !problem || !button) return;

  const showProblem = (text) => {
    problem.textContent = text;
    problem.hidden = text === "";
  };
  /** As people and their file managers write sizes, in the language of the page: 12 kB, 1.5 MB, 1,5 Mo. */
  const toSizeText = (bytes) => {
    const [unit, size] = bytes < 1_000_000 ? ["kilobyte", bytes / 1_000] : ["megabyte", bytes / 1_000_000];
    const maximumFractionDigits = size < 10 && unit === "megabyte" ? 1 : 0;
    const format = { style: "unit", unit, maximumFractionDigits };
    return new Intl.NumberFormat(document.documentElement.lang, format).format(Math.max(1, size));
  };
  const listFiles = () => {
    const files = [...input.files];
    chosen.replaceChildren(
      ...files.map((file) => {
        const item = document.createElement("li");
        const name = document.createElement("strong");
        const size = document.createElement("small");
        name.textContent = file.name;
        size.textContent = toSizeText(file.size);
        item.append(name, size);
        return item;
      }),
    );
    const total = files.reduce((sum, file) => sum + file.size, 0);
    showProblem(total > maxBytes ? form.dataset.tooLarge : "");
    button.disabled = total > maxBytes;
  };

  input.addEventListener("change", listFiles);
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
    listFiles();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const stop = (text) => {
      button.disabled = false;
      progress.hidden = true;
      status.textContent = "";
      showProblem(text);
    };
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      progress.value = Math.round((loaded / total) * 100);
    });
    request.addEventListener("load", () => {
      // 410: the link was used or has expired meanwhile, and the page says so.
      if (request.status < 400 || request.status === 410) location.reload();
      else stop(request.status === 413 ? form.dataset.tooLarge : form.dataset.failed);
    });
    request.addEventListener("error", () => stop(form.dataset.failed));
    button.disabled = true;
    progress.hidden = false;
    status.textContent = form.dataset.sending;
    showProblem("");
    request.open("POST", location.href);
    request.send(new FormData(form));
  });
})();
