// Looks for what is new every two seconds; without it each page has a link that does the same.
"use strict";

async function look(place) {
  if (document.hidden || (place.element.contains(document.activeElement) && place.element !== document.activeElement)) return;
  try {
    const answer = await fetch(place.element.dataset.from);
    const fresh = answer.ok ? (await answer.text()).trim() : place.last;
    if (fresh === place.last) return;
    place.last = fresh;
    place.element.innerHTML = fresh;
    place.element.scrollTop = 0;
  } catch {
    // The carrier is away; the next look may find it.
  }
}

const places = [...document.querySelectorAll("[data-from]")].map(
  (element) => ({ element, last: element.innerHTML.trim() }));
document.documentElement.classList.add("looks");
setInterval(() => places.forEach(look), 2000);
