-- +goose Up
-- The list of one's own holds what has a technician.
drop index repair_order_mine;
create index repair_order_technician on repair_order (project_id, technician_id, rank, at, id) where open and technician_id is not null;
