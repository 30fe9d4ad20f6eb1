-- find_standing --
-- The person behind an identifier, or nobody.
select u.id as user_id, u.blocked_at, i.browsers_known_since
from identifiers i join users u on u.id = i.user_id
where i.identifier_digest = :identifier_digest

-- insert_user --
-- The first success makes the user.
insert into users (id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins)
values (:user_id, :now, :now, null, null, 0)

-- insert_identifier --
-- Exactly one caller attaches an identifier. Another one that is as fast is refused by the key, and looks again.
insert into identifiers
    (identifier_digest, connection, identifier, user_id, verified_at, created_at, browsers_known_since)
values (:identifier_digest, :connection, :identifier, :user_id, :now, :now, :now)

-- note_sign_in --
-- The user signed in.
update users set last_sign_in_at = :now, sign_ins = sign_ins + 1 where id = :user_id

-- find_user --
-- One user by subject.
select id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins from users where id = :user_id

-- hold_user --
-- One user by subject, who is neither blocked nor removed until the transaction ends.
select id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins from users where id = :user_id
/*pg for share */

-- identifiers_of --
-- What belongs to a user.
select identifier_digest, connection, identifier, user_id, verified_at, created_at, browsers_known_since
from identifiers where user_id = :user_id order by created_at

-- list_users --
-- A page of users, newest first; `before` is the last id of the page before.
select id, created_at, updated_at, blocked_at, last_sign_in_at, sign_ins from users
where cast(:before as text) is null
    or (created_at, id) < (select created_at, id from users where id = :before)
order by created_at desc, id desc limit :count

-- hold_user_alone --
-- Wait for whoever holds the user, and let whoever comes later wait: nothing changes.
update users set sign_ins = sign_ins where id = :user_id

-- set_blocked --
-- Shut a user out, or let them in again.
update users set blocked_at = :blocked_at, updated_at = :now where id = :user_id

-- forget_browsers --
-- No browser counts as known any more.
update identifiers set browsers_known_since = :now where user_id = :user_id

-- delete_identifiers --
-- What belongs to the user goes first.
delete from identifiers where user_id = :user_id

-- delete_user --
-- The user is gone; the subject is random and will not come again.
delete from users where id = :user_id
