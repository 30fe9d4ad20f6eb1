-- Programs that do not know this migration may go on.

-- Which applications that want to hear of its end a session signed in to, and under which sid each was told of it. Somebody who proves
-- again who they are gets a new session in the same browser; what the earlier one signed in to moves along, under its old sid.
create table session_clients (
    session_id text not null,
    client_id text not null,
    sid text not null,
    user_id text not null,
    ends_at bigint not null,
    primary key (session_id, client_id, sid)
);
create index session_clients_by_age on session_clients (ends_at);

-- Applications that are to be told that a session ended (OpenID Back-Channel Logout), written in the transaction that ended it.
-- id: also the token's jti, the same for every try. due_at: when the row is next looked at. Waiting: its next try, or, while somebody
-- holds it, the end of the lease. Settled: the time it was settled.
create table logout_notices (
    id text primary key,
    client_id text not null,
    sid text not null,
    user_id text not null,
    state text not null,
    attempts bigint not null,
    due_at bigint not null,
    lease_owner text,
    created_at bigint not null,
    last_error text not null
);
create index logout_notices_due on logout_notices (state, due_at);
