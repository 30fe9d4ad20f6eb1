-- step_ahead --
-- Half of a write that changes nothing.
update configuration_version set version = version + 1 where id = 1

-- step_back --
-- The other half, in the same transaction.
update configuration_version set version = version - 1 where id = 1
