-- Programs that do not know this migration may go on.

-- What was asked for by name (OpenID Connect Core 5.5), for the tokens that refresh tokens bring.
alter table refresh_families add column claims text;
