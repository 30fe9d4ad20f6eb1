-- insert_access_token --
-- A new token, by its digest.
insert into access_tokens
    (token_digest, client_id, user_id, session_id, code_digest, scope, created_at, expires_at, revoked_at)
values
    (:token_digest, :client_id, :user_id, :session_id, :code_digest, :scope, :created_at, :expires_at, :revoked_at)

-- find_access_token --
-- A token by its digest, live or not.
select token_digest, client_id, user_id, session_id, code_digest, scope, created_at, expires_at, revoked_at
from access_tokens where token_digest = :token_digest

-- revoke_of_code --
-- An authorization code was replayed: what it gave ends.
update access_tokens set revoked_at = :now where code_digest = :code_digest and revoked_at is null

-- revoke_of_user --
-- The user is shut out.
update access_tokens set revoked_at = :now where user_id = :user_id and revoked_at is null

-- revoke_of_client --
-- The application was removed. Rare, so it may walk the table.
update access_tokens set revoked_at = :now where client_id = :client_id and revoked_at is null

-- drop_unrevoked --
-- No token that was given out before this moment is good any more. There may be millions, and to drop
-- a row is twenty times cheaper than to write another version of it into every index.
delete from access_tokens where revoked_at is null

-- purge_access_tokens --
-- Drop a small batch of what is long over.
delete from access_tokens
where token_digest in (select t.token_digest from access_tokens t where t.expires_at < :before limit :count)
