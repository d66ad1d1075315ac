-- +goose Up
create index approval_request_state on approval_request (project_id, state, id);
