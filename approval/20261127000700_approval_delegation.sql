-- +goose Up
alter table approval_request add column reminded_at bigint;
alter table approval_vote add column principal bigint;
alter table approval_vote add column principal_name text not null default '';
create table approval_delegation (
  {{row}},
  principal bigint not null,
  principal_name text not null,
  delegate bigint not null,
  delegate_name text not null,
  role text not null,
  since text not null,
  until text not null,
  reason text not null,
  revoked_at bigint,
  {{pk}}
){{clustered}};
create index approval_delegation_delegate on approval_delegation (project_id, delegate, until);
create index approval_delegation_role on approval_delegation (project_id, role, until);
