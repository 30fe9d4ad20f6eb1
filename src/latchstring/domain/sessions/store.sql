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

-- touch_session --
-- The browser was seen again.
update sessions set seen_at = :now, idle_ends_at = :idle_ends_at where id = :id and ended_at is null

-- end_session --
-- Signed out; once.
update sessions set ended_at = :now where id = :id and ended_at is null

-- end_sessions_of --
-- Signed out everywhere.
update sessions set ended_at = :now where user_id = :user_id and ended_at is null

-- drop_unended_sessions --
-- Everybody is signed out. There may be millions, and to drop a row is twenty times cheaper than to
-- write another version of it into every index.
delete from sessions where ended_at is null

-- purge_sessions --
-- Drop a small batch of sessions that are long over.
delete from sessions where id in (select s.id from sessions s where s.ends_at < :before limit :count)
