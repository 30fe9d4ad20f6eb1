-- columns --
client_id, settings, secret_digest, dynamic, removed_at

-- list_clients --
-- Every application there is or was.
select {columns} from clients order by client_id

-- find_client --
-- One application.
select {columns} from clients where client_id = :client_id and removed_at is null

-- insert_client --
-- A first value: what is there already, or was removed, stays as it is.
insert into clients (client_id, settings, secret_digest, dynamic, changed_at, removed_at)
values (:client_id, :settings, :secret_digest, :dynamic, :now, null)
on conflict (client_id) do nothing

-- put_client --
-- An administrator's change.
insert into clients (client_id, settings, secret_digest, dynamic, changed_at, removed_at)
values (:client_id, :settings, :secret_digest, :dynamic, :now, null)
on conflict (client_id) do update set
    settings = excluded.settings, secret_digest = excluded.secret_digest,
    dynamic = excluded.dynamic, changed_at = excluded.changed_at, removed_at = null

-- remove_client --
-- The id stays, so that the file does not bring the application back.
update clients set settings = '{}', secret_digest = null, changed_at = :now, removed_at = :now
where client_id = :client_id and removed_at is null

-- use_assertion --
-- A client proves itself with this assertion: of two that come with it, one writes the row.
insert into client_assertions (digest, expires_at) values (:digest, :expires_at)
on conflict (digest) do nothing

-- purge_assertions --
-- Drop a small batch of those that nobody could use any more.
delete from client_assertions
where digest in (select a.digest from client_assertions a where a.expires_at < :before limit :count)
