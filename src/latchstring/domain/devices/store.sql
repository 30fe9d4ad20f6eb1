-- columns --
id, device_code_digest, user_code_digest, key_version, client_id, scope, audience, state, created_at, expires_at,
    interval_seconds, polled_at, hurried, browser_digest, user_id, session_id, auth_time, amr, answered_at, redeemed_at

-- _too_soon --
polled_at is not null and :now - polled_at < interval_seconds * 1000 - :slack

-- insert_grant --
-- A device waits for its person. No row where another one shows the same code.
insert into device_grants ({columns})
values (:id, :device_code_digest, :user_code_digest, :key_version, :client_id, :scope, :audience, :state, :created_at,
    :expires_at, :interval_seconds, :polled_at, :hurried, :browser_digest, :user_id, :session_id, :auth_time, :amr,
    :answered_at, :redeemed_at)
on conflict (user_code_digest) do nothing

-- note_poll --
-- The device asked while nobody had answered. Too soon makes every later wait longer.
update device_grants
set interval_seconds = case when {_too_soon} then interval_seconds + :step else interval_seconds end,
    hurried = ({_too_soon}),
    polled_at = :now
where device_code_digest = :device_code_digest and client_id = :client_id and state = 'pending' and expires_at > :now
returning {columns}

-- redeem --
-- The device comes for its tokens: the first gets the row, every other one gets none.
update device_grants set state = 'redeemed', redeemed_at = :now
where device_code_digest = :device_code_digest and client_id = :client_id and state = 'allowed' and expires_at > :now
returning {columns}

-- find_by_device_code --
-- What became of a device's grant.
select {columns} from device_grants where device_code_digest = :device_code_digest and client_id = :client_id

-- bind --
-- The code was typed: the grant belongs to this browser, until it is typed in another.
update device_grants set browser_digest = :browser_digest
where user_code_digest = :user_code_digest and state = 'pending' and expires_at > :now
returning id

-- find_of_browser --
-- A grant, for the browser in which its code was typed alone.
select {columns} from device_grants where id = :id and browser_digest = :browser_digest

-- allow --
-- The person said yes; once, and not after a no.
update device_grants
set state = 'allowed', user_id = :user_id, session_id = :session_id, auth_time = :auth_time, amr = :amr,
    answered_at = :now
where id = :id and browser_digest = :browser_digest and state = 'pending' and expires_at > :now

-- deny --
-- The person said no; once, and not after a yes.
update device_grants set state = 'denied', answered_at = :now
where id = :id and browser_digest = :browser_digest and state = 'pending' and expires_at > :now

-- drop_undelivered --
-- No device that waited before this moment gets anything any more.
delete from device_grants where state in ('pending', 'allowed')

-- purge_grants --
-- Drop a small batch of grants that are long over.
delete from device_grants where id in (select g.id from device_grants g where g.expires_at < :before limit :count)
