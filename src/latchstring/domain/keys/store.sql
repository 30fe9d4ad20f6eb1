-- insert_key --
-- A key, unless its algorithm has one in that state; of servers that start at once, one makes it.
insert into signing_keys
    (id, algorithm, state, public_jwk, sealed_private_key, created_at, changed_at)
select :id, :algorithm, :state, :public_jwk, :sealed_private_key, :created_at, :changed_at
where not exists (select 1 from signing_keys where algorithm = :algorithm and state = :state)

-- list_keys --
-- Every key that is published, oldest first. A newer program may have kinds that are not ours.
select id, algorithm, state, public_jwk, sealed_private_key, created_at, changed_at
from signing_keys
where algorithm in ('RS256', 'ES256') and state in ('next', 'current', 'previous')
order by created_at, id

-- move_key --
-- A key's step to its next state; of two who rotate at once, one takes it.
update signing_keys set state = :after, changed_at = :now where id = :id and state = :before

-- withdraw_key --
-- A key that signs no more is published no more.
delete from signing_keys where id = :id and state = 'previous'

-- withdraw_keys --
-- The same for all that signed nothing since then.
delete from signing_keys where state = 'previous' and changed_at < :since

-- list_checks --
-- Which versions of the key file this database has met.
select version, check_value from key_checks order by version

-- insert_check --
-- A new version of the key file; of servers that start at once, one notes it.
insert into key_checks (version, check_value) values (:version, :check_value)
on conflict (version) do nothing
