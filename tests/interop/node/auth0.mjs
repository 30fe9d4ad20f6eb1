// `auth0` 4: the passwordless calls, and the code flow with PKCE.
import { createHash, randomBytes } from "node:crypto";
import { AuthenticationClient, UserInfoClient } from "auth0";
import { codeFor, done, pressLink, refusal, signIn, told } from "./talk.mjs";

const { domain, issuer, app, secret, key, api, journey, who } = told;
const WAYS = {
  secret: { clientId: "acme-web", clientSecret: secret },
  key: { clientId: "acme-keys", clientAssertionSigningKey: key },
};
const auth0 = new AuthenticationClient({ domain, ...WAYS[told.way ?? "secret"] });
const about = async (tokens) =>
  (await new UserInfoClient({ domain }).getUserInfo(tokens.access_token)).data;

const journeys = {
  async email() {
    await auth0.passwordless.sendEmail({ email: who, send: "code" });
    const code = await codeFor(who);
    const { data } = await auth0.passwordless.loginWithEmail({ email: who, code, scope: "openid email" });
    return { tokens: data, person: await about(data) };
  },

  async sms() {
    await auth0.passwordless.sendSMS({ phone_number: who });
    const code = await codeFor(who);
    const { data } = await auth0.passwordless.loginWithSMS({ phone_number: who, code, scope: "openid phone" });
    return { tokens: data, person: await about(data) };
  },

  async link() {
    await auth0.passwordless.sendEmail({ email: who });
    const code = new URL(await pressLink(who)).searchParams.get("code");
    const redirect_uri = `${app}/callback`;
    const { data } = await auth0.oauth.authorizationCodeGrant({ code, redirect_uri });
    return { tokens: data, person: await about(data) };
  },

  async wrong() {
    await auth0.passwordless.sendEmail({ email: who, send: "code" });
    const code = await codeFor(who);
    const wrong = `${(Number(code) + 1) % 10 ** code.length}`.padStart(code.length, "0");
    const told = [];
    for (let guess = 0; guess < 3; guess += 1) {
      const error = await refusal(() => auth0.passwordless.loginWithEmail({ email: who, code: wrong }));
      told.push([error.statusCode, error.error, error.error_description]);
    }
    return told;
  },

  async refresh() {
    await auth0.passwordless.sendEmail({ email: who, send: "code" });
    const code = await codeFor(who);
    const scope = "openid email offline_access";
    const first = (await auth0.passwordless.loginWithEmail({ email: who, code, scope })).data;
    const second = (await auth0.oauth.refreshTokenGrant({ refresh_token: first.refresh_token })).data;
    const person = await about(second);
    const token = second.refresh_token ?? first.refresh_token;
    await auth0.oauth.revokeRefreshToken({ token });
    const error = await refusal(() => auth0.oauth.refreshTokenGrant({ refresh_token: token }));
    return { person, refused: [error.statusCode, error.error, error.error_description] };
  },

  async credentials() {
    return (await auth0.oauth.clientCredentialsGrant({ audience: api })).data;
  },

  async pushed() {
    const redirect_uri = `${app}/callback`;
    const parameters = { client_id: "acme-web", redirect_uri, response_type: "code", scope: "openid email" };
    const { data } = await auth0.oauth.pushedAuthorization(parameters);
    const request = new URL("authorize", issuer);
    request.search = new URLSearchParams({ client_id: "acme-web", request_uri: data.request_uri });
    const code = new URL(await signIn(request, who)).searchParams.get("code");
    const tokens = (await auth0.oauth.authorizationCodeGrant({ code, redirect_uri })).data;
    return { person: await about(tokens) };
  },

  async pkce() {
    const verifier = randomBytes(32).toString("base64url");
    const request = new URL("authorize", issuer);
    request.search = new URLSearchParams({
      client_id: "acme-web",
      response_type: "code",
      redirect_uri: `${app}/callback`,
      scope: "openid email",
      state: "a-state",
      nonce: "a-nonce",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    const back = new URL(await signIn(request, who)).searchParams;
    const { data } = await auth0.oauth.authorizationCodeGrantWithPKCE(
      { code: back.get("code"), code_verifier: verifier, redirect_uri: `${app}/callback` },
      { idTokenValidateOptions: { nonce: "a-nonce" } },
    );
    return { state: back.get("state"), tokens: data, person: await about(data) };
  },
};

done(await journeys[journey]());
