-- +goose Up
-- A token opens one questionnaire: an index that says so is used without a look at what the table holds.
drop index survey_invite_token;
create unique index survey_invite_token on survey_invite (token_hash);
