-- columns --
id, identifier_digest, connection, identifier, client_id, authorization_id, send, code_digest,
code_length, key_version, max_attempts, attempts, decoy, return_to, address_digest,
created_at, code_expires_at, link_expires_at, ended_at, ended_by, opened_at

-- insert_challenge --
-- A new challenge, the newest of its identifier.
insert into challenges
    (id, identifier_digest, sequence, connection, identifier, client_id, authorization_id, send,
     code_digest, code_length, key_version, max_attempts, attempts, decoy, return_to, address_digest,
     created_at, code_expires_at, link_expires_at, ended_at, ended_by, opened_at)
values
    (:id, :identifier_digest,
     (select coalesce(max(c.sequence), 0) + 1 from challenges c where c.identifier_digest = :identifier_digest),
     :connection, :identifier, :client_id, :authorization_id, :send,
     :code_digest, :code_length, :key_version, :max_attempts, :attempts, :decoy, :return_to, :address_digest,
     :created_at, :code_expires_at, :link_expires_at, null, null, null)
returning sequence

-- supersede_older --
-- The newest `live` stay; the rest retire.
update challenges set ended_at = :now, ended_by = 'superseded'
where identifier_digest = :identifier_digest and ended_at is null
    and sequence <= (
        select c.sequence from challenges c
        where c.identifier_digest = :identifier_digest and c.ended_at is null
        order by c.sequence desc limit 1 offset :live
    )

-- hold_answerable --
-- Everything that a code could answer, held until the transaction ends: of answers that come at once, each is compared and
-- counted before the next one is.
select {columns} from challenges
where identifier_digest = :identifier_digest and ended_at is null and code_expires_at > :now and attempts < max_attempts
/*pg for update */

-- spend_attempt --
-- A wrong answer counts against everything that it was compared with.
update challenges set attempts = attempts + 1
where identifier_digest = :identifier_digest and ended_at is null and code_expires_at > :now
    and attempts < max_attempts and code_length >= :shortest

-- find_over --
-- Used, retired, voided and expired challenges of late: their codes are refused, but not counted.
select {columns} from challenges
where identifier_digest = :identifier_digest and (ended_at is not null or code_expires_at <= :now)
order by sequence desc limit 50

-- count_unanswered --
-- Challenges that are neither ended nor expired, answerable or not.
select count(*) as unanswered from challenges
where identifier_digest = :identifier_digest and ended_at is null and code_expires_at > :now

-- end_all --
-- One guarded statement ends every live challenge of the identifier; racing callers get no rows.
update challenges set ended_at = :now, ended_by = :ended_by
where identifier_digest = :identifier_digest and ended_at is null
returning id

-- void_all --
-- Nothing that was sent before this moment lets anybody in, whomever it was for.
update challenges set ended_at = :now, ended_by = 'voided' where ended_at is null

-- find_challenge --
-- One challenge by its id, for the holder of its link.
select {columns} from challenges where id = :id

-- newest_of_authorization --
-- The challenge a waiting page last caused.
select {columns} from challenges
where identifier_digest = :identifier_digest and authorization_id = :authorization_id
order by sequence desc limit 1

-- live_lengths --
-- How many digits the live codes have; they differ when a setting or the budget changed between.
select distinct code_length from challenges
where identifier_digest = :identifier_digest and ended_at is null and code_expires_at > :now

-- note_opened --
-- Something opened the link, once.
update challenges set opened_at = :now
where identifier_digest = :identifier_digest and id = :id and opened_at is null

-- spend_guess --
-- Count a wrong answer in the identifier's rolling budget.
insert into wrong_answers (identifier_digest, browser, hour_at, wrong)
values (:identifier_digest, :browser, :hour_at, 1)
on conflict (identifier_digest, browser, hour_at) do update set wrong = wrong_answers.wrong + 1

-- count_guesses --
-- Wrong answers since a day ago and since thirty days ago.
select
    cast(coalesce(sum(case when hour_at > :day_ago then wrong else 0 end), 0) as bigint) as in_a_day,
    cast(coalesce(sum(wrong), 0) as bigint) as in_a_month
from wrong_answers
where identifier_digest = :identifier_digest and browser = :browser and hour_at > :month_ago

-- purge_challenges --
-- Drop a small batch of what expired long ago.
delete from challenges where id in (
    select c.id from challenges c
    where c.link_expires_at < :before and c.code_expires_at < :before limit :count
)

-- purge_guesses --
-- Drop a small batch of hours that no budget looks at any more.
delete from wrong_answers where (identifier_digest, browser, hour_at) in (
    select w.identifier_digest, w.browser, w.hour_at from wrong_answers w where w.hour_at < :before limit :count
)
