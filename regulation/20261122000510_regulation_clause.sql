-- +goose Up
-- Clauses that the firm (project_id 1) or one project added to the pack. A revision is a further row of the same
-- clause from a later midnight on: March is judged by March's text.
create table regulation_clause (
  {{row}},
  clause text not null,
  from_at bigint not null,
  kind text not null,
  text text not null,
  text_en text not null,
  basis text not null,
  area text not null,
  owner text not null,
  escalate text not null,
  months bigint not null,
  day text not null,
  event text not null,
  ends text not null,
  term text not null,
  items text not null,
  {{pk}}
){{clustered}};
create unique index regulation_clause_one on regulation_clause (project_id, clause, from_at);
