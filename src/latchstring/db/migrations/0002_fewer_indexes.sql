-- Indexes that a sign-in pays for at each step, where another one serves as well; and what PostgreSQL needs: of two starts at once for
-- one identifier, only one can be the next in its sequence.

-- Whether a program that does not know a migration may go on running on what it made.
alter table schema_migrations add column older_may_run boolean not null default false;

drop index challenges_live;
create unique index challenges_in_sequence on challenges (identifier_digest, sequence);

-- The queue is short and is asked for all the time; what is settled is looked at by age alone.
drop index messages_due;
create index messages_due on messages (due_at) where state = 'queued';
drop index messages_sent;
create index messages_by_age on messages (created_at);
