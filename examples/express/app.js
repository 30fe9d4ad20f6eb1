// Sign people in with Latchstring from Express, by express-openid-connect, which brings the
// routes /login, /callback and /logout and keeps the session in an encrypted cookie.

import { randomBytes } from "node:crypto";

import express from "express";
import openid from "express-openid-connect";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, PORT = "3000" } = process.env;

const app = express();

app.use(
  openid.auth({
    issuerBaseURL: ISSUER,
    baseURL: `http://127.0.0.1:${PORT}`,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    // Without a secret of its own, whoever is signed in is forgotten with the next start.
    secret: SESSION_SECRET || randomBytes(32).toString("hex"),
    authorizationParams: { response_type: "code", scope: "openid profile email" },
    authRequired: false,
    idpLogout: true,
  }),
);

const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

app.get("/", (request, response) => {
  const person = request.oidc.user;
  response.send(
    person
      ? `<h1>Hello, ${escaped(person.name)}</h1><p>Your address is ${escaped(person.email)}.</p>
         <p><a href="/logout">Sign out</a></p>`
      : `<h1>Hello, stranger</h1><p><a href="/login">Sign in</a></p>`,
  );
});

app.listen(Number(PORT), "127.0.0.1");
