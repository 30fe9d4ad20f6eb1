// `openid-client` 6: knows the issuer and reads the rest in its discovery document.
import * as client from "openid-client";
import { done, refusal, signIn, told, visit } from "./talk.mjs";

const { issuer, app, secret, journey, who } = told;
const WAYS = {
  basic: ["acme-web", secret, client.ClientSecretBasic(secret)],
  post: ["acme-web", secret, client.ClientSecretPost(secret)],
  none: ["acme-spa", undefined, client.None()],
};
const [clientId, known, proof] = WAYS[told.way ?? "basic"];
const redirect_uri = clientId === "acme-spa" ? `${app}/spa` : `${app}/callback`;
const config = await client.discovery(new URL(issuer), clientId, known, proof);

async function authorize(scope) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expected = { pkceCodeVerifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const request = client.buildAuthorizationUrl(config, {
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
