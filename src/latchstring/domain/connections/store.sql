-- columns --
name, settings

-- list_connections --
-- Every way in.
select {columns} from connections order by name

-- find_connection --
-- One way in.
select {columns} from connections where name = :name

-- insert_connection --
-- A first value: what is there already stays.
insert into connections (name, settings, changed_at) values (:name, :settings, :now)
on conflict (name) do nothing

-- put_connection --
-- An administrator's change.
insert into connections (name, settings, changed_at) values (:name, :settings, :now)
on conflict (name) do update set settings = excluded.settings, changed_at = excluded.changed_at
