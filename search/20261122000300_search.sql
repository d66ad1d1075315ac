-- +goose Up
-- print is a fingerprint of the words, so that a change of what is shown alone leaves the index as it is.
create table search_doc (
  project_id bigint not null,
  id bigint not null,
  kind text not null,
  ref_id bigint not null,
  perm text not null,
  title text not null,
  sub text not null,
  url text not null,
  at bigint,
  print bigint not null,
  primary key (project_id, id)
){{clustered}};
create unique index search_ref on search_doc (project_id, kind, ref_id);
create index search_perm on search_doc (project_id, perm);
-- only sqlite
create virtual table search_fts using fts5(words, content='', contentless_delete=1, detail=none,
  tokenize="ascii tokenchars '=^@._-'");
-- end only
-- only postgres
alter table search_doc add column words tsvector not null;
create index search_words on search_doc using gin (words) with (fastupdate = on, gin_pending_list_limit = 512);
-- end only
