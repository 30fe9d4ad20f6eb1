// `oauth4webapi` 3: every step by hand, every answer checked to the letter of the specifications.
import { createPrivateKey } from "node:crypto";
import { done, needs, signIn, told, visit } from "./talk.mjs";
import * as oauth from "oauth4webapi";

const { issuer, app, secret, key, api, journey, who } = told;
const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

function privateKey() {
  const der = createPrivateKey(key).export({ format: "der", type: "pkcs8" });
  return crypto.subtle.importKey("pkcs8", der, RS256, false, ["sign"]);
}

const WAYS = {
  basic: ["acme-web", oauth.ClientSecretBasic(secret)],
  post: ["acme-web", oauth.ClientSecretPost(secret)],
  key: ["acme-keys", oauth.PrivateKeyJwt(await privateKey())],
  none: ["acme-spa", oauth.None()],
  device: ["acme-tv", oauth.None()],
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

  async pushed() {
    const asked = await request();
    const pushing = await oauth.pushedAuthorizationRequest(server, client, proof, asked.url.searchParams);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, pushing);
    const url = new URL(server.authorization_endpoint);
    url.search = new URLSearchParams({ client_id, request_uri });
    return userinfo(await exchange(asked, await signIn(url, who)));
  },

  async refresh() {
    const asked = await request({ scope: "openid email offline_access" });
    const first = await exchange(asked, await signIn(asked.url, who));
    const response = await oauth.refreshTokenGrantRequest(server, client, proof, first.refresh_token);
    const second = await oauth.processRefreshTokenResponse(server, client, response);
    const token = second.refresh_token ?? first.refresh_token;
    const person = await userinfo(second);
    const revoking = await oauth.revocationRequest(server, client, proof, token);
    await oauth.processRevocationResponse(revoking);
    const again = await oauth.refreshTokenGrantRequest(server, client, proof, token);
    const refused = await oauth.processRefreshTokenResponse(server, client, again).catch((error) => error.error);
    return { person, refused };
  },

  async introspect() {
    const asked = await request();
    const tokens = await exchange(asked, await signIn(asked.url, who));
    const response = await oauth.introspectionRequest(server, client, proof, tokens.access_token);
    return oauth.processIntrospectionResponse(server, client, response);
  },

  async credentials() {
    const response = await oauth.clientCredentialsGrantRequest(server, client, proof, { audience: api });
    const { access_token } = await oauth.processClientCredentialsResponse(server, client, response);
    const headers = { authorization: `Bearer ${access_token}` };
    return oauth.validateJwtAccessToken(server, new Request(api, { headers }), api);
  },

  async device() {
    const parameters = { scope: "openid email" };
    const asking = await oauth.deviceAuthorizationRequest(server, client, proof, parameters);
    const asked = await oauth.processDeviceAuthorizationResponse(server, client, asking);
    await needs("device", { who, url: asked.verification_uri, code: asked.user_code });
    const response = await oauth.deviceCodeGrantRequest(server, client, proof, asked.device_code);
    return userinfo(await oauth.processDeviceCodeResponse(server, client, response));
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
