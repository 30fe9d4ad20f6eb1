-- insert_event --
-- What happened, once and for all.
insert into events
    (id, type, happened_at, user_id, client_id, identifier_digest, request_id, ip, details)
values (:id, :type, :happened_at, :user_id, :client_id, :identifier_digest, :request_id, :ip, :details)

-- events_of --
-- The latest events of a user or an identifier.
select id, type, happened_at, user_id, client_id, identifier_digest, request_id, ip, details from events
where user_id = :user_id or identifier_digest = :identifier_digest
order by happened_at desc, id desc limit :count

-- newest --
-- When the last thing happened that is known here.
select happened_at from events order by id desc limit 1

-- purge_events --
-- Drop a small batch of what is older than the retention.
delete from events where id in (select e.id from events e where e.id < :before limit :count)
