-- columns --
id, client_id, sid, user_id, state, attempts, due_at, lease_owner, created_at, last_error

-- enqueue --
-- An application is to be told. Of racing callers one writes it.
insert into logout_notices ({columns})
values (:id, :client_id, :sid, :user_id, :state, :attempts, :due_at, :lease_owner, :created_at, :last_error)
on conflict (id) do nothing

-- claim --
-- Take what is due, the longest waiting first. A notice that somebody holds is not due until the lease has
-- run out, so whoever gets a row from this is alone with it: who comes second waits, and finds it not due.
update logout_notices
set lease_owner = :owner, due_at = :leased_until, attempts = attempts + 1
where id in (
    select n.id from logout_notices n
    where n.state = 'waiting' and n.due_at <= :now
    order by n.due_at, n.id limit :most
) and state = 'waiting' and due_at <= :now
returning {columns}

-- settle --
-- What came of a try. Somebody else may hold it by now, and then decides about it; but what was told is told.
update logout_notices
set state = :state, due_at = :due_at, lease_owner = null, last_error = :last_error,
    attempts = attempts - case when :tried then 0 else 1 end
where id = :id and state = 'waiting' and (lease_owner = :owner or :state = 'told')

-- next_due --
-- When there is something to do next, leases that could run out among it.
select min(due_at) as due_at from logout_notices where state = 'waiting'

-- list_notices --
-- What became of the notices about a user, the newest first.
select {columns} from logout_notices where user_id = :user_id order by created_at desc, id limit :most

-- purge_notices --
-- Forget a few of the notices that were settled before a moment.
delete from logout_notices where id in (
    select n.id from logout_notices n where n.state <> 'waiting' and n.due_at < :before limit :count
)
