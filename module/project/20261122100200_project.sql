-- +goose Up
-- The projects themselves are the firm's rows: project_id is 1, and id is what every other table calls project_id.
create table project_project (
  {{row}},
  code text not null,
  name text not null,
  zone text not null,
  kind text not null,
  address text not null default '',
  hotline text not null default '',
  since text not null,
  {{pk}}
){{clustered}};
create unique index project_code on project_project (project_id, code);
create unique index project_name on project_project (project_id, name) where voided_at is null;
create table project_department (
  {{row}},
  name text not null,
  phone text not null default '',
  duty text not null default '',
  {{pk}}
){{clustered}};
create unique index project_department_name on project_department (project_id, name) where voided_at is null;
-- One row: the firm. offset_us moves business time, in a demonstration database only.
create table project_firm (
  id bigint primary key,
  name text not null default '',
  demo boolean not null default false,
  offset_us bigint not null default 0,
  set_up_at bigint
);
insert into project_firm (id) values (1);
