// Enhances pages that work without it: error summaries take the focus, and a search says how much it has found.
import { initAll } from "/assets/nhsuk-frontend.min.js";

document.body.classList.add("js-enabled", "nhsuk-frontend-supported");
initAll();

document.addEventListener("htmx:afterSwap", () => {
  const total = document.getElementById("total");
  const announcement = document.getElementById("announcement");
  // Said again only when it has changed: a page that refreshes itself must not talk all the time.
  if (total && announcement && announcement.textContent !== total.textContent) announcement.textContent = total.textContent;
});

// A search that fails keeps the list that is there, and says so where a screen reader hears it.
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, () => {
    const announcement = document.getElementById("announcement");
    if (!announcement) return;
    announcement.classList.remove("nhsuk-u-visually-hidden");
    announcement.textContent = announcement.dataset.failure ?? "The search does not answer just now. Try again in a few seconds.";
  });
}
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) document.getElementById("announcement")?.classList.add("nhsuk-u-visually-hidden");
});

// Empty fields say nothing: they stay out of addresses that people share.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") return;
  // A search that is sent off is remembered; what one types on the way to it is not.
  if (event.detail.triggeringEvent?.type === "submit") event.detail.headers["Wellheard-Submitted"] = "yes";
  for (const name of new Set(event.detail.formData.keys())) {
    const values = event.detail.formData.getAll(name).filter((value) => value !== "");
    event.detail.formData.delete(name);
    for (const value of values) event.detail.formData.append(name, value);
  }
});

// Filters stay open or closed while the list under them changes.
let filtersOpen = null;
document.addEventListener("htmx:beforeSwap", () => {
  filtersOpen = document.querySelector(".wh-filters")?.open ?? null;
});
document.addEventListener("htmx:afterSwap", () => {
  const filters = document.querySelector(".wh-filters");
  if (filters && filtersOpen !== null) filters.open = filtersOpen;
});

// A menu closes when one goes on elsewhere, and with Escape, which leads back to its word.
const openMenu = () => document.querySelector(".wh-menu[open]");
for (const happens of ["click", "focusin"]) {
  document.addEventListener(happens, (event) => {
    const menu = openMenu();
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
}
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" ? openMenu() : null;
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
