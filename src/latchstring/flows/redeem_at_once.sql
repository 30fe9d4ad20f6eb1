-- redeem --
-- A code redeemed for an access token in one statement, for PostgreSQL: what RedeemCode does step by step with the statements of
-- seven rooms. It compares, counts and ends at once. Whoever answers at the same time waits at `held` until this commits, and then
-- sees what it left; a person whom two answers would make at once is made by one of them, and the other goes step by step.
with held as materialized (
    select id, client_id, code_digest, key_version, address_digest, max_attempts from challenges
    where identifier_digest = :identifier_digest and ended_at is null and code_expires_at > :now and attempts < max_attempts
    for update
),
-- Wrong answers as they were before anybody was waited for. Answers that came meanwhile may be missing: at most as many as
-- one of these codes bears. So near its end the budget is looked at step by step.
guesses as materialized (
    select coalesce(sum(case when hour_at > :day_ago then wrong else 0 end), 0) + (select coalesce(max(max_attempts), 0) from held)
            <= cast(:wrong_per_day as bigint)
        and coalesce(sum(wrong), 0) + (select coalesce(max(max_attempts), 0) from held)
            <= cast(:wrong_per_month as bigint) as calm
    from wrong_answers
    where identifier_digest = :identifier_digest and browser = :browser and hour_at > :month_ago
),
person as materialized (
    select u.id, u.blocked_at, u.updated_at from identifiers i join users u on u.id = i.user_id
    where i.identifier_digest = :identifier_digest
),
welcome as materialized (
    select coalesce((select blocked_at is null from person), :sign_up) as welcome
),
right_one as materialized (
    select h.id, h.address_digest from held h, guesses g, welcome w
    where g.calm and w.welcome and h.client_id = :client_id
        and h.code_digest = any (string_to_array(:answer_digests, ','))
    limit 1
),
-- Of the same person, but over: refused, and not counted.
old_one as materialized (
    select c.ended_at is null as expired from challenges c
    where c.identifier_digest = :identifier_digest and (c.ended_at is not null or c.code_expires_at <= :now)
        and c.client_id = :client_id and c.code_digest = any (string_to_array(:answer_digests, ','))
        and not exists (select 1 from right_one)
    order by c.sequence desc limit 1
),
counted as (
    update challenges set attempts = attempts + 1
    where identifier_digest = :identifier_digest and id in (select h.id from held h)
        and (select calm from guesses) and not exists (select 1 from right_one) and not exists (select 1 from old_one)
        -- Made under a key that this node has not yet: it cannot know that the answer is wrong.
        and not exists (select 1 from held h where h.key_version > :newest_key)
    returning max_attempts - attempts as attempts_left
),
guessed as (
    insert into wrong_answers (identifier_digest, browser, hour_at, wrong)
    select :identifier_digest, :browser, :hour_at, 1 where exists (select 1 from counted)
    on conflict (identifier_digest, browser, hour_at) do update set wrong = wrong_answers.wrong + 1
),
ended as (
    update challenges set ended_at = :now, ended_by = 'used'
    where identifier_digest = :identifier_digest and ended_at is null and exists (select 1 from right_one)
    returning id
),
withdrawn as (
    update messages
    set state = 'suppressed', settled_at = :now, due_at = :now, lease_owner = null, last_error = 'used'
    -- By their keys, one by one: the queue may be long.
    where state = 'queued' and id = any (array(
        select 'msg_' || e.id from ended e where e.id <> (select r.id from right_one r)
    ))
),
made as (
    insert into users (id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins)
    select :new_user_id, :now, :now, null, :now, 1
    from right_one where not exists (select 1 from person)
    returning id
),
named as (
    insert into identifiers
        (identifier_digest, connection, identifier, user_id, verified_at, created_at, browsers_known_since)
    select :identifier_digest, :connection, :identifier, m.id, :now, :now, :now from made m
),
noted as (
    update users set last_sign_in_at = :now, sign_ins = sign_ins + 1
    where id = (select p.id from person p) and exists (select 1 from right_one)
),
token as (
    insert into access_tokens
        (token_digest, client_id, user_id, session_id, code_digest, scope, created_at, expires_at, revoked_at)
    select :token_digest, :client_id, coalesce((select p.id from person p), :new_user_id), null, null, :scope, :now,
        :token_expires_at, null
    from right_one
),
recorded as (
    insert into events (id, type, happened_at, user_id, client_id, identifier_digest, request_id, ip, details)
    select :event_id, 'IdentifierVerified', cast(:now as bigint), coalesce((select p.id from person p), :new_user_id),
        :client_id, :identifier_digest, :request_id, :ip, :verified_details
    from right_one
    union all
    select :created_event_id, 'UserCreated', :now, m.id, null, :identifier_digest, :request_id, :ip, :created_details
    from made m
    union all
    select :event_id, 'ChallengeRefused', :now, null, :client_id, :identifier_digest, :request_id, :ip,
        case when (select max(c.attempts_left) from counted c) > 0 then :wrong_details else :too_many_details end
    where exists (select 1 from counted)
)
select r.id as challenge_id, r.address_digest, p.id as user_id, p.updated_at,
    e.identifier as email, e.verified_at as email_verified_at, n.identifier as phone, n.verified_at as phone_verified_at,
    (select max(c.attempts_left) from counted c) as attempts_left
from guesses g left join right_one r on true left join person p on true
    left join lateral (
        select i.identifier, i.verified_at from identifiers i
        where i.user_id = p.id and i.connection = 'email' and :wants_person order by i.created_at limit 1
    ) e on true
    left join lateral (
        select i.identifier, i.verified_at from identifiers i
        where i.user_id = p.id and i.connection = 'sms' and :wants_person order by i.created_at limit 1
    ) n on true
