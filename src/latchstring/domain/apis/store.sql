-- columns --
identifier, settings, removed_at

-- list_apis --
-- Every API there is or was.
select {columns} from apis order by identifier

-- find_api --
-- One API.
select {columns} from apis where identifier = :identifier and removed_at is null

-- insert_api --
-- A first value: what is there already, or was removed, stays as it is.
insert into apis (identifier, settings, changed_at, removed_at)
values (:identifier, :settings, :now, null)
on conflict (identifier) do nothing

-- put_api --
-- An administrator's change.
insert into apis (identifier, settings, changed_at, removed_at)
values (:identifier, :settings, :now, null)
on conflict (identifier) do update set settings = excluded.settings, changed_at = excluded.changed_at, removed_at = null

-- remove_api --
-- The name stays, so that the file does not bring the API back.
update apis set settings = '{}', changed_at = :now, removed_at = :now
where identifier = :identifier and removed_at is null
