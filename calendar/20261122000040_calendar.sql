-- +goose Up
-- What the operator entered over the official table: the coming year's, before a release brings it, and the firm's own days.
create table calendar_day (
  day text primary key,
  work boolean not null,
  name_zh text not null,
  name_en text not null default '',
  changed_at bigint not null,
  changed_by bigint
);
