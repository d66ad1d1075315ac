-- +goose Up
-- The stored files that go with an e-mail, by their ids.
alter table notify_outbox add column files text not null default '';
