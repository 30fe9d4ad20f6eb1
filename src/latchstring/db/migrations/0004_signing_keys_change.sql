-- Programs that do not know this migration may go on.
-- Since when a signing key is in its state: published, signing, or signing no more. Keys that were made before there was such a column
-- have signed ever since.

alter table signing_keys add column changed_at bigint not null default 0;
