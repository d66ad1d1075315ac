-- +goose Up
alter table complaint_case add column merged bigint;
create index complaint_case_merged on complaint_case (project_id, merged, id) where merged is not null;
