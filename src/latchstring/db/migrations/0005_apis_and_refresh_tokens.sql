-- Programs that do not know this migration may go on.

-- APIs that access tokens are for: the file gives first values, then the truth is here.
create table apis (
    identifier text primary key,
    settings text not null,
    changed_at bigint not null,
    -- Kept, so that the file does not bring a removed one back.
    removed_at bigint
);

-- All the refresh tokens that come of one sign-in, one after the other. A token names its family and its generation and carries a tag
-- that only the key file can make: nothing here is good for tokens, and a row is all that a family ever needs.
create table refresh_families (
    id text primary key,
    client_id text not null,
    user_id text not null,
    session_id text,
    code_digest text,
    scope text not null,
    audience text,
    auth_time bigint not null,
    amr text not null,
    generation bigint not null,
    rotated_at bigint not null,
    idle_ends_at bigint not null,
    ends_at bigint not null,
    ended_at bigint,
    created_at bigint not null
);
create index refresh_families_of_user on refresh_families (user_id);
create index refresh_families_of_code on refresh_families (code_digest) where code_digest is not null;
create index refresh_families_by_age on refresh_families (ends_at);

-- For which API, from which family, and with which claims asked for by name (OpenID Connect Core 5.5).
alter table access_tokens add column audience text;
alter table access_tokens add column family_id text;
alter table access_tokens add column claims text;
create index access_tokens_of_family on access_tokens (family_id) where family_id is not null;

alter table authorization_codes add column audience text;
alter table authorization_codes add column claims text;

alter table authorization_requests add column audience text;
alter table authorization_requests add column claims text;
-- Null: code.
alter table authorization_requests add column response_type text;
alter table authorization_requests add column ui_locales text;
-- Once the person agreed to what the application may know.
alter table authorization_requests add column consented_at bigint;
