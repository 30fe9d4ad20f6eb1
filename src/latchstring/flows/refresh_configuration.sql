-- read_version --
-- Which state of connections and clients the database holds.
select version from configuration_version where id = 1

-- bump_version --
-- Something changed: every process reads again.
update configuration_version set version = version + 1 where id = 1
