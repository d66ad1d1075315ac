-- +goose Up
-- What went up to a role is found from the step, in the order in which it is due, as long as the duty is open: due_at is
-- the duty's while that is open, and empty afterwards.
alter table duty_step add column due_at bigint;
update duty_step set due_at = (select d.due_at from duty_duty d where d.project_id = duty_step.project_id and d.id = duty_step.duty_id and d.state = 'open');
create index duty_step_open on duty_step (project_id, role, due_at, duty_id) where due_at is not null;
drop index duty_duty_raised;
