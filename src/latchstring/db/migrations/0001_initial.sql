-- The first schema. Times are Unix milliseconds; digests and sealed values are text.
-- Every hot table leads with the identifier's digest or a token's digest.

-- identities ---------------------------------------------------------------------------------

create table users (
    id text primary key,
    created_at bigint not null,
    updated_at bigint not null,
    blocked_at bigint,
    last_sign_in_at bigint,
    sign_ins bigint not null
);

create table identifiers (
    identifier_digest text primary key,
    connection text not null,
    identifier text not null,
    user_id text not null references users (id) on delete cascade,
    verified_at bigint,
    created_at bigint not null,
    -- Browsers that signed in before this moment no longer count as known.
    browsers_known_since bigint not null
);
create index identifiers_of_user on identifiers (user_id);

-- challenges ---------------------------------------------------------------------------------

create table challenges (
    identifier_digest text not null,
    id text not null,
    -- Counts the identifier's challenges: which are the newest does not depend on any clock.
    sequence bigint not null,
    connection text not null,
    identifier text not null,
    client_id text not null,
    authorization_id text,
    send text not null,
    code_digest text not null,
    code_length bigint not null,
    key_version bigint not null,
    max_attempts bigint not null,
    attempts bigint not null,
    decoy boolean not null,
    return_to text,
    -- The address limit this start counted against; a verified start gives its unit back.
    address_digest text,
    created_at bigint not null,
    code_expires_at bigint not null,
    link_expires_at bigint not null,
    ended_at bigint,
    ended_by text,
    opened_at bigint,
    primary key (identifier_digest, id)
);
create index challenges_live on challenges (identifier_digest, sequence) where ended_at is null;
create index challenges_by_id on challenges (id);
create index challenges_by_age on challenges (link_expires_at);

-- Wrong answers per identifier, hour and kind of browser: the budget that survives new codes.
create table wrong_answers (
    identifier_digest text not null,
    browser text not null,
    hour_at bigint not null,
    wrong bigint not null,
    primary key (identifier_digest, browser, hour_at)
);
create index wrong_answers_by_age on wrong_answers (hour_at);

-- limits -------------------------------------------------------------------------------------

create table limits (
    key_digest text not null,
    name text not null,
    used bigint not null,
    -- Whether somebody was refused in this window already: once is an event, more is noise.
    refused boolean not null,
    window_ends_at bigint not null,
    primary key (key_digest, name)
);
create index limits_by_age on limits (window_ends_at);

-- authorizations -----------------------------------------------------------------------------

create table authorization_requests (
    id text primary key,
    browser_digest text not null,
    client_id text not null,
    redirect_uri text not null,
    response_mode text not null,
    scope text not null,
    state text,
    nonce text,
    code_challenge text,
    prompt text not null,
    max_age_seconds bigint,
    login_hint text,
    -- Whom the application's id_token_hint names: nobody else may answer.
    expected_user_id text,
    connection text,
    identifier text,
    identifier_digest text,
    challenged_connection text,
    created_at bigint not null,
    expires_at bigint not null,
    starts bigint not null,
    last_start_at bigint,
    -- The session that the person opened for this very request.
    session_id text,
    completed_at bigint
);
create index authorization_requests_by_age on authorization_requests (expires_at);

create table authorization_codes (
    code_digest text primary key,
    client_id text not null,
    redirect_uri text not null,
    user_id text not null,
    session_id text,
    scope text not null,
    nonce text,
    code_challenge text,
    auth_time bigint not null,
    amr text not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);
create index authorization_codes_by_age on authorization_codes (expires_at);

-- sessions -----------------------------------------------------------------------------------

create table sessions (
    id text primary key,
    user_id text not null,
    connection text not null,
    identifier text not null,
    amr text not null,
    authenticated_at bigint not null,
    seen_at bigint not null,
    idle_ends_at bigint not null,
    ends_at bigint not null,
    ended_at bigint,
    created_at bigint not null
);
create index sessions_of_user on sessions (user_id);
create index sessions_by_age on sessions (ends_at);

-- tokens -------------------------------------------------------------------------------------

create table access_tokens (
    token_digest text primary key,
    client_id text not null,
    user_id text not null,
    session_id text,
    code_digest text,
    scope text not null,
    created_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint
);
create index access_tokens_of_code on access_tokens (code_digest) where code_digest is not null;
create index access_tokens_of_user on access_tokens (user_id);
create index access_tokens_by_age on access_tokens (expires_at);

-- keys ---------------------------------------------------------------------------------------

create table signing_keys (
    id text primary key,
    algorithm text not null,
    state text not null,
    public_jwk text not null,
    sealed_private_key text not null,
    created_at bigint not null
);

-- One line per version of the key file: tells a wrong key before anything is derived from it.
create table key_checks (
    version bigint primary key,
    check_value text not null
);

-- configuration ------------------------------------------------------------------------------

-- Ways in and applications: the file gives first values, then the truth is here.
create table connections (
    name text primary key,
    settings text not null,
    changed_at bigint not null
);

create table clients (
    client_id text primary key,
    settings text not null,
    -- Null: a public client.
    secret_digest text,
    changed_at bigint not null,
    -- Kept, so that the file does not bring a removed client back.
    removed_at bigint
);

-- One row; bumped in the transaction of each change, watched by every process.
create table configuration_version (
    id bigint primary key check (id = 1),
    version bigint not null
);
insert into configuration_version (id, version) values (1, 0);

-- delivery -----------------------------------------------------------------------------------

-- The outbox: one row per message, written in the transaction of the challenge it tells of. Holds no code, link or Message-ID:
-- those are derived again, from the challenge's id, whenever the message is rendered.
-- due_at: when the row is next looked at. Queued: its next attempt, or, while somebody holds it, the end of the lease.
-- Settled: the time it was settled (purging walks the same index).
create table messages (
    id                text not null primary key,
    challenge_id      text not null,
    channel           text not null check (channel in ('email', 'sms')),
    recipient         text not null,
    identifier_digest text not null,
    template          text not null,
    language          text not null,
    inputs            text not null,
    key_version       bigint not null,
    decoy             boolean not null,
    state             text not null check (state in ('queued', 'handed_over', 'failed', 'expired', 'suppressed')),
    attempts          bigint not null,
    due_at            bigint not null,
    lease_owner       text,
    created_at        bigint not null,
    give_up_at        bigint not null,
    settled_at        bigint,
    last_error        text not null,
    provider_answer   text not null
);

create index messages_due on messages (state, due_at);
create index messages_recipient on messages (recipient, created_at);
create index messages_sent on messages (channel, created_at) where not decoy;

-- audit --------------------------------------------------------------------------------------

create table events (
    id text primary key,
    type text not null,
    happened_at bigint not null,
    user_id text,
    client_id text,
    identifier_digest text,
    request_id text,
    ip text,
    details text not null
);
create index events_of_user on events (user_id, happened_at) where user_id is not null;
create index events_of_identifier on events (identifier_digest, happened_at) where identifier_digest is not null;
create index events_by_age on events (happened_at);

