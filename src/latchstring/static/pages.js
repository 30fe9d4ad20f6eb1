// The hosted pages work without this module; it only makes them nicer. Nothing is sent while
// somebody types, nothing typed is rewritten, and nothing is loaded from elsewhere.

const all = (selector) => document.querySelectorAll(selector);
const later = (seconds, work) => setTimeout(work, seconds * 1000);

// Buttons: progress in words, one submission for any number of presses.
const busy = new Map();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (busy.has(form)) return event.preventDefault();
  const button = event.submitter ?? form.querySelector("button");
  if (button?.getAttribute("aria-disabled") === "true") return event.preventDefault();
  busy.set(form, button && { button, nodes: [...button.childNodes] });
  if (!button) return;
  button.style.minInlineSize = `${button.offsetWidth}px`;
  button.setAttribute("aria-disabled", "true");
  if (button.dataset.busy) button.textContent = button.dataset.busy;
});

// A page shown again by Back must be usable again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const state of busy.values()) {
    state?.button.replaceChildren(...state.nodes);
    state?.button.removeAttribute("aria-disabled");
  }
  busy.clear();
});

// With a mouse the first field is ready to type in; a touch keyboard would hide the page.
const first = document.querySelector("[data-focus]");
if (first && document.activeElement === document.body && matchMedia("(hover: hover) and (pointer: fine)").matches) {
  first.focus();
}

// Times of day in the reader's zone; the server only knows UTC.
for (const time of all("time[datetime]")) {
  const at = new Date(time.dateTime);
  const today = at.toDateString() === new Date().toDateString();
  const style = today ? { timeStyle: "short" } : { weekday: "long", hour: "numeric", minute: "2-digit" };
  time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, style).format(at);
}

// Pasting "Your code is 482 913" or full-width digits leaves the digits.
const digit = (character) => {
  let value = 0;
  const point = character.codePointAt(0);
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) value += 1;
  return String(value);
};
const codeIn = (text, length) => {
  const western = text.normalize("NFKC").replace(/\p{Nd}/gu, digit);
  const runs = western.match(/\d(?:[\s\p{Pd}\u200b-\u200f\u2060\ufeff]*\d)*/gu) ?? [];
  const codes = runs.map((run) => run.replace(/\D/g, ""));
  return codes.find((code) => code.length === length) ?? (codes.length === 1 ? codes[0] : null);
};
for (const field of all("input[data-length]")) {
  field.addEventListener("paste", (event) => {
    const code = codeIn(event.clipboardData?.getData("text") ?? "", Number(field.dataset.length));
    if (!code) return;
    event.preventDefault();
    field.setRangeText(code, 0, field.value.length, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// WebOTP: the browser offers the texted code; the person has pressed its button, so send it.
const texted = document.querySelector("form[data-webotp]");
if (texted && "OTPCredential" in window) {
  const stop = new AbortController();
  const abort = () => stop.abort();
  texted.addEventListener("submit", abort);
  addEventListener("pagehide", abort);
  later(60, abort);
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: stop.signal })
    .then((answer) => {
      if (!answer?.code) return;
      texted.elements.code.value = answer.code;
      texted.requestSubmit();
    })
    .catch(() => {});
}

// The link, in the browser that asked: on without a press, but only before somebody's eyes.
const auto = document.querySelector("form[data-auto]");
const seen = () => {
  if (auto && !busy.has(auto) && !document.prerendering && document.visibilityState === "visible") auto.requestSubmit();
};
if (auto) {
  document.addEventListener("visibilitychange", seen);
  document.addEventListener("prerenderingchange", seen);
  seen();
}

// Send again: a silent countdown for the eyes, one sentence for everybody when it opens.
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
for (const form of all("form[data-wait]")) {
  const button = form.querySelector("button");
  const timer = form.querySelector("[data-timer]");
  const opened = form.querySelector("[data-open]");
  const end = performance.now() + Number(form.dataset.wait) * 1000;
  const [before, after] = timer.dataset.timer.split("{time}");
  const ticking = document.createElement("span");
  ticking.setAttribute("role", "timer");
  timer.replaceChildren(before, ticking, after);
  form.classList.add("waiting");
  button.setAttribute("aria-disabled", "true");
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left > 0) {
      ticking.textContent = clock(left);
      return later(1, tick);
    }
    form.classList.remove("waiting");
    button.removeAttribute("aria-disabled");
    timer.parentElement.hidden = true; // and the other sentence takes its place: nothing moves
    opened.className = timer.parentElement.className;
    opened.textContent = opened.dataset.open;
  };
  tick();
}

// Copy buttons appear only where copying is possible.
for (const button of all("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.parentElement.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source ? source.textContent : location.href);
    const words = button.textContent;
    button.textContent = button.dataset.copied;
    later(2, () => { button.textContent = words; });
  });
}

// What became of the message: asked ever more seldom, and only while the page is looked at.
for (const line of all("[data-status]")) {
  let pause = 2;
  const ask = async () => {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(line.dataset.status, { headers: { Accept: "application/json" } });
        if (!answer.ok) return;
        const { sentence, final } = await answer.json();
        if (sentence && sentence !== line.textContent) line.textContent = sentence;
        if (final) return;
      } catch { /* offline: ask again later */ }
      pause = Math.min(pause * 1.6, 30);
    }
    later(pause, ask);
  };
  later(pause, ask);
}
