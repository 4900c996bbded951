// Everything here is an extra: each page works without it.
"use strict";
(() => {
  const leave = document.querySelector("[data-away]");
  const reader = document.querySelector("[data-read]");
  const voices = window.speechSynthesis;
  const SOON = 5000;
  let presses = [];
  let sent = { words: "", at: -SOON };

  function goAway() {
    document.documentElement.hidden = true;
    document.title = "";
    if (voices) voices.cancel();
    navigator.sendBeacon(leave.action, new URLSearchParams([...new FormData(leave), ["beacon", "1"]]));
    location.replace(leave.dataset.away);
  }

  leave.addEventListener("submit", (event) => {
    event.preventDefault();
    goAway();
  });

  document.addEventListener("keydown", (event) => {
    if (event.repeat) return;
    const quick = presses.filter((each) => each.key === event.key && event.timeStamp - each.at < SOON);
    presses = ["Escape", "Shift"].includes(event.key) ? [...quick, { key: event.key, at: event.timeStamp }] : [];
    if (presses.length === 3) goAway();
  });

  // A second tap while the first is under way. The server knows a repeat as well; this spares the wait. What was added
  // meanwhile is sent.
  document.addEventListener("submit", (event) => {
    const words = new URLSearchParams(new FormData(event.target, event.submitter)).toString();
    if (words === sent.words && event.timeStamp - sent.at < SOON) event.preventDefault();
    else if (event.target !== leave) sent = { words, at: event.timeStamp };
  });

  // A page that the browser kept alive is asked for again, so that nothing old is shown.
  addEventListener("pageshow", (event) => event.persisted && location.reload());

  const ours = () => voices.getVoices().find((each) => each.lang.split(/[-_]/)[0] === document.documentElement.lang);
  const offer = () => (reader.hidden = !ours());

  function readAloud() {
    const reading = voices.speaking;
    voices.cancel();
    if (reading) return;
    const text = [...document.querySelectorAll("[data-aloud]")].map((each) => each.textContent.trim()).join("\n");
    voices.speak(Object.assign(new SpeechSynthesisUtterance(text), { voice: ours(), lang: ours().lang }));
  }

  if (!voices || !reader) return;
  offer();
  voices.addEventListener("voiceschanged", offer);
  reader.addEventListener("click", readAloud);
})();
