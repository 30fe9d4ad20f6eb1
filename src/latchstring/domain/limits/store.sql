-- spend --
-- One use, or no row when the window is full. A window that is over starts anew.
insert into limits (key_digest, name, used, refused, window_ends_at)
values (:key_digest, :name, 1, :refused, :new_end)
on conflict (key_digest, name) do update set
    used = case when limits.window_ends_at <= :now then 1 else limits.used + 1 end,
    refused = case when limits.window_ends_at <= :now then :refused else limits.refused end,
    window_ends_at = case when limits.window_ends_at <= :now then :new_end else limits.window_ends_at end
where limits.window_ends_at <= :now or limits.used < :allowed
returning used, window_ends_at

-- lease --
-- Several uses at once, or no row where so many are not left.
insert into limits (key_digest, name, used, refused, window_ends_at)
values (:key_digest, :name, :uses, :refused, :new_end)
on conflict (key_digest, name) do update set
    used = case when limits.window_ends_at <= :now then excluded.used else limits.used + excluded.used end,
    refused = case when limits.window_ends_at <= :now then excluded.refused else limits.refused end,
    window_ends_at = case when limits.window_ends_at <= :now then excluded.window_ends_at else limits.window_ends_at end
where limits.window_ends_at <= :now or limits.used + excluded.used <= :allowed
returning window_ends_at

-- note_refusal --
-- The first refusal of a window; the ones after it change no row.
update limits set refused = :refused
where key_digest = :key_digest and name = :name and refused <> :refused

-- find_window --
-- What a key has used.
select used, window_ends_at from limits where key_digest = :key_digest and name = :name

-- give_back --
-- The use turned out to be a good one, or came to nothing.
update limits set used = used - 1
where key_digest = :key_digest and name = :name and used > 0 and window_ends_at > :now

-- end_lease --
-- What a process did not use of its lease; nothing where another window has begun.
update limits set used = used - :uses
where key_digest = :key_digest and name = :name and used >= :uses and window_ends_at = :window_ends_at

-- purge_windows --
-- Drop a small batch of windows that are over.
delete from limits where (key_digest, name) in (
    select l.key_digest, l.name from limits l where l.window_ends_at < :now limit :count
)
