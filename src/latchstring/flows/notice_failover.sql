-- read_timeline --
-- Which history the last look found.
select timeline from database_timeline where id = 1

-- note_timeline --
-- Another one is found; of all who find it at once, one row falls to one of them.
update database_timeline set timeline = :timeline, noted_at = :now
where id = 1 and timeline = :before
