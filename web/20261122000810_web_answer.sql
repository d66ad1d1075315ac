-- +goose Up
-- What kind of answer it was (json, redirect, fragment, page or nothing), and the version that its ETag gave. A part of
-- a page is kept sealed, since it may show personal data.
alter table web_idempotency add column kind text not null default '';
alter table web_idempotency add column version bigint not null default 0;
