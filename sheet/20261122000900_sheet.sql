-- +goose Up
-- One workbook being imported. done and total are its progress; they move without a new version. summary is JSON: what
-- was found in which sheet, and the counts. failure is a core.Text as JSON.
create table sheet_batch (
  {{row}},
  name text not null,
  state text not null,
  done bigint not null default 0,
  total bigint not null default 0,
  summary text not null default '',
  failure text not null default '',
  {{pk}}
);
create index sheet_batch_recent on sheet_batch (project_id, id);
-- Staging. What people wrote is sealed under the batch's own data key, and goes when the batch is applied or discarded;
-- only refused rows and problems stay, for the workbook to correct.
create table sheet_row (
  project_id bigint not null,
  batch_id bigint not null,
  n bigint not null,
  layout text not null,
  sheet text not null,
  row_no bigint not null,
  state text not null,
  offered boolean not null,
  body text not null,
  primary key (project_id, batch_id, n)
){{clustered}};
create table sheet_stage (
  project_id bigint not null,
  batch_id bigint not null,
  n bigint not null,
  layout text not null,
  order_no bigint not null,
  row_n bigint not null,
  state text not null,
  body text not null,
  primary key (project_id, batch_id, n)
){{clustered}};
create index sheet_stage_state on sheet_stage (project_id, batch_id, state, n);
create table sheet_problem (
  project_id bigint not null,
  batch_id bigint not null,
  n bigint not null,
  severity text not null,
  body text not null,
  primary key (project_id, batch_id, n)
){{clustered}};
