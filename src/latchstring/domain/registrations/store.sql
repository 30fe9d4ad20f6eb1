-- _token --
id, token_digest, uses_left, created_at, expires_at

-- columns --
client_id, token_digest, registration_token_id, metadata, created_at, changed_at

-- insert_token --
-- An administrator lets applications register themselves.
insert into registration_tokens ({_token})
values (:id, :token_digest, :uses_left, :created_at, :expires_at)

-- list_tokens --
-- What is still good for a registration.
select {_token} from registration_tokens where uses_left > 0 and expires_at > :now order by id

-- find_token --
-- A token with which somebody may still register; it stays as it is.
select {_token} from registration_tokens where token_digest = :token_digest and uses_left > 0 and expires_at > :now

-- use_token --
-- One use; of those who come for the last one, one gets it.
update registration_tokens set uses_left = uses_left - 1
where token_digest = :token_digest and uses_left > 0 and expires_at > :now
returning {_token}

-- end_token --
-- An administrator takes it back.
update registration_tokens set uses_left = 0 where id = :id and uses_left > 0 and expires_at > :now

-- end_all_tokens --
-- Nobody knows any more how many uses were taken.
update registration_tokens set uses_left = 0 where uses_left > 0

-- purge_tokens --
-- Drop a small batch of those that are over.
delete from registration_tokens
where id in (select t.id from registration_tokens t where t.expires_at < :before limit :count)

-- insert_registration --
-- An application registered itself.
insert into registrations ({columns})
values (:client_id, :token_digest, :registration_token_id, :metadata, :created_at, :changed_at)

-- find_registration --
-- What an application said of itself.
select {columns} from registrations where client_id = :client_id

-- hold_registration --
-- Wait for whoever changes it, and let whoever comes later wait: nothing changes.
update registrations set changed_at = changed_at where client_id = :client_id

-- change_registration --
-- The application says something else.
update registrations set metadata = :metadata, changed_at = :now where client_id = :client_id

-- drop_registration --
-- The application is gone, or an administrator's now.
delete from registrations where client_id = :client_id
