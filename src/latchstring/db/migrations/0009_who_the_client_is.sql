-- Programs that do not know this migration may go on.

-- Signed assertions with which clients proved themselves (RFC 7523), so that none is good for two calls.
create table client_assertions (
    digest text primary key,
    expires_at bigint not null
);
create index client_assertions_by_age on client_assertions (expires_at);

-- What an application needs to register itself (RFC 7591): a token that an administrator gave out.
create table registration_tokens (
    id text primary key,
    token_digest text not null unique,
    uses_left bigint not null,
    created_at bigint not null,
    expires_at bigint not null
);

-- Applications that registered themselves, what they said, and the token with which they may change it (RFC 7592).
create table registrations (
    client_id text primary key,
    token_digest text not null,
    registration_token_id text not null,
    metadata text not null,
    created_at bigint not null,
    changed_at bigint not null
);

-- Whether it registered itself: addresses of its are a stranger's.
alter table clients add column dynamic boolean not null default false;
