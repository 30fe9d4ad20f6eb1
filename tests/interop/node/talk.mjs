// The conversation with the test that runs a script: one line of JSON at a time, each way.
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";

// Node.js 18, which Debian 12 has, does not make them globals yet.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function hear() {
  const { value, done } = await lines.next();
  if (done) throw new Error("the test has gone");
  return JSON.parse(value);
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

// The addresses of the world, and what this test is about.
export const told = await hear();

// Anything else that only the test can bring about.
export async function needs(what, about) {
  say({ needs: what, ...about });
  return hear();
}

export const codeFor = (who, count = 1) => needs("code", { who, count });
// A person opens the link of a message and presses its button; returns where the server sent them.
export const pressLink = (who) => needs("press-link", { who });
// A person signs in there by the code of a message; returns where the server sent them.
export const signIn = (url, who) => needs("sign-in", { url: `${url}`, who });
// The same browser goes somewhere; returns where the server sent it, or null if it shows a page.
export const visit = (url) => needs("visit", { url: `${url}` });

export function done(report) {
  say({ done: report });
  process.exit(0);
}

// What a refusal says, as the SDK hands it on.
export async function refusal(attempt) {
  try {
    await attempt();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}
