-- columns --
id, challenge_id, channel, recipient, identifier_digest, template, language, inputs, key_version,
decoy, state, attempts, due_at, lease_owner, created_at, give_up_at, settled_at, last_error,
provider_answer

-- enqueue --
-- A new message, in the transaction of what it tells of.
insert into messages
    (id, challenge_id, channel, recipient, identifier_digest, template, language, inputs, key_version,
     decoy, state, attempts, due_at, lease_owner, created_at, give_up_at, settled_at, last_error,
     provider_answer)
values
    (:id, :challenge_id, :channel, :recipient, :identifier_digest, :template, :language, :inputs, :key_version,
     :decoy, 'queued', :attempts, :due_at, :lease_owner, :created_at, :give_up_at, null, '', '')

-- claim --
-- Take what is due, the longest waiting first. A message that somebody holds is not due until the
-- lease has run out, so whoever gets a row from this is alone with it. The choice stands inside,
-- where it is made in one go (one writer, or rows locked as they are chosen); outside, a second time,
-- it would only tempt the planner to walk the whole queue. PostgreSQL chooses for an array once; after
-- `in` it may join, choose anew for each row it meets, skip what it has just taken, and so take more
-- than it may.
update messages
set lease_owner = :owner, due_at = :leased_until, attempts = attempts + 1
where id /*pg = any(array( -- */ in (
    select m.id from messages m
    where m.state = 'queued' and m.due_at <= :now
    order by m.due_at limit :most
    /*pg for update skip locked) */
)
returning {columns}

-- renew --
-- Hold on to a message for longer; changes nothing when the lease was lost.
update messages set due_at = :leased_until
where id = :id and state = 'queued' and lease_owner = :owner

-- put_back --
-- Let go of a message that was not tried: the attempt does not count.
update messages set lease_owner = null, due_at = :due_at, attempts = attempts - 1
where id = :id and state = 'queued' and lease_owner = :owner

-- retry --
-- Let go of a message that is tried again later.
update messages set lease_owner = null, due_at = :due_at, last_error = :last_error
where id = :id and state = 'queued' and lease_owner = :owner

-- settle --
-- Bring a message to its end. Somebody else may hold it by now, and then decides about it; but what
-- was handed over is over, and the other one's next renewal finds that out. Nor does withdrawing a
-- message undo that it left just before.
update messages
set state = :state, settled_at = :now, due_at = :now, lease_owner = null,
    last_error = :last_error, provider_answer = :provider_answer
where id = :id
    and (state = 'queued' and lease_owner = :owner
        or state in ('queued', 'suppressed') and :state = 'handed_over')
returning id

-- withdraw --
-- What they tell of was ended: none leaves the house any more. Whoever holds one may be dead, and
-- its next owner would send it; alive, it stops sending when it cannot renew.
update messages
set state = 'suppressed', settled_at = :now, due_at = :now, lease_owner = null, last_error = :reason
where recipient = :recipient and state = 'queued'

-- withdraw_one --
-- The same for the one message of a challenge.
update messages
set state = 'suppressed', settled_at = :now, due_at = :now, lease_owner = null, last_error = :reason
where id = :id and state = 'queued'

-- withdraw_all --
-- The same for everything that waits to be sent.
update messages
set state = 'suppressed', settled_at = :now, due_at = :now, lease_owner = null, last_error = :reason
where state = 'queued'

-- release_claims --
-- Make everything due at once that owners of this prefix held: they are known to be gone.
update messages set lease_owner = null, due_at = :now
where state = 'queued' and substr(lease_owner, 1, length(cast(:prefix as text))) = cast(:prefix as text)

-- next_due --
-- When there is something to do next, leases that could run out among it.
select min(due_at) as due_at from messages where state = 'queued'

-- backlog --
-- How many messages wait, and since when the oldest of them does. Of a long queue only the part that is
-- due first is looked at: this is asked every few seconds, most of all when there is trouble.
select count(*) as queued, min(w.created_at) as oldest
from (
    select m.created_at from messages m where m.state = 'queued' order by m.due_at limit :most
) w

-- find_message --
-- One message by its id.
select {columns} from messages where id = :id

-- newest_state --
-- How the newest message of a channel, up to a moment, that was meant for somebody fares. Decoys and
-- withdrawn messages say nothing of the channel.
select state, last_error, created_at from messages
where channel = :channel and created_at <= :before and not decoy and state <> 'suppressed'
order by created_at desc limit 1

-- list_recent --
-- The newest messages to one recipient.
select {columns} from messages where recipient = :recipient
order by created_at desc limit :most

-- purge_settled --
-- Forget a few of the messages that were written before a moment and are settled.
delete from messages where id in (
    select m.id from messages m where m.created_at < :before and m.state <> 'queued' limit :most
)
