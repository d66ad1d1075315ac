-- +goose Up
-- No query looks for a caller's number here (the search does); the list of one's own holds what was handed to somebody.
drop index desk_matter_phone;
drop index desk_matter_mine;
create index desk_matter_handed on desk_matter (project_id, handed_user, rank, at, id) where open and handed_user is not null;
