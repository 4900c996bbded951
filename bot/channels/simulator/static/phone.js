// Looks for new texts every two seconds; without it the page has a link that does the same.
"use strict";

const thread = document.getElementById("thread");
let last = thread.innerHTML.trim();

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(thread.dataset.from);
    const fresh = answer.ok ? (await answer.text()).trim() : last;
    if (fresh === last) return;
    last = fresh;
    thread.innerHTML = fresh;
    thread.scrollTop = 0;
  } catch {
    // The carrier is away; the next look may find it.
  }
}

document.documentElement.classList.add("looks");
setInterval(look, 2000);
