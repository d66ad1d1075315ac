-- +goose Up
create table approval_request (
  {{row}},
  verb text not null,
  kind text not null,
  record_id bigint not null,
  title text not null,
  title_en text not null,
  url text not null,
  clause text not null,
  input text not null,
  reason text not null,
  amount bigint not null,
  steps text not null,
  step bigint not null,
  role text not null,
  state text not null,
  requester bigint,
  requester_name text not null,
  {{pk}}
){{clustered}};
create index approval_request_waiting on approval_request (project_id, role, id) where state = 'waiting';
create index approval_request_record on approval_request (project_id, kind, record_id, id);
create table approval_vote (
  project_id bigint not null,
  id bigint not null,
  request_id bigint not null,
  step bigint not null,
  role text not null,
  yes boolean not null,
  note text not null,
  voter bigint,
  voter_name text not null,
  at bigint not null,
  primary key (project_id, id)
){{clustered}};
create index approval_vote_request on approval_vote (project_id, request_id, id);
