// `oauth4webapi` 3: every step by hand, every answer checked to the letter of the specifications.
import * as oauth from "oauth4webapi";
import { done, signIn, told, visit } from "./talk.mjs";

const { issuer, app, secret, journey, who } = told;
const WAYS = {
  basic: ["acme-web", oauth.ClientSecretBasic(secret)],
  post: ["acme-web", oauth.ClientSecretPost(secret)],
  none: ["acme-spa", oauth.None()],
};
const [client_id, proof] = WAYS[told.way ?? "basic"];
const client = { client_id };
const redirect_uri = client_id === "acme-spa" ? `${app}/spa` : `${app}/callback`;
const server = await oauth.processDiscoveryResponse(
  new URL(issuer),
  await oauth.discoveryRequest(new URL(issuer), { algorithm: told.algorithm ?? "oidc" }),
);

async function request(parameters) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id,
    redirect_uri,
    response_type: "code",
    scope: "openid email",
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...parameters,
  });
  return { url, verifier, state, nonce };
}

async function exchange({ verifier, state, nonce }, back) {
  const answer = oauth.validateAuthResponse(server, client, new URL(back), state);
  const response = await oauth.authorizationCodeGrantRequest(server, client, proof, answer, redirect_uri, verifier);
  const options = { expectedNonce: nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, options);
  await oauth.validateApplicationLevelSignature(server, response);
  return tokens;
}

async function userinfo(tokens) {
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const response = await oauth.userInfoRequest(server, client, tokens.access_token);
  return oauth.processUserInfoResponse(server, client, sub, response);
}

const journeys = {
  async code() {
    const asked = await request();
    const tokens = await exchange(asked, await signIn(asked.url, who));
    return { claims: oauth.getValidatedIdTokenClaims(tokens), person: await userinfo(tokens) };
  },

  async again() {
    const first = await request();
    await exchange(first, await signIn(first.url, who));
    const second = await request({ prompt: "none" });
    const tokens = await exchange(second, await visit(second.url));
    return await userinfo(tokens);
  },

  async silently() {
    const asked = await request({ prompt: "none" });
    try {
      return oauth.validateAuthResponse(server, client, new URL(await visit(asked.url)), asked.state);
    } catch (error) {
      return error.error;
    }
  },
};

done(await journeys[journey]());
