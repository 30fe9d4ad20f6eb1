-- columns --
id, user_id, connection, identifier, amr, authenticated_at, seen_at, idle_ends_at, ends_at, ended_at, created_at

-- insert_session --
-- A browser is signed in.
insert into sessions ({columns})
values (:id, :user_id, :connection, :identifier, :amr, :authenticated_at, :seen_at, :idle_ends_at, :ends_at,
    :ended_at, :created_at)

-- find_session --
-- The session of a cookie, living or not; not that of a user who is blocked or gone.
select s.id, s.user_id, s.connection, s.identifier, s.amr, s.authenticated_at, s.seen_at, s.idle_ends_at,
    s.ends_at, s.ended_at, s.created_at
from sessions s join users u on u.id = s.user_id
where s.id = :id and u.blocked_at is null

-- find_owner --
-- Whose a session is, blocked or gone as they may be.
select user_id from sessions where id = :id

-- touch_session --
-- The browser was seen again.
update sessions set seen_at = :now, idle_ends_at = :idle_ends_at where id = :id and ended_at is null

-- end_session --
-- Signed out; once.
update sessions set ended_at = :now where id = :id and ended_at is null

-- end_sessions_of --
-- Signed out everywhere.
update sessions set ended_at = :now where user_id = :user_id and ended_at is null

-- note_client --
-- A session that is not over signed in to an application. For a user whom this transaction holds: whoever
-- ends the session waits until this is durable, or came before, and then there is no row.
insert into session_clients (session_id, client_id, sid, user_id, ends_at)
select s.id, :client_id, s.id, s.user_id, s.ends_at
from sessions s where s.id = :session_id and s.ended_at is null
on conflict (session_id, client_id, sid) do update set ends_at = excluded.ends_at

-- carry_clients --
-- The same person has another session in the same browser: it ends what the earlier one would have ended.
update session_clients set session_id = :to_id, ends_at = :ends_at where session_id = :from_id

-- take_clients --
-- What a session signed in to, for whoever ended it.
delete from session_clients where session_id = :session_id
returning client_id, sid, user_id

-- take_clients_of --
-- The same for all of a user's sessions that are over.
delete from session_clients
where session_id in (select s.id from sessions s where s.user_id = :user_id and s.ended_at is not null)
returning client_id, sid, user_id

-- drop_clients --
-- Nobody is told any more.
delete from session_clients

-- purge_clients --
-- Drop a small batch of rows whose sessions are long over.
delete from session_clients
where (session_id, client_id, sid) in (
    select c.session_id, c.client_id, c.sid from session_clients c where c.ends_at < :before limit :count
)

-- drop_unended_sessions --
-- Everybody is signed out. There may be millions, and to drop a row is twenty times cheaper than to
-- write another version of it into every index.
delete from sessions where ended_at is null

-- purge_sessions --
-- Drop a small batch of sessions that are long over.
delete from sessions where id in (select s.id from sessions s where s.ends_at < :before limit :count)
