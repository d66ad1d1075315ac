-- +goose Up
-- What nobody has claimed, and what went up: the two longest branches of a person's list, each read in order.
create index duty_duty_unclaimed on duty_duty (project_id, role, due_at, id) where state = 'open' and user_id is null;
create index duty_duty_raised on duty_duty (project_id, due_at, id) where state = 'open' and step > 0;
drop index duty_duty_mine;
-- The board by role and by person: a month is one range, read without the rows.
create index duty_duty_who on duty_duty (project_id, due_month, role, user_id, done_by, state, late);
