-- insert_access_token --
-- A new token, by its digest.
insert into access_tokens
    (token_digest, client_id, user_id, session_id, code_digest, scope, created_at, expires_at, revoked_at,
     audience, family_id, claims)
values
    (:token_digest, :client_id, :user_id, :session_id, :code_digest, :scope, :created_at, :expires_at, :revoked_at,
     :audience, :family_id, :claims)

-- find_access_token --
-- A token by its digest, live or not.
select token_digest, client_id, user_id, session_id, code_digest, scope, created_at, expires_at, revoked_at,
    audience, family_id, claims
from access_tokens where token_digest = :token_digest

-- revoke_access_token --
-- One token ends.
update access_tokens set revoked_at = :now where token_digest = :token_digest and revoked_at is null

-- revoke_of_code --
-- An authorization code was replayed: what it gave ends.
update access_tokens set revoked_at = :now where code_digest = :code_digest and revoked_at is null

-- revoke_of_user --
-- The user is shut out.
update access_tokens set revoked_at = :now where user_id = :user_id and revoked_at is null

-- revoke_of_client --
-- The application was removed. Rare, so it may walk the table.
update access_tokens set revoked_at = :now where client_id = :client_id and revoked_at is null

-- revoke_of_audience --
-- The API was removed. Rare, so it may walk the table.
update access_tokens set revoked_at = :now where audience = :audience and revoked_at is null

-- revoke_of_family --
-- The refresh tokens it came with were reused or given back.
update access_tokens set revoked_at = :now where family_id = :id and revoked_at is null

-- drop_unrevoked --
-- No token that was given out before this moment is good any more. There may be millions, and to drop
-- a row is twenty times cheaper than to write another version of it into every index.
delete from access_tokens where revoked_at is null

-- purge_access_tokens --
-- Drop a small batch of what is long over.
delete from access_tokens
where token_digest in (select t.token_digest from access_tokens t where t.expires_at < :before limit :count)

-- _family --
id, client_id, user_id, session_id, code_digest, scope, audience, auth_time, amr, generation, rotated_at,
    idle_ends_at, ends_at, ended_at, created_at, claims

-- insert_family --
-- The first refresh token of a sign-in.
insert into refresh_families ({_family})
values (:id, :client_id, :user_id, :session_id, :code_digest, :scope, :audience, :auth_time, :amr, :generation, :rotated_at,
    :idle_ends_at, :ends_at, :ended_at, :created_at, :claims)

-- find_family --
-- A family, living or over.
select {_family} from refresh_families where id = :id

-- hold_family --
-- Wait for whoever rotates or ends the family, and let whoever comes later wait: nothing changes.
update refresh_families set generation = generation where id = :id
returning {_family}

-- rotate_family --
-- The token that works now is presented, and works no more; whoever comes second with it finds another generation.
update refresh_families set generation = generation + 1, rotated_at = :now, idle_ends_at = :idle_ends_at
where id = :id and client_id = :client_id and generation = :generation and ended_at is null
    and ends_at > :now and idle_ends_at > :now
returning {_family}

-- end_family --
-- Reused, or given back; once.
update refresh_families set ended_at = :now where id = :id and ended_at is null

-- end_families_of_code --
-- An authorization code was replayed: what it gave ends.
update refresh_families set ended_at = :now where code_digest = :code_digest and ended_at is null

-- end_families_of_user --
-- The user is shut out, or signs out everywhere.
update refresh_families set ended_at = :now where user_id = :user_id and ended_at is null

-- end_families_of_client --
-- The application was removed. Rare, so it may walk the table.
update refresh_families set ended_at = :now where client_id = :client_id and ended_at is null

-- end_families_of_audience --
-- The API was removed. Rare, so it may walk the table.
update refresh_families set ended_at = :now where audience = :audience and ended_at is null

-- drop_unended_families --
-- No refresh token that was given out before this moment is good any more.
delete from refresh_families where ended_at is null

-- purge_families --
-- Drop a small batch of what is long over.
delete from refresh_families
where id in (select f.id from refresh_families f where f.ends_at < :before limit :count)
