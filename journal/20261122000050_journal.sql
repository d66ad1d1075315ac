-- +goose Up
-- One chain a lane: each entry's hash covers its own columns and the hash before it.
create table journal_lane (
  lane bigint primary key,
  seq bigint not null,
  hash text not null
);
create table journal_entry (
  lane bigint not null,
  seq bigint not null,
  project_id bigint not null,
  kind text not null,
  record_id bigint not null,
  verb text not null,
  actor_id bigint,
  actor text not null,
  at bigint not null,
  subject bigint,
  payload text not null,
  hash text not null,
  primary key (lane, seq)
){{clustered}};
create index journal_entry_record on journal_entry (project_id, kind, record_id, at);
insert into journal_lane (lane, seq, hash) values (0, 0, '');
-- only postgres
insert into journal_lane (lane, seq, hash) select n, 0, '' from generate_series(1, 15) n;
-- end only
