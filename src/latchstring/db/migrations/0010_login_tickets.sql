-- Programs that do not know this migration may go on.

-- What a page of an application got for a right code, to be brought to /authorize by the browser it was given to, once. Digests alone:
-- nothing here signs anybody in.
create table login_tickets (
    ticket_digest text primary key,
    co_id text not null,
    cookie_digest text not null,
    verifier_digest text not null,
    client_id text not null,
    user_id text not null,
    connection text not null,
    identifier text not null,
    amr text not null,
    authenticated_at bigint not null,
    expires_at bigint not null,
    used_at bigint
);
create index login_tickets_of_user on login_tickets (user_id);
create index login_tickets_by_age on login_tickets (expires_at);
