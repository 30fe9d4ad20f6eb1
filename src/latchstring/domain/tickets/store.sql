-- columns --
ticket_digest, co_id, cookie_digest, verifier_digest, client_id, user_id, connection, identifier, amr,
authenticated_at, expires_at, used_at

-- insert_ticket --
-- A page got a ticket.
insert into login_tickets ({columns})
values (:ticket_digest, :co_id, :cookie_digest, :verifier_digest, :client_id, :user_id, :connection, :identifier, :amr,
    :authenticated_at, :expires_at, :used_at)

-- use_ticket --
-- Once, in time, by its client, in its browser; of racing callers one gets the row.
update login_tickets set used_at = :now
where ticket_digest = :ticket_digest and used_at is null and expires_at > :now and client_id = :client_id
    and (cookie_digest = :cookie_digest or verifier_digest = :verifier_digest)
returning {columns}

-- find_ticket --
-- A ticket, good or not.
select {columns} from login_tickets where ticket_digest = :ticket_digest

-- drop_tickets_of --
-- A user was shut out or removed.
delete from login_tickets where user_id = :user_id

-- drop_tickets --
-- Everything ends.
delete from login_tickets

-- purge_tickets --
-- Drop a small batch of what expired.
delete from login_tickets where ticket_digest in (
    select t.ticket_digest from login_tickets t where t.expires_at < :before limit :count
)
