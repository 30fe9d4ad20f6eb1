-- Programs that do not know this migration may go on.
-- Which history of the database the last look found, so that another server's taking over is noticed.

create table database_timeline (
    id bigint primary key check (id = 1),
    -- Empty until the first look; stays empty on SQLite, which nobody takes over from.
    timeline text not null,
    noted_at bigint not null
);
insert into database_timeline (id, timeline, noted_at) values (1, '', 0);
