-- +goose Up
-- What is to be performed is listed the newest first, open or of one state.
create index dispute_act_newest on dispute_act (project_id, id) where open;
create index dispute_act_state on dispute_act (project_id, state, id);
