-- +goose Up
create table db_node (
  id bigint primary key,
  token text not null,
  until_at bigint not null
);
create table db_number (
  project_id bigint not null,
  kind text not null,
  month text not null,
  last bigint not null,
  primary key (project_id, kind, month)
);
-- The key under which one customer's personal data is sealed, itself sealed under the master key. Erasing a person
-- deletes the row, and with it every readable trace in the journal.
create table db_subject_key (
  project_id bigint not null,
  id bigint not null,
  sealed text not null,
  primary key (project_id, id)
);
