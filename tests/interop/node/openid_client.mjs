// `openid-client` 6: knows the issuer and reads the rest in its discovery document.
import { createPrivateKey } from "node:crypto";
import { done, needs, refusal, signIn, told, visit } from "./talk.mjs";
import * as client from "openid-client";

const { issuer, app, secret, key, api, journey, who } = told;
const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

function privateKey() {
  const der = createPrivateKey(key).export({ format: "der", type: "pkcs8" });
  return crypto.subtle.importKey("pkcs8", der, RS256, false, ["sign"]);
}

const WAYS = {
  basic: ["acme-web", secret, client.ClientSecretBasic(secret)],
  post: ["acme-web", secret, client.ClientSecretPost(secret)],
  key: ["acme-keys", undefined, client.PrivateKeyJwt(await privateKey())],
  none: ["acme-spa", undefined, client.None()],
  device: ["acme-tv", undefined, client.None()],
};
const [clientId, known, proof] = WAYS[told.way ?? "basic"];
const redirect_uri = clientId === "acme-spa" ? `${app}/spa` : `${app}/callback`;
const config = await client.discovery(new URL(issuer), clientId, known, proof);

async function authorize(scope, build = client.buildAuthorizationUrl) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expected = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const request = await build(config, {
    redirect_uri,
    scope,
    state: expected.expectedState,
    nonce: expected.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  return [new URL(await signIn(request, who)), { ...expected, idTokenExpected: true }];
}

const journeys = {
  async code() {
    const tokens = await client.authorizationCodeGrant(config, ...(await authorize("openid email")));
    const claims = tokens.claims();
    const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    return { claims, person };
  },

  async pushed() {
    const back = await authorize("openid email", client.buildAuthorizationUrlWithPAR);
    const tokens = await client.authorizationCodeGrant(config, ...back);
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  },

  async refresh() {
    const back = await authorize("openid email offline_access");
    const first = await client.authorizationCodeGrant(config, ...back);
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    const token = second.refresh_token ?? first.refresh_token;
    const person = await client.fetchUserInfo(config, second.access_token, first.claims().sub);
    await client.tokenRevocation(config, token);
    const error = await refusal(() => client.refreshTokenGrant(config, token));
    return { person, refused: error.error };
  },

  async introspect() {
    const tokens = await client.authorizationCodeGrant(config, ...(await authorize("openid")));
    const before = await client.tokenIntrospection(config, tokens.access_token);
    await client.tokenRevocation(config, tokens.access_token);
    const after = await client.tokenIntrospection(config, tokens.access_token);
    return { sub: tokens.claims().sub, before, after };
  },

  async credentials() {
    return client.clientCredentialsGrant(config, { resource: api, audience: api });
  },

  async device() {
    const asked = await client.initiateDeviceAuthorization(config, { scope: "openid email" });
    await needs("device", { who, url: asked.verification_uri, code: asked.user_code });
    const tokens = await client.pollDeviceAuthorizationGrant(config, asked);
    return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  },

  async twice() {
    const [back, expected] = await authorize("openid");
    await client.authorizationCodeGrant(config, back, expected);
    const error = await refusal(() => client.authorizationCodeGrant(config, back, expected));
    return error.error;
  },

  async endSession() {
    const tokens = await client.authorizationCodeGrant(config, ...(await authorize("openid")));
    const end = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: redirect_uri.replace("callback", ""),
      state: "bye",
    });
    const left = await visit(end);
    const silent = client.buildAuthorizationUrl(config, { redirect_uri, scope: "openid", state: "s", prompt: "none" });
    return { left, silent: await visit(silent) };
  },
};

done(await journeys[journey]());
