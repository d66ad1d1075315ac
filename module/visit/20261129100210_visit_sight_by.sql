-- +goose Up
-- What somebody saw himself: the list of those who may not read the early warnings.
create index visit_sight_by on visit_sight (project_id, by_id, id);
