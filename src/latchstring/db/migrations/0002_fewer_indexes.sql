-- Indexes that a sign-in pays for at each step, where another one serves as well; and what PostgreSQL needs: of two starts at once for
-- one identifier, only one can be the next in its sequence.

-- Whether a program that does not know a migration may go on running on what it made.
alter table schema_migrations add column older_may_run boolean not null default false;

-- The key of a challenge is its place in the sequence of its identifier; a link finds it by its id.
create table challenges_in_sequence (
    identifier_digest text not null,
    sequence bigint not null,
    id text not null,
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
    primary key (identifier_digest, sequence)
);
insert into challenges_in_sequence
    (identifier_digest, sequence, id, connection, identifier, client_id, authorization_id, send, code_digest, code_length,
     key_version, max_attempts, attempts, decoy, return_to, address_digest, created_at, code_expires_at, link_expires_at,
     ended_at, ended_by, opened_at)
select identifier_digest, sequence, id, connection, identifier, client_id, authorization_id, send, code_digest, code_length,
    key_version, max_attempts, attempts, decoy, return_to, address_digest, created_at, code_expires_at, link_expires_at,
    ended_at, ended_by, opened_at
from challenges;
drop table challenges;
alter table challenges_in_sequence rename to challenges;
create unique index challenges_by_id on challenges (id);
create index challenges_by_age on challenges (link_expires_at);

-- Ids of events begin with their time: the oldest are found by the key.
drop index events_by_age;

-- The queue is short and is asked for all the time; what is settled is looked at by age alone.
drop index messages_due;
create index messages_due on messages (due_at) where state = 'queued';
drop index messages_sent;
create index messages_by_age on messages (created_at);
