// Light or dark: what the system says, until somebody says otherwise.

const KEPT = "quire-theme";

export function apply() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  } catch {
    // a browser that keeps nothing has the system's choice
  }
}

export function change() {
  const now = document.documentElement.dataset.theme;
  const dark = now ? now === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem(KEPT, dark ? "light" : "dark");
  } catch {
    // as above
  }
}
