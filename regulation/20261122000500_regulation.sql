-- +goose Up
-- What the firm (project_id 1) or one project set over the default pack, from a midnight on. Never changed, only
-- followed by a later row: March is judged by March's text.
create table regulation_setting (
  {{row}},
  clause text not null,
  name text not null,
  value text not null,
  from_at bigint not null,
  {{pk}}
){{clustered}};
create unique index regulation_setting_one on regulation_setting (project_id, clause, name, from_at);
-- What the system refused, by clause. Written after the rollback of what was refused.
create table regulation_refusal (
  project_id bigint not null,
  id bigint not null,
  clause text not null,
  verb text not null,
  kind text not null,
  record_id bigint,
  actor_id bigint,
  actor text not null,
  why text not null,
  at bigint not null,
  month text not null,
  primary key (project_id, id)
){{clustered}};
create index regulation_refusal_month on regulation_refusal (project_id, month, clause, id);
