-- insert_request --
-- A request waits for its person to sign in.
insert into authorization_requests
    (id, browser_digest, client_id, redirect_uri, response_mode, scope, state, nonce, code_challenge,
     prompt, max_age_seconds, login_hint, expected_user_id, connection, identifier, identifier_digest,
     challenged_connection, created_at, expires_at, starts, last_start_at, session_id, completed_at,
     audience, claims, response_type, ui_locales, consented_at, consented_user_id, refused_at)
values
    (:id, :browser_digest, :client_id, :redirect_uri, :response_mode, :scope, :state, :nonce, :code_challenge,
     :prompt, :max_age_seconds, :login_hint, :expected_user_id, :connection, :identifier, :identifier_digest,
     :challenged_connection, :created_at, :expires_at, :starts, :last_start_at, :session_id, :completed_at,
     :audience, :claims, :response_type, :ui_locales, :consented_at, :consented_user_id, :refused_at)

-- find_request --
-- A request, for the browser that made it alone.
select id, browser_digest, client_id, redirect_uri, response_mode, scope, state, nonce, code_challenge,
    prompt, max_age_seconds, login_hint, expected_user_id, connection, identifier, identifier_digest,
    challenged_connection, created_at, expires_at, starts, last_start_at, session_id, completed_at,
    audience, claims, response_type, ui_locales, consented_at, consented_user_id, refused_at
from authorization_requests where id = :id and browser_digest = :browser_digest

-- note_start --
-- The person said who they are, and a message is on its way. Of two presses of one button, the
-- second finds that `starts` has moved on. The request lives as long as what was sent.
update authorization_requests
set identifier = :identifier, identifier_digest = :identifier_digest,
    challenged_connection = :challenged_connection, starts = starts + 1, last_start_at = :now,
    expires_at = case when expires_at < :lives_until then :lives_until else expires_at end
where id = :id and starts = :starts and completed_at is null and expires_at > :now

-- note_session --
-- The person signed in for this request.
update authorization_requests set session_id = :session_id
where id = :id and completed_at is null

-- note_choice --
-- The person chose to go on as who they are, and takes back whom they may have named before.
update authorization_requests
set prompt = replace(prompt, 'select_account', ''),
    identifier = null, identifier_digest = null, challenged_connection = null
where id = :id and completed_at is null and expires_at > :now

-- note_consent --
-- The person agreed.
update authorization_requests set consented_at = :now, consented_user_id = :user_id
where id = :id and completed_at is null and refused_at is null and expires_at > :now

-- note_refusal --
-- The person said no; the application hears of it when the browser comes back.
update authorization_requests set refused_at = :now
where id = :id and completed_at is null and expires_at > :now

-- complete_request --
-- The answer is given once; racing callers change no row.
update authorization_requests set completed_at = :now
where id = :id and completed_at is null and expires_at > :now

-- complete_all_requests --
-- Nobody who waits on a page gets an answer for it any more.
update authorization_requests set completed_at = :now where completed_at is null

-- insert_code --
-- A code that works once.
insert into authorization_codes
    (code_digest, client_id, redirect_uri, user_id, session_id, scope, nonce, code_challenge,
     auth_time, amr, created_at, expires_at, used_at, audience, claims)
values
    (:code_digest, :client_id, :redirect_uri, :user_id, :session_id, :scope, :nonce, :code_challenge,
     :auth_time, :amr, :created_at, :expires_at, :used_at, :audience, :claims)

-- spend_code --
-- The first use takes the code, whoever presents it; every other one gets no row.
update authorization_codes set used_at = :now
where code_digest = :code_digest and used_at is null
returning code_digest, client_id, redirect_uri, user_id, session_id, scope, nonce, code_challenge,
    auth_time, amr, created_at, expires_at, used_at, audience, claims

-- drop_unspent_codes --
-- No code that was given out before this moment is good for tokens.
delete from authorization_codes where used_at is null

-- find_code --
-- A code, spent or not.
select code_digest, client_id, redirect_uri, user_id, session_id, scope, nonce, code_challenge,
    auth_time, amr, created_at, expires_at, used_at, audience, claims
from authorization_codes where code_digest = :code_digest

-- purge_requests --
-- Drop a small batch of requests that are long over.
delete from authorization_requests
where id in (select r.id from authorization_requests r where r.expires_at < :before limit :count)

-- purge_codes --
-- Drop a small batch of codes that are long over.
delete from authorization_codes
where code_digest in (select c.code_digest from authorization_codes c where c.expires_at < :before limit :count)

-- purge_pushed_requests --
-- Drop a small batch of pushed requests that are long over.
delete from pushed_requests
where uri_digest in (select p.uri_digest from pushed_requests p where p.expires_at < :before limit :count)

-- insert_pushed_request --
-- An application pushed a request.
insert into pushed_requests (uri_digest, client_id, parameters, created_at, expires_at, used_at)
values (:uri_digest, :client_id, :parameters, :created_at, :expires_at, :used_at)

-- spend_pushed_request --
-- The first use takes it, for the client that pushed it and nobody else; every other one gets no row.
update pushed_requests set used_at = :now
where uri_digest = :uri_digest and client_id = :client_id and used_at is null and expires_at > :now
returning uri_digest, client_id, parameters, created_at, expires_at, used_at

-- drop_pushed_requests --
-- Nothing that was pushed before this moment is to be had.
delete from pushed_requests

-- insert_consent --
-- A scope is granted once.
insert into consents (user_id, client_id, audience, scope, granted_at)
values (:user_id, :client_id, :audience, :scope, :granted_at)
on conflict (user_id, client_id, audience, scope) do nothing

-- scopes_consented --
-- What a person granted an application for one audience.
select scope from consents where user_id = :user_id and client_id = :client_id and audience = :audience

-- consents_of --
-- All that a person granted, for a page of theirs.
select user_id, client_id, audience, scope, granted_at from consents
where user_id = :user_id order by client_id, audience, scope

-- withdraw_consents --
-- The person takes back what an application may.
delete from consents where user_id = :user_id and client_id = :client_id

-- forget_consents_of_user --
-- The user is gone.
delete from consents where user_id = :user_id

-- forget_consents_to_client --
-- The application was removed; another one of its name would be somebody else. Rare, so it may walk the table.
delete from consents where client_id = :client_id
