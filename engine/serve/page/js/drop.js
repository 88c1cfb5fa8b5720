// Files dropped on the page: added to the library, or searched with.

import { $ } from "./dom.js";

export function listen({ onadd, onseek }) {
  const cover = $("drop");
  let inside = 0;
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const hide = () => { inside = 0; cover.hidden = true; };

  addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    inside += 1;
    cover.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (carries(event) && (inside -= 1) <= 0) hide();
  });
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    for (const half of cover.children) half.classList.toggle("over", half.contains(event.target));
  });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    const seek = event.target.closest?.("[data-drop=seek]");
    const files = [...event.dataTransfer.files];
    hide();
    if (!files.length) return;
    if (seek) onseek(files[0]);
    else onadd(files);
  });
}
