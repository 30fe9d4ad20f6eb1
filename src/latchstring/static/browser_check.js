// Asks the application's page in a frame for the verifier of a login ticket, and sends it on. Whoever cannot or
// will not answer within a few seconds has given an answer, too: an empty one, which the application is told of.
const patience = 10_000;
const form = document.querySelector("form[data-page]");
const { page, coId } = form.dataset;
const { origin } = new URL(page);
const frame = document.createElement("iframe");

function finish(verifier) {
  clearTimeout(timer);
  removeEventListener("message", listen);
  form.elements.verifier.value = typeof verifier === "string" ? verifier : "";
  form.submit();
}

function listen(event) {
  if (event.source !== frame.contentWindow || event.origin !== origin) return;
  if (event.data?.type === "ready") {
    frame.contentWindow.postMessage({ type: "co_verifier_request", request: { id: coId } }, origin);
  } else if (event.data?.type === "co_verifier_response") {
    finish(event.data.response?.verifier);
  }
}

const timer = setTimeout(finish, patience);
addEventListener("message", listen);
frame.hidden = true;
frame.src = page;
document.body.append(frame);
