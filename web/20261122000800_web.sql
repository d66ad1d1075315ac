-- +goose Up
-- What a write answered, by the key its sender gave it: a second submit gets the same answer and does nothing.
create table web_idempotency (
  actor_id bigint not null,
  key text not null,
  request text not null,
  status bigint not null,
  location text not null,
  body text not null,
  at bigint not null,
  primary key (actor_id, key)
);
create index web_idempotency_at on web_idempotency (at);
