const toast = document.getElementById("toast");
let hush;

function say(sentence) {
  toast.textContent = sentence;
  clearTimeout(hush);
  hush = setTimeout(() => { toast.textContent = ""; }, 4000);
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    const style = { hour: "2-digit", minute: "2-digit" };
    if ("full" in time.dataset) style.second = "2-digit";
    if (!today) Object.assign(style, { month: "short", day: "numeric" });
    time.textContent = at.toLocaleString([], style);
    time.title = at.toLocaleString([], { dateStyle: "full", timeStyle: "long" });
  }
}

function copyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    const label = button.querySelector("span");
    const before = label.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = "Copied";
      say("Code copied");
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  }
}

function previewWays(root) {
  for (const way of root.querySelectorAll(".ways input")) {
    way.checked = (sessionStorage.getItem(way.name) ?? (way.defaultChecked && way.value)) === way.value;
    way.addEventListener("change", () => sessionStorage.setItem(way.name, way.value));
  }
}

function enhance(root) {
  localTimes(root);
  copyButtons(root);
  previewWays(root);
}

function swap(fresh, id) {
  const old = document.getElementById(id);
  const next = document.importNode(fresh.getElementById(id), true);
  const scrolled = old.querySelector("nav")?.scrollTop ?? 0;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const typed = old.querySelector("#q")?.value;
  old.replaceWith(next);
  enhance(next);
  if (typed !== undefined) next.querySelector("#q").value = typed;
  next.querySelector("nav")?.scrollTo(0, scrolled);
  if (focused?.id) document.getElementById(focused.id)?.focus();
  else if (focused?.href) next.querySelector(`a[href="${CSS.escape(focused.getAttribute("href"))}"]`)?.focus();
}

// Show what is new: the list always, the opened message only where the newest is the one shown.
async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store", headers: { "X-Inbox-Parts": "1" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const follow = document.querySelector(".app").dataset.follow === "yes";
  const number = (page) => page.getElementById("message").dataset.number;
  if (follow && number(fresh) !== number(document)) swap(fresh, "message");
  swap(fresh, "list");
  newest = Number(document.getElementById("list").dataset.newest);
  live(state);
}

let state = "off";
const words = { live: "Live", polling: "Live", lost: "Server stopped", off: "Not live" };

function live(now) {
  state = now;
  const sign = document.getElementById("live");
  sign.dataset.state = now;
  sign.querySelector(".word").textContent = words[now];
}

let source;
let poll;
let newest = Number(document.getElementById("list").dataset.newest);

async function arrived(message) {
  await refresh();
  say(`New ${message.channel === "sms" ? "text message" : "email"} for ${message.recipient}`);
}

async function look() {
  try {
    const answer = await fetch(`/dev/mail.json?after=${newest}`, { cache: "no-store" });
    const { messages } = await answer.json();
    live("polling");
    if (messages.length) await arrived(messages[0]);
  } catch {
    live("lost");
  }
}

function stopPolling() {
  clearInterval(poll);
  poll = undefined;
}

// Ask every two seconds while the stream is not there; a stream that comes back takes over.
function startPolling() {
  poll ??= setInterval(look, 2000);
  look();
}

function listen() {
  source = new EventSource("/dev/mail/events");
  source.addEventListener("open", () => { stopPolling(); live("live"); refresh(); });
  source.addEventListener("message", (event) => arrived(JSON.parse(event.data)));
  source.addEventListener("error", startPolling);
}

// A browser opens six connections to one place: a hidden tab gives its own back.
function hush_or_listen() {
  source?.close();
  stopPolling();
  if (document.hidden) return;
  listen();
}

enhance(document);
document.addEventListener("visibilitychange", hush_or_listen);
addEventListener("pagehide", () => { source?.close(); stopPolling(); });
addEventListener("pageshow", (event) => { if (event.persisted) hush_or_listen(); });
hush_or_listen();
