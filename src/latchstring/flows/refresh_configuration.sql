-- look --
-- Which state of connections, clients and signing keys the database holds, and what time it has.
-- PostgreSQL alone has a clock of its own; SQLite shows 0.
select version,
/*pg cast(extract(epoch from clock_timestamp()) * 1000 as bigint) + */ 0 as database_time
from configuration_version where id = 1

-- bump_version --
-- Something changed: every process reads again.
update configuration_version set version = version + 1 where id = 1
