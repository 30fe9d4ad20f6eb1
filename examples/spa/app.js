// Sign people in with Latchstring from a page without a server, by oidc-client-ts: authorization
// code with PKCE. Tokens stay in this tab (sessionStorage), where a script injected into the page
// could read them; an application with a server of its own does better to keep them there.

const { issuer, clientId } = await (await fetch("config.json")).json();
const here = `${location.origin}/`;
const manager = new oidc.UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: here,
  post_logout_redirect_uri: here,
  scope: "openid profile email",
  automaticSilentRenew: false,
});

const [heading, line, button] = document.querySelectorAll("h1, p, button");

function show(title, text, words, press) {
  heading.textContent = title;
  line.textContent = text;
  button.textContent = words;
  button.onclick = press;
  button.hidden = false;
}

const signIn = () => manager.signinRedirect();
const signOut = () => manager.signoutRedirect();

try {
  if (new URLSearchParams(location.search).has("state")) {
    await manager.signinCallback();
    history.replaceState(null, "", here); // a used code has no business in the address bar
  }
  const user = await manager.getUser();
  if (user && !user.expired) {
    show(`Hello, ${user.profile.name}`, `Your address is ${user.profile.email}.`, "Sign out", signOut);
  } else {
    show("Hello, stranger", "", "Sign in", signIn);
  }
} catch (error) {
  show("Not signed in", error.message, "Sign in", signIn);
}
