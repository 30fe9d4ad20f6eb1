-- Programs that do not know this migration may go on.

-- What people agreed to: one row per scope, so that two answers at once lose nothing of each other.
create table consents (
    user_id text not null,
    client_id text not null,
    -- Empty: our own userinfo endpoint alone.
    audience text not null,
    scope text not null,
    granted_at bigint not null,
    primary key (user_id, client_id, audience, scope)
);

-- Who agreed, and whether the person said no; the next answer tells the application.
alter table authorization_requests add column consented_user_id text;
alter table authorization_requests add column refused_at bigint;

-- Authorization requests that applications pushed (RFC 9126), by the digest of the request_uri.
create table pushed_requests (
    uri_digest text primary key,
    client_id text not null,
    parameters text not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);
create index pushed_requests_by_age on pushed_requests (expires_at);
