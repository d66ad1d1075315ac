-- +goose Up
create table file_file (
  {{row}},
  owner_kind text not null,
  owner_id bigint not null,
  role text not null,
  name text not null,
  type text not null,
  size bigint not null,
  sha256 text not null,
  {{pk}}
);
create index file_owner on file_file (project_id, owner_kind, owner_id, id);
create index file_sha256 on file_file (sha256);
-- The bytes themselves, on PostgreSQL; with SQLite they are files in the data directory and these stay empty.
-- touched_at is real time: a sweep leaves alone what somebody attached lately.
create table file_blob (
  sha256 text primary key,
  size bigint not null,
  touched_at bigint not null
);
create index file_blob_touched on file_blob (touched_at);
create table file_chunk (
  sha256 text not null references file_blob (sha256) on delete cascade,
  n bigint not null,
  bytes {{blob}} not null,
  primary key (sha256, n)
);
