// `@auth0/auth0-auth-js`, where Auth0's newest server SDKs have their passwordless calls.
import { AuthClient } from "@auth0/auth0-auth-js";
import { codeFor, done, pressLink, refusal, signIn, told } from "./talk.mjs";

const { domain, app, secret, key, api, journey, who } = told;
const WAYS = {
  secret: { clientId: "acme-web", clientSecret: secret },
  key: { clientId: "acme-keys", clientAssertionSigningKey: key },
};
const redirect_uri = `${app}/callback`;
const auth = new AuthClient({
  domain,
  ...WAYS[told.way ?? "secret"],
  authorizationParams: { redirect_uri, scope: "openid email offline_access" },
});

const journeys = {
  async email() {
    await auth.passwordless.sendEmail({ email: who });
    const code = await codeFor(who);
    return (await auth.getTokenByPasswordlessEmail({ email: who, code, scope: "openid email" })).claims;
  },

  async sms() {
    await auth.passwordless.sendSms({ phoneNumber: who });
    const code = await codeFor(who);
    return (await auth.getTokenByPasswordlessSms({ phoneNumber: who, code, scope: "openid phone" })).claims;
  },

  async link() {
    const authParams = { redirect_uri, response_type: "code", scope: "openid email", state: "a-state" };
    await auth.passwordless.sendEmail({ email: who, send: "link", authParams });
    const back = new URL(await pressLink(who));
    return (await auth.getTokenByMagicLinkCode(back, { expectedState: "a-state" })).claims;
  },

  async wrong() {
    await auth.passwordless.sendEmail({ email: who });
    const code = await codeFor(who);
    const wrong = `${(Number(code) + 1) % 10 ** code.length}`.padStart(code.length, "0");
    const { cause } = await refusal(() => auth.getTokenByPasswordlessEmail({ email: who, code: wrong }));
    return [cause.error, cause.error_description];
  },

  async code() {
    const pushedAuthorizationRequests = told.pushed === true;
    const asked = await auth.buildAuthorizationUrl({ pushedAuthorizationRequests });
    const back = new URL(await signIn(asked.authorizationUrl, who));
    return (await auth.getTokenByCode(back, { codeVerifier: asked.codeVerifier })).claims;
  },

  async refresh() {
    await auth.passwordless.sendEmail({ email: who });
    const code = await codeFor(who);
    const scope = "openid email offline_access";
    const { refreshToken } = await auth.getTokenByPasswordlessEmail({ email: who, code, scope });
    return (await auth.getTokenByRefreshToken({ refreshToken })).claims;
  },

  async credentials() {
    return auth.getTokenByClientCredentials({ audience: api });
  },
};

done(await journeys[journey]());
