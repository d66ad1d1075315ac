-- +goose Up
-- Who was visited within a span: asked of each tenant by C19.5.
create index visit_visit_seen on visit_visit (project_id, customer_id, visit_day) where visit_day is not null;
-- The visit that is planned next, of each customer of the round.
create index visit_visit_next on visit_visit (project_id, customer_id, day, id) where open;
create index visit_meeting_state on visit_meeting (project_id, state, id);
