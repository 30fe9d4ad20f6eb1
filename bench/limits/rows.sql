create table challenges (
    id text primary key,
    person text not null,
    code_digest text not null,
    expires_at bigint not null
);
create table people (
    person text primary key,
    id text not null,
    signed_in_at bigint not null
);
create table sessions (
    token_digest text primary key,
    user_id text not null,
    created_at bigint not null
);
