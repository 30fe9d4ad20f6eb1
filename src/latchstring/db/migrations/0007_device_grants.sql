-- Programs that do not know this migration may go on.

-- Devices that wait for somebody to sign in elsewhere (RFC 8628). The code that people type is derived again from the id; here is
-- only a mark of it that the key file makes, because 2.6 * 10^10 codes are tried in minutes.
create table device_grants (
    id text primary key,
    device_code_digest text not null,
    user_code_digest text not null,
    key_version bigint not null,
    client_id text not null,
    scope text not null,
    audience text,
    state text not null,
    created_at bigint not null,
    expires_at bigint not null,
    interval_seconds bigint not null,
    polled_at bigint,
    -- Whether the latest poll came sooner than the interval allowed.
    hurried boolean not null,
    -- The browser in which the code was typed: nobody else may answer.
    browser_digest text,
    user_id text,
    session_id text,
    auth_time bigint,
    amr text,
    answered_at bigint,
    redeemed_at bigint
);
create unique index device_grants_by_device_code on device_grants (device_code_digest);
-- No two codes are the same, not even for as long as an old one is kept.
create unique index device_grants_by_user_code on device_grants (user_code_digest);
create index device_grants_by_age on device_grants (expires_at);
