// better-auth as its documentation sets it up, with the email-OTP plugin, in one Node process.
// The code goes to the bench's socket: no mail is rendered. Rate limits are off, durability is on.

import { createServer } from "node:http";
import { connect } from "node:net";

import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { emailOTP } from "better-auth/plugins";
import Database from "better-sqlite3";
import pg from "pg";

const { BENCH_PORT, BENCH_DATABASE, BENCH_CODES } = process.env;

function opened(url) {
  if (url.startsWith("postgresql:")) return new pg.Pool({ connectionString: url });
  const database = new Database(url);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  return database;
}

const codes = connect(BENCH_CODES);
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${BENCH_PORT}`,
  secret: "a-secret-of-the-bench-and-of-nobody-else",
  database: opened(BENCH_DATABASE),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  plugins: [
    emailOTP({
      async sendVerificationOTP({ email, otp }) {
        codes.write(`${email} ${otp}\n`);
      },
    }),
  ],
});

await (await getMigrations(auth.options)).runMigrations();
createServer(toNodeHandler(auth)).listen(Number(BENCH_PORT), "127.0.0.1");
