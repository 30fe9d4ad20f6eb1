-- insert_first_key --
-- The first signing key; of servers that start at once, one makes it.
insert into signing_keys (id, algorithm, state, public_jwk, sealed_private_key, created_at)
select :id, :algorithm, :state, :public_jwk, :sealed_private_key, :created_at
where not exists (select 1 from signing_keys)

-- list_keys --
-- Every signing key that is still published.
select id, algorithm, state, public_jwk, sealed_private_key, created_at
from signing_keys order by created_at

-- list_checks --
-- Which versions of the key file this database has met.
select version, check_value from key_checks order by version

-- insert_check --
-- A new version of the key file; of servers that start at once, one notes it.
insert into key_checks (version, check_value) values (:version, :check_value)
on conflict (version) do nothing
