-- start --
-- A whole start in one statement, for PostgreSQL: what StartPasswordless does step by step with the statements of six rooms, where
-- one limit counts, the identifier's. All parts see the database as it was before; where two of them run at once for one
-- identifier, both would be the next in its sequence, the key lets one in, and the other goes step by step.
with {_guesses},
spent as (
    insert into limits (key_digest, name, used, refused, window_ends_at)
    select :limit_key, :limit_name, 1, false, :limit_end
    where not (select used_up from guesses)
        -- What is plainly used up is refused and holds nothing: a flood would make all who share its batches wait.
        and not exists (
            select 1 from limits l where l.key_digest = :limit_key and l.name = :limit_name
                and l.window_ends_at > :created_at and l.used >= :limit_count
        )
    on conflict (key_digest, name) do update set
        used = case when limits.window_ends_at <= :created_at then 1 else limits.used + 1 end,
        refused = case when limits.window_ends_at <= :created_at then false else limits.refused end,
        window_ends_at = case when limits.window_ends_at <= :created_at then excluded.window_ends_at
            else limits.window_ends_at end
    where limits.window_ends_at <= :created_at or limits.used < :limit_count
    returning true as all_spent
),
allowed as (select all_spent from spent),
{_rest}
select (select decoy from issued) as decoy, x.name as limit_name, x.window_ends_at as limit_ends_at
from guesses g left join limits x on not g.used_up and not exists (select 1 from spent)
    and x.key_digest = :limit_key and x.name = :limit_name
    -- As it was before anybody was waited for: a window that is over by now was not what refused, so it goes step by step.
    and x.window_ends_at > :created_at

-- start_within_limits --
-- The same where several limits count: the network address's beside it, or those of text messages. None of them may be spent
-- where another one is used up, so they are held and looked at first.
with {_guesses},
wanted as materialized (
    select key_digest, name, allowed, new_end
    from unnest(string_to_array(:limit_keys, ','), string_to_array(:limit_names, ','),
        cast(string_to_array(:limit_counts, ',') as bigint[]), cast(string_to_array(:limit_ends, ',') as bigint[]))
        as listed (key_digest, name, allowed, new_end)
),
-- As above: what is plainly used up holds nothing.
plainly as materialized (
    select l.name, l.window_ends_at
    from wanted w join limits l on l.key_digest = w.key_digest and l.name = w.name
    where l.window_ends_at > :created_at and l.used >= w.allowed limit 1
),
-- Windows there are, held until the commit: whoever spends from one at the same time waits, and counts what we spent.
windows as materialized (
    select l.name, l.used, l.window_ends_at, w.allowed
    from wanted w join limits l on l.key_digest = w.key_digest and l.name = w.name
    where not exists (select 1 from plainly)
    for update of l
),
exhausted as materialized (
    select name, window_ends_at from plainly
    union all
    select name, window_ends_at from windows where window_ends_at > :created_at and used >= allowed
    limit 1
),
spent as (
    insert into limits (key_digest, name, used, refused, window_ends_at)
    select key_digest, name, 1, false, new_end from wanted
    where not exists (select 1 from exhausted) and not (select used_up from guesses)
    on conflict (key_digest, name) do update set
        used = case when limits.window_ends_at <= :created_at then 1 else limits.used + 1 end,
        refused = case when limits.window_ends_at <= :created_at then false else limits.refused end,
        window_ends_at = case when limits.window_ends_at <= :created_at then excluded.window_ends_at
            else limits.window_ends_at end
    where limits.window_ends_at <= :created_at
        or limits.used < (select w.allowed from wanted w where w.key_digest = limits.key_digest and w.name = limits.name)
    returning 1
),
-- A window that somebody else opened just now may be full already: then this start is none.
allowed as materialized (
    select (select count(*) from spent) = (select count(*) from wanted) as all_spent
),
{_rest}
select (select decoy from issued) as decoy,
    (select name from exhausted) as limit_name, (select window_ends_at from exhausted) as limit_ends_at

-- _guesses --
-- Past the guess budget a code is longer: those few starts go step by step, and nothing is spent here.
guesses as materialized (
    select coalesce(sum(case when hour_at > :day_ago then wrong else 0 end), 0) >= cast(:wrong_per_day as bigint)
        or coalesce(sum(wrong), 0) >= cast(:wrong_per_month as bigint) as used_up
    from wrong_answers
    where identifier_digest = :identifier_digest and browser = :browser and hour_at > :month_ago
)

-- _rest --
-- The challenge, what it retires, its message, and the event, once every limit is spent.
person as materialized (
    select coalesce(
        (select u.blocked_at is not null from identifiers i join users u on u.id = i.user_id
            where i.identifier_digest = :identifier_digest),
        not :sign_up) as shut_out
),
issued as (
    insert into challenges
        (id, identifier_digest, sequence, connection, identifier, client_id, authorization_id, send,
         code_digest, code_length, key_version, max_attempts, attempts, decoy, return_to, address_digest,
         created_at, code_expires_at, link_expires_at, ended_at, ended_by, opened_at)
    select :id, :identifier_digest,
        (select coalesce(max(c.sequence), 0) + 1 from challenges c where c.identifier_digest = :identifier_digest),
        :connection, :identifier, :client_id, null, :send,
        case when p.shut_out then :decoy_digest else :code_digest end, :code_length, :key_version, :max_attempts, 0, p.shut_out, :return_to, :address_digest,
        :created_at, :code_expires_at, :link_expires_at, null, null, null
    from allowed a, person p where a.all_spent
    returning decoy
),
retired as (
    update challenges set ended_at = :created_at, ended_by = 'superseded'
    where identifier_digest = :identifier_digest and ended_at is null and exists (select 1 from issued)
        and sequence <= (
            select c.sequence from challenges c
            where c.identifier_digest = :identifier_digest and c.ended_at is null
            order by c.sequence desc limit 1 offset :others_live
        )
),
enqueued as (
    insert into messages
        (id, challenge_id, channel, recipient, identifier_digest, template, language, inputs, key_version,
         decoy, state, attempts, due_at, lease_owner, created_at, give_up_at, settled_at, last_error,
         provider_answer)
    select :message_id, :id, :connection, :identifier, :identifier_digest, :template, :language, :inputs, :key_version,
        i.decoy, 'queued', :attempts, :due_at, :lease_owner, :created_at, :give_up_at, null, '', ''
    from issued i
),
recorded as (
    insert into events (id, type, happened_at, user_id, client_id, identifier_digest, request_id, ip, details)
    select :event_id, :event_type, :created_at, null, :client_id, :identifier_digest, :request_id, :ip,
        case when i.decoy then :decoy_details else :details end
    from issued i
)
